//! What a store says when its storage fails.

use std::fmt::Debug;

use bytes::Bytes;

use super::sample::{MIB, content, key, pieces};
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
    assert_unavailable(store.put(&key, Bytes::from_static(b"a")).await);
    for content in [Bytes::from_static(b"a"), content(6 * MIB, 1)] {
        assert_unavailable(store.put_stream(&key, pieces(vec![content]), u64::MAX).await);
    }
    assert_unavailable(store.get(&key).await);
    assert_unavailable(store.contains(&key).await);
    assert_unavailable(store.delete(&key).await);
}
