//! Schedules and firings.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Firing, Schedule};
use crate::error::Result;
use crate::id::{PackageId, ScheduleId};
use crate::query::{Page, PageRequest};

/// Reads schedules. Every method fails with `Unavailable` if the database does not answer, and in no other
/// way. Firings are written by `CommitStore::commit`.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ScheduleStore {
    /// The schedule with this id, deleted or not.
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>>;
    /// Schedules that are not deleted, newest first; of one package, or of all.
    async fn schedules(&self, package: Option<PackageId>, page: PageRequest) -> Result<Page<Schedule>>;
    /// Active schedules that are not deleted with `next_due <= now`, the longest due first, then by id, at
    /// most `limit`.
    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>>;
    /// The earliest `next_due` of an active schedule that is not deleted.
    async fn next_due(&self) -> Result<Option<Timestamp>>;
    /// The last firings of a schedule, latest due time first, at most `limit`.
    async fn firings(&self, schedule: ScheduleId, limit: u32) -> Result<Vec<Firing>>;
}
