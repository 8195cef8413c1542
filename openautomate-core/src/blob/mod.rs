//! Blobs: the contents of packages and the files that executions leave.

use std::fmt;
use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::error::{Error, Result};
use crate::id::{ArtifactId, ExecutionId, FileId};
use crate::package::chunk::ChunkHash;

mod object;
mod platform;
mod upload;

pub use object::ObjectBlobStore;

/// The name of a blob. Made of hashes and ids only, so that no text of a user ever becomes a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// The index of the version with this digest: a SHA-256, in lower-case hex.
    ///
    /// # Errors
    /// `Invalid` if it is not 64 lower-case hex digits.
    pub fn index(digest: &str) -> Result<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digest.len() != 64 || !digest.bytes().all(is_hex) {
            return Err(Error::invalid("blob.digest", "the digest is not 64 lower-case hex digits"));
        }
        // Spread over folders, since some file systems are slow with many files in one.
        Ok(Self(format!("indexes/{}/{digest}", &digest[..2])))
    }

    /// A packed chunk.
    #[must_use]
    pub fn chunk(hash: &ChunkHash) -> Self {
        let name = hash.to_string();
        Self(format!("chunks/{}/{name}", &name[..2]))
    }

    /// A file that an execution left.
    #[must_use]
    pub fn artifact(execution: ExecutionId, artifact: ArtifactId) -> Self {
        Self(format!("artifacts/{execution}/{artifact}"))
    }

    /// A file that somebody uploaded as an input.
    #[must_use]
    pub fn input_file(file: FileId) -> Self {
        Self(format!("inputs/{file}"))
    }

    /// The key as a relative path with `/`, for adapters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// The size in bytes.
    pub size: u64,
    /// SHA-256 of the content, in lower-case hex.
    pub sha256: String,
}

/// A blob that is being read.
pub struct BlobBody {
    /// The size in bytes.
    pub size: u64,
    /// The content. An error ends it, and what came before must not be taken for the whole.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl fmt::Debug for BlobBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobBody").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Keeps blobs.
///
/// # Contract
/// - A blob is seen whole or not at all: not while it is written (`stream::unseen_while_written`), and not after
///   a write that failed (`stream::too_large`, `stream::interrupted`). A write that is dropped leaves the whole
///   blob or none, and nothing else for long (`stream::dropped`).
/// - When `put` and `put_stream` return, the blob outlives a crash of the machine, and every server sees it
///   (`write::reopened`, `write::a_peer_sees_it`).
/// - `put` and `put_stream` under a key that exists replace it whole (`write::replaces`, `stream::replaces`), also
///   when several do so at once (`write::at_once`); one that fails leaves what was there
///   (`stream::a_failure_keeps_the_old`). A reader that began before goes on with what it began with, or fails
///   (`read::replaced_meanwhile`, `read::deleted_meanwhile`).
/// - Streams are written and read piece by piece, in memory that does not grow with them (`stream::bounded_memory`,
///   `read::in_pieces`).
/// - `delete` of what does not exist succeeds (`write::delete`).
/// - An error of the storage is `Unavailable`; it may succeed later (`storage::gone`).
#[async_trait]
pub trait BlobStore: Send + Sync + fmt::Debug + 'static {
    /// Writes a blob. Idempotent.
    async fn put(&self, key: &BlobKey, body: Bytes) -> Result<()>;

    /// Writes a blob as it comes, with bounded memory.
    ///
    /// More than `max_bytes` is `QuotaExceeded` with `blob.too_large`, and an error of `body` is
    /// `Unavailable` with `blob.interrupted`; nothing is kept of either.
    async fn put_stream(
        &self,
        key: &BlobKey,
        body: BoxStream<'_, io::Result<Bytes>>,
        max_bytes: u64,
    ) -> Result<BlobInfo>;

    /// Whether there is such a blob.
    async fn contains(&self, key: &BlobKey) -> Result<bool>;

    /// Reads a blob; `None` if there is none.
    async fn get(&self, key: &BlobKey) -> Result<Option<BlobBody>>;

    /// Removes a blob. Idempotent.
    async fn delete(&self, key: &BlobKey) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_hashes_and_ids_only() {
        let digest = "ab".repeat(32);
        assert_eq!(BlobKey::index(&digest).unwrap().as_str(), format!("indexes/ab/{digest}"));
        let chunk = BlobKey::chunk(&digest.parse().unwrap());
        assert_eq!(chunk.as_str(), format!("chunks/ab/{digest}"));
        for bad in ["", "../../etc/passwd", &"AB".repeat(32), &"g".repeat(64), &"é".repeat(32)] {
            assert!(BlobKey::index(bad).is_err(), "{bad}");
        }
        let (execution, artifact) = (ExecutionId::new(), ArtifactId::new());
        assert_eq!(
            BlobKey::artifact(execution, artifact).to_string(),
            format!("artifacts/{execution}/{artifact}")
        );
    }
}
