//! Uploaded files, and what uses them.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{FileUser, InputFile};
use crate::error::Result;
use crate::id::FileId;

/// Reads uploaded files and removes those that nothing needs any more.
///
/// # Contract
/// - `files_used` gives each file once, by id (`file::uses`, `file::uses_are_replaced`).
/// - `expire_files` sets `removed_at` of files that are not removed, expired before `now` and are used by
///   nothing (`file::expires_unused`). Its answer holds those and the ones that were removed before, by id, at most
///   `limit` (`file::expires_in_batches`): whose content is gone is then forgotten.
/// - `forget_files` removes the rows of removed files, and leaves the others (`file::forgets_removed_ones`).
/// - Every method fails with `Unavailable` if the database does not answer, and in no other way.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait FileStore {
    /// The file with this id, removed or not.
    async fn file(&self, id: FileId) -> Result<Option<InputFile>>;
    /// The files that an execution, a schedule or a work item uses.
    async fn files_used(&self, user: FileUser) -> Result<Vec<InputFile>>;
    /// Takes files that nothing needs out of use; gives those whose content is to be removed.
    async fn expire_files(&self, now: Timestamp, limit: u32) -> Result<Vec<FileId>>;
    /// Forgets files that were removed.
    async fn forget_files(&self, files: &[FileId]) -> Result<()>;
}
