//! Copies of indexes and chunks that nothing seemed to need, and how they come back.
//!
//! Indexes and chunks are named by their content, so a publish may rely on one that is there already while the
//! collector is about to remove it, and no object service lets a delete depend on nobody having looked. So the
//! collector never just deletes one. It writes a copy under a name of its own, deletes, and removes the copy when
//! every publish that may have relied on the original has long been committed or given up. Until then whoever
//! misses the original finds the copy and puts it back.
//!
//! **Invariant:** if a version is committed, each blob that it needs is in its place or has a copy.
//!
//! Let a publish see or write a blob at *s* and commit at *c*. It gives up when more than half of the grace
//! period has passed in between, by the monotonic clock and by the wall clock, so *c* − *s* is at most that and the
//! time of one transaction. Take the last delete of the
//! blob that takes effect after *s* (if there is none the blob is in its place). The deleter wrote a copy at *w*,
//! before, and less than [`RETIRE_WITHIN`] and one request earlier, or it would not have deleted; so *w* > *s* less
//! that. The copy has a name that is never used again, so only the collector removes it, in a round that took its
//! time *t* first, found the copy older than the grace period (*w* < *t* − grace), and only then asked the
//! database which versions there are. So *c* < *t* − grace / 2 plus the small times above: the version was
//! committed before the question, and versions are never removed. The collector therefore knows that the blob is
//! needed, and removes the copy only after it has seen to it that the blob is in its place, where no earlier
//! delete can reach it any more.
//!
//! The clocks of the storage and of the servers enter only into the comparison of *w* with *t*, and may differ by
//! hours: by half of the grace period less the small times.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use uuid::Uuid;

use super::{BlobName, BlobPrefix, BlobStore};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// How long writing a copy may take for its original still to be deleted.
pub(crate) const RETIRE_WITHIN: Duration = Duration::from_secs(300);
/// No index and no packed chunk is larger, in bytes.
const MOST_BYTES: usize = 17 * 1024 * 1024;
/// A copy may be put back by somebody else and removed between two looks.
const LOOKS: usize = 3;

/// Replaces an index or a chunk by a copy. Says whether it did.
pub(crate) async fn retire(blobs: &dyn BlobStore, name: &BlobName, clock: &dyn Clock) -> Result<bool> {
    let (begun, begun_at) = (Instant::now(), clock.now());
    let Some(content) = content(blobs, name).await? else { return Ok(false) };
    let copy = BlobName::Retired { of: Box::new(name.clone()), id: Uuid::now_v7() };
    blobs.put(&copy.key(), content).await?;
    // By both clocks: one stands still while the machine sleeps, the other may be set.
    let by_the_wall = (clock.now() - begun_at).abs().to_std().unwrap_or_default();
    if begun.elapsed().max(by_the_wall) > RETIRE_WITHIN {
        // There is a copy too many now, which goes like any other.
        return Ok(false);
    }
    blobs.delete(&name.key()).await?;
    Ok(true)
}

/// Puts an index or a chunk that is missing back from a copy, if there is one, and gives it.
pub(crate) async fn restore(blobs: &dyn BlobStore, name: &BlobName) -> Result<Option<Bytes>> {
    for _ in 0..LOOKS {
        let mut copies = blobs.list(&BlobPrefix::RetiredOf(name.clone()));
        let mut found = false;
        while let Some(copy) = copies.try_next().await? {
            found = true;
            if let Some(content) = content(blobs, &copy.name).await? {
                blobs.put(&name.key(), content.clone()).await?;
                return Ok(Some(content));
            }
        }
        // Whoever removes a copy of what is needed puts it back first.
        if let Some(content) = content(blobs, name).await? {
            return Ok(Some(content));
        }
        if !found {
            return Ok(None);
        }
    }
    Err(Error::unavailable("blob.restore", "a part of a package is being put back into its place; try again"))
}

/// The whole of a small blob.
async fn content(blobs: &dyn BlobStore, name: &BlobName) -> Result<Option<Bytes>> {
    let Some(mut body) = blobs.get(&name.key()).await? else { return Ok(None) };
    let mut whole = Vec::new();
    while let Some(piece) = body.stream.try_next().await? {
        if whole.len() + piece.len() > MOST_BYTES {
            return Err(Error::unavailable("blob.too_large", "the storage gives more than was kept there"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Some(whole.into()))
}

#[cfg(test)]
mod tests {
    use super::super::ObjectBlobStore;
    use super::*;
    use crate::clock::SystemClock;
    use crate::package::chunk::ChunkHash;

    #[tokio::test]
    async fn what_was_retired_comes_back() {
        let blobs = ObjectBlobStore::memory();
        let name = BlobName::Chunk(ChunkHash::of(b"a"));
        assert!(!retire(&blobs, &name, &SystemClock).await.unwrap());
        assert_eq!(restore(&blobs, &name).await.unwrap(), None);
        blobs.put(&name.key(), Bytes::from_static(b"packed")).await.unwrap();
        assert!(retire(&blobs, &name, &SystemClock).await.unwrap());
        assert!(!blobs.contains(&name.key()).await.unwrap());
        assert_eq!(restore(&blobs, &name).await.unwrap().unwrap(), "packed");
        assert!(blobs.contains(&name.key()).await.unwrap());
    }
}
