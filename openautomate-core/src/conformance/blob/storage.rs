//! What a store says when its storage fails.

use std::fmt::Debug;

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::sample::{MIB, content, key, pieces};
use crate::blob::BlobPrefix;
use crate::conformance::fixture::BlobFixture;
use crate::error::{ErrorKind, Result};

#[track_caller]
fn assert_unavailable<T: Debug>(result: Result<T>) {
    match result {
        Ok(value) => panic!("expected an error, but it went well: {value:?}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
    }
}

/// A storage that does not answer is `Unavailable`; it is not an absent blob.
pub async fn gone<F: BlobFixture>(fixture: F) {
    let Some(store) = fixture.gone().await else { return };
    let key = key();
    let (small, large) = (Bytes::from_static(b"a"), content(6 * MIB, 1));
    // At once, as each may be tried again for a while.
    let (put, short, long, got, contained, deleted, listed) = tokio::join!(
        store.put(&key, small.clone()),
        store.put_stream(&key, pieces(vec![small]), u64::MAX),
        store.put_stream(&key, pieces(vec![large]), u64::MAX),
        store.get(&key),
        store.contains(&key),
        store.delete(&key),
        store.list(&BlobPrefix::Chunks).try_collect::<Vec<_>>(),
    );
    assert_unavailable(put);
    assert_unavailable(short);
    assert_unavailable(long);
    assert_unavailable(got);
    assert_unavailable(contained);
    assert_unavailable(deleted);
    assert_unavailable(listed);
}
