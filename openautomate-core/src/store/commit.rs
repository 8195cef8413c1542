//! Committing what commands decided.

use async_trait::async_trait;

use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::domain::IdempotencyRecord;
use crate::error::Result;
use crate::id::UserId;

/// Commits changes and keeps answers.
///
/// # Contract
/// - `commit` writes rows in order, audit entries and the kept answer in one transaction, or nothing
///   (`commit::all_or_nothing`, `commit::a_refused_answer_takes_all_back`). It is durable when it returns
///   (`durability::commits`).
/// - An update at another revision is [`Error::stale_row`](crate::Error::stale_row) (`commit::stale_row`);
///   a missing row too (`commit::a_missing_row_is_stale`). This is looked at before anything else of the row
///   (`transition::a_stale_row_goes_first`). A stored row's revision rises by one with each update
///   (`commit::revision`).
/// - An update writes the whole row. Two things are left alone: ids, creators and times of creation; `facts`, `slots` and `last_heartbeat` of an agent, which
///   connecting and heartbeats write without raising the revision (`lease::connect_agent`). Attempts are not
///   touched.
/// - Rows are checked one by one in the order in which they are written, against the rows before them, those
///   of the same commit too (`unique::in_one_commit`, `unique::references_within_a_commit`). Which of several
///   reasons to refuse a commit is told is not defined but for the revision.
/// - A taken id or unique name is `Conflict` with code `name.taken` (`unique::*`). Unique without regard
///   to ASCII case: user name, user email, agent name, package name (each among rows that are not deleted;
///   user name and email among all rows), environment name, calendar name (`unique::calendars`),
///   (environment, asset name), (package, version number) for ever, the names of work queues and references of
///   work items as [`WorkQueueStore`](super::WorkQueueStore) says. A package has at most one deployment in an
///   environment (`unique::one_active_version`), and one rollout that waits (`unique::one_rollout_waits`). At most one
///   environment is the default; the old one gives its place up first (`unique::environments`).
///   Token hashes are unique among their kind; audit ids too.
/// - A row that names another that does not exist is `Invalid` with code `reference.missing`
///   (`unique::references_of_records` and its neighbours); a deleted row exists. The ids in an execution's
///   origin, in an audit entry and in a kept answer are history: an adapter may check them or not.
/// - A state change of an execution that [`check_transition`](crate::domain::check_transition) forbids is a
///   `Conflict` with code `execution.transition` (`transition::every_pair`, `transition::ends_are_final`),
///   whoever asks; an update that leaves the state is none.
/// - `UseFiles` replaces what the execution, the schedule or the work item used. One that is not there, or a file that is not
///   there or was removed, is `Invalid` with code `reference.missing` (`file::only_what_is_there_is_used`). An
///   update that sets `removed_at` of a file that something uses is a `Conflict` with code `file.in_use`
///   (`file::what_is_used_stays`).
/// - A calendar that a schedule names is not removed: `Conflict` with code `calendar.in_use`
///   (`schedule::a_calendar_in_use_stays`).
/// - A repeated firing is [`Error::stale_row`](crate::Error::stale_row) (`schedule::fires_once`). One in the place of
///   a skipped one is taken once (`schedule::a_skipped_one_fires_once`).
/// - A repeated idempotency key of one person is `Conflict` with code `idempotency.exists`; keys are compared
///   with regard to case (`commit::idempotency`).
#[async_trait]
pub trait CommitStore {
    /// Commits all of it or nothing.
    ///
    /// # Errors
    /// As in the contract; `Unavailable` if the database does not answer.
    async fn commit(&self, changes: Changes) -> Result<()>;

    /// The kept answer to a request.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn idempotency(&self, user: UserId, key: &str) -> Result<Option<IdempotencyRecord>>;

    /// Removes kept answers made before `before`, oldest first, at most `limit`; says how many
    /// (`commit::prune_idempotency`).
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn prune_idempotency(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
