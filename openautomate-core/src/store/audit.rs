//! The audit's chain.

use async_trait::async_trait;

use crate::domain::{AuditCheckpoint, AuditEntry, AuditHead};
use crate::error::Result;
use crate::query::{AuditFilter, Page, PageRequest};

/// Seals and reads audit entries. They are written by `CommitStore::commit`.
///
/// # Contract
/// - `seal` gives waiting entries, oldest id first, the numbers that follow the head and their hashes by
///   [`AuditEntry::seal_after`], and moves the head, in one transaction; two at once make one chain
///   (`audit::one_chain`).
/// - A sealed entry is never changed or removed; the database refuses it (`audit::append_only`).
/// - Entries come unsealed: a seal that a commit brings along is not stored (`audit::commits_do_not_seal`).
/// - `chain` gives sealed entries with `sequence > after` in order of sequence (`audit::chain_in_order`).
/// - `audit_entries` gives those that match every part of the filter, by id, newest first, `from` included
///   and `to` not (`audit::filters`).
/// - A checkpoint is kept as it was made first: another one of the same number changes nothing, and none is ever
///   changed or removed; the database refuses it (`audit::checkpoints`). `checkpoints` gives those with
///   `sequence > after` in order of sequence.
#[async_trait]
pub trait AuditStore {
    /// Seals at most `limit` waiting entries; says how many.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn seal(&self, limit: u32) -> Result<u64>;

    /// The end of the chain.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn audit_head(&self) -> Result<AuditHead>;

    /// Sealed entries in order, for verifying.
    ///
    /// # Errors
    /// `Internal` with the code `store.row` if one of them can't be read as an entry; `Unavailable` if the database does
    /// not answer.
    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>>;

    /// Entries, newest first, sealed or not.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn audit_entries(&self, filter: &AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>>;

    /// Keeps a checkpoint; says whether it is the first of its number.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn add_checkpoint(&self, checkpoint: &AuditCheckpoint) -> Result<bool>;

    /// Checkpoints in order.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn checkpoints(&self, after: u64, limit: u32) -> Result<Vec<AuditCheckpoint>>;

    /// The checkpoint with the highest number.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn last_checkpoint(&self) -> Result<Option<AuditCheckpoint>>;
}
