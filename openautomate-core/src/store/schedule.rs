//! Schedules and firings.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Execution, Firing, Schedule};
use crate::error::Result;
use crate::id::{PackageId, ScheduleId};
use crate::query::{FiringFilter, Page, PageRequest};

/// Reads schedules. Every method fails with `Unavailable` if the database does not answer, and in no other
/// way. Firings are written by `CommitStore::commit`.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ScheduleStore {
    /// The schedule with this id, deleted or not.
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>>;
    /// Schedules that are not deleted, newest first; of one package, or of all.
    async fn schedules(&self, package: Option<PackageId>, page: PageRequest) -> Result<Page<Schedule>>;
    /// Active schedules that are not deleted and whose [`next_fire`](Schedule::next_fire) has come, the longest due
    /// first, then by id, at most `limit` (`schedule::due`, `schedule::a_delay_counts`).
    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>>;
    /// The earliest [`next_fire`](Schedule::next_fire) of an active schedule that is not deleted.
    async fn next_fire(&self) -> Result<Option<Timestamp>>;
    /// Schedules that are not deleted with a due time that waits, and of whose executions none is open any more: the
    /// longest waiting first, then by id, at most `limit` (`schedule::queued`).
    async fn queued_schedules(&self, limit: u32) -> Result<Vec<Schedule>>;
    /// Whether a due time of any schedule waits.
    async fn has_queued(&self) -> Result<bool>;
    /// Firings of a schedule, latest due time first, at most `limit` (`schedule::firings`).
    async fn firings(&self, schedule: ScheduleId, filter: FiringFilter, limit: u32) -> Result<Vec<Firing>>;
    /// How many of the last executions of a schedule that ended after `since` failed or ran out of time, up to the
    /// last that succeeded; those that were cancelled are passed over. Counts to `most` (`schedule::failures`).
    async fn failures_in_a_row(
        &self,
        schedule: ScheduleId,
        since: Option<Timestamp>,
        most: u32,
    ) -> Result<u32>;
    /// Executions that schedules asked for, that never began and wait since an instant after `after` and not after
    /// `until`, the longest waiting first, at most `limit` (`schedule::not_started`).
    async fn not_started(&self, after: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Execution>>;
}
