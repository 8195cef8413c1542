//! Log lines that were moved from the database into a blob.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Lease, LogArchive};
use crate::error::Result;
use crate::id::{ExecutionId, LogArchiveId};

/// Attempts whose lines may be archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivableLogs {
    /// The attempts, by execution and number.
    pub leases: Vec<Lease>,
    /// The execution that was looked at last; `None` if there are no more.
    pub next: Option<ExecutionId>,
}

/// Keeps which lines are archived, and where.
///
/// # Contract
/// - `archivable_logs` looks at the executions that have lines in the database and an id greater than `after`, the least
///   first, at most `limit`; of those that ended at `ended_by` or before it gives the attempts that have lines there
///   (`log_archive::looks_for_what_has_ended`, `log_archive::looks_page_by_page`).
/// - `archive_log` takes the lines up to `last_seq` out of the database and keeps where they are now, in one
///   (`log_archive::moves_the_lines`). It does so, and says true, if the execution has ended, that many lines are stored,
///   and the archive that the attempt has is the one that it `replaces`, or none is; otherwise it changes nothing and says
///   false (`log_archive::what_moved_meanwhile_is_left`, `log_archive::of_two_archives_one_is_kept`). The number is one
///   that was the attempt's `stored_log_seq` once, so that no chunk is divided; another one may be refused or not.
/// - [`read`](super::LogStore::read) gives what is in the database alone. What the attempt says of its lines stays, and
///   lines that come later are stored after them (`log_archive::late_lines_follow`).
/// - Every field is read as it was written (`log_archive::keeps_every_field`).
#[async_trait]
pub trait LogArchiveStore {
    /// Looks for attempts to archive.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn archivable_logs(
        &self,
        after: Option<ExecutionId>,
        ended_by: Timestamp,
        limit: u32,
    ) -> Result<ArchivableLogs>;

    /// Takes lines out of the database that were written to a blob. Says whether it did.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn archive_log(&self, archive: LogArchive, replaces: Option<LogArchiveId>) -> Result<bool>;

    /// The archive of an attempt's lines, if some are archived.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn log_archive(&self, lease: Lease) -> Result<Option<LogArchive>>;

    /// The archives of an execution's attempts, in any order.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn log_archives(&self, execution: ExecutionId) -> Result<Vec<LogArchiveId>>;
}
