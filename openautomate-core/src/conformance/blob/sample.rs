//! Keys, contents and readers for cases.

use std::io;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::blob::{BlobKey, BlobStore};
use crate::error::Result;
use crate::id::{ArtifactId, ExecutionId};

pub(super) const MIB: usize = 1024 * 1024;

/// A key that nobody has.
pub(super) fn key() -> BlobKey {
    BlobKey::artifact(ExecutionId::new(), ArtifactId::new())
}

/// Bytes that tell where they stand.
pub(super) fn content(length: usize, seed: u8) -> Bytes {
    (0..length).map(|at| (at / 251) as u8 ^ (at % 251) as u8 ^ seed).collect()
}

/// A stream of some pieces.
pub(super) fn pieces(pieces: Vec<Bytes>) -> BoxStream<'static, io::Result<Bytes>> {
    stream::iter(pieces.into_iter().map(Ok)).boxed()
}

/// The whole of a blob, whose size is as told.
pub(super) async fn read(store: &dyn BlobStore, key: &BlobKey) -> Result<Option<Vec<u8>>> {
    let Some(body) = store.get(key).await? else { return Ok(None) };
    let size = body.size;
    let whole = body.stream.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let whole = whole.await?;
    assert_eq!(whole.len() as u64, size, "the size is that of the content");
    Ok(Some(whole))
}

/// Expects a blob with this content. Compared by `==`, as megabytes in a message help nobody.
#[track_caller]
pub(super) fn assert_content(read: Option<&[u8]>, expected: &[u8]) {
    match read {
        None => panic!("there is no such blob"),
        Some(read) => assert!(read == expected, "another content of {} bytes", read.len()),
    }
}
