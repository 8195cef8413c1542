//! Keeping the content of a version, and reading it back.

use std::collections::HashSet;
use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;

use super::archive::{Archive, Checked, Limits};
use super::chunk::{self, Chunk, ChunkHash};
use super::index::{self, EncodedIndex, PackageIndex};
use crate::blob::retired::restore;
use crate::blob::{BlobKey, BlobName, BlobStore};
use crate::error::{Error, Result};

/// How many chunks are written at once: most of the time goes into waiting for the disk or the network.
const PARALLEL: usize = 8;

/// An archive whose content is kept.
pub(crate) struct Kept {
    /// What was found in it.
    pub(crate) checked: Checked,
    /// The digest of the version.
    pub(crate) digest: String,
    /// The bytes of all files.
    pub(crate) content_bytes: u64,
}

/// Checks an archive whole before the first chunk is written, then writes the chunks that are not there, and
/// the index last. Idempotent. What a failure leaves behind is named by its hash and is found by the next try.
///
/// It gives up after `within`: whoever commits what it kept relies on the blob collector, which leaves alone what is
/// that young (`blob::retired`).
///
/// # Errors
/// `Invalid` with a code `package.*` for what is refused; `Unavailable` if the storage fails or takes too long.
pub(crate) async fn keep(blobs: &dyn BlobStore, archive: Bytes, within: Duration) -> Result<Kept> {
    let too_slow = |_| {
        let message = "the storage takes too long to keep the package; try again when it is faster";
        Error::unavailable("package.slow", message)
    };
    tokio::time::timeout(within, keep_all(blobs, archive)).await.map_err(too_slow)?
}

async fn keep_all(blobs: &dyn BlobStore, archive: Bytes) -> Result<Kept> {
    let (again, limits) = (archive.clone(), Limits::default());
    blocking(move || Archive::check(Cursor::new(again), &limits)).await?;
    let (sender, receiver) = mpsc::channel::<Chunk>(PARALLEL);
    let cutting = blocking(move || {
        let mut sent = HashSet::new();
        Archive::cut(Cursor::new(archive), &limits, |chunk| {
            // An error means that writing failed, which is told from there.
            let is_new = sent.insert(chunk.hash);
            if is_new { sender.blocking_send(chunk).map_err(|_| not_kept()) } else { Ok(()) }
        })
    });
    let (cut, written) = tokio::join!(cutting, write_all(blobs, receiver));
    written?;
    let (checked, index) = cut?;
    let EncodedIndex { digest, bytes } = index.encode()?;
    blobs.put(&BlobKey::index(&digest)?, bytes.into()).await?;
    Ok(Kept { checked, digest, content_bytes: index.content_bytes() })
}

async fn write_all(blobs: &dyn BlobStore, mut chunks: mpsc::Receiver<Chunk>) -> Result<()> {
    let mut writing: FuturesUnordered<BoxFuture<'_, Result<()>>> = FuturesUnordered::new();
    while let Some(chunk) = chunks.recv().await {
        if writing.len() == PARALLEL {
            writing.next().await.transpose()?;
        }
        writing.push(Box::pin(write(blobs, chunk)));
    }
    while writing.next().await.transpose()?.is_some() {}
    Ok(())
}

async fn write(blobs: &dyn BlobStore, chunk: Chunk) -> Result<()> {
    let key = BlobKey::chunk(&chunk.hash);
    if blobs.contains(&key).await? { Ok(()) } else { blobs.put(&key, chunk.packed).await }
}

/// The index of a version as it is kept, unread.
///
/// # Errors
/// `NotFound` if it is gone; `Unavailable` if the storage fails or gives more than an index may have.
pub(crate) async fn read_index(blobs: &dyn BlobStore, digest: &str) -> Result<Bytes> {
    let gone = || Error::not_found("package index", digest);
    match read(blobs, &BlobKey::index(digest)?, index::MAX_BYTES).await? {
        Some(index) => Ok(index),
        None => restore(blobs, &BlobName::Index(digest.to_owned())).await?.ok_or_else(gone),
    }
}

/// The index of a version.
///
/// # Errors
/// As [`read_index`]; `Unavailable` with `index.damaged` if the storage has changed it.
pub(crate) async fn open_index(blobs: &dyn BlobStore, digest: &str) -> Result<PackageIndex> {
    PackageIndex::decode(&read_index(blobs, digest).await?, digest, &Limits::default())
}

/// A packed chunk as it is kept, unchecked.
///
/// # Errors
/// `NotFound` if it is gone; `Unavailable` if the storage fails or gives more than a chunk may have.
pub(crate) async fn read_chunk(blobs: &dyn BlobStore, hash: &ChunkHash) -> Result<Bytes> {
    let gone = || Error::not_found("package chunk", hash);
    match read(blobs, &BlobKey::chunk(hash), chunk::MAX_PACKED_BYTES).await? {
        Some(chunk) => Ok(chunk),
        None => restore(blobs, &BlobName::Chunk(*hash)).await?.ok_or_else(gone),
    }
}

async fn read(blobs: &dyn BlobStore, key: &BlobKey, most: usize) -> Result<Option<Bytes>> {
    let Some(body) = blobs.get(key).await? else { return Ok(None) };
    let content = body.stream.try_fold(Vec::new(), |mut all, part| async move {
        if all.len() + part.len() > most {
            return Err(Error::unavailable("blob.too_large", "the storage gives more than was kept there"));
        }
        all.extend_from_slice(&part);
        Ok(all)
    });
    Ok(Some(content.await?.into()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("package.check", "checking the archive failed").with_source(error))?
}

fn not_kept() -> Error {
    Error::unavailable("package.keep", "the content of the package can't be kept; try again")
}
