//! Blobs: the contents of packages and the files that executions leave.

use std::fmt;
use std::io;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::clock::Timestamp;
use crate::error::Result;

mod cloud;
mod key;
mod object;
mod platform;
mod probe;
pub(crate) mod retired;
mod upload;

pub use cloud::CloudOptions;
pub use key::{BlobKey, BlobName, BlobPrefix};
pub use object::ObjectBlobStore;
pub use probe::probe;

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

/// A blob that a list tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBlob {
    /// Which.
    pub name: BlobName,
    /// The size in bytes.
    pub size: u64,
    /// When the storage says that it was written, by the storage's clock; for a stream that may be when it began.
    pub written_at: Timestamp,
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
/// - `get_range` gives exactly the bytes that are asked for (`read::ranges`); a range that ends beyond the blob is
///   `Unavailable` (`read::a_range_beyond_the_end`).
/// - `list` gives each blob under a prefix once, in any order, with the size and the time of its writing
///   (`list::each_once`, `list::sizes_and_times`); what a prefix has none of is an empty list (`list::nothing`).
///   Writes that are not finished, and what else lies in the storage, are not given (`list::blobs_alone`). A blob
///   that is written or deleted meanwhile may be given or not, and does not disturb (`list::while_others_write`).
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

    /// Reads the bytes of a blob in a range that is not empty; `None` if there is no such blob.
    async fn get_range(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Bytes>>;

    /// Removes a blob. Idempotent.
    async fn delete(&self, key: &BlobKey) -> Result<()>;

    /// The blobs under a prefix. An error ends the stream, and what came before must not be taken for all.
    fn list(&self, prefix: &BlobPrefix) -> BoxStream<'static, Result<ListedBlob>>;
}
