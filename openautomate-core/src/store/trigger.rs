//! Triggers, what they did, and what they have still to do.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{DueTrigger, Trigger, TriggerFiring, TriggerWatch, TurnState, WatchKind};
use crate::error::Result;
use crate::id::{EnvironmentId, PackageId, TriggerId};
use crate::query::{Page, PageRequest};

/// Reads triggers. Firings are written by `CommitStore::commit`. Every method fails with `Unavailable` if the
/// database does not answer, and in no other way than it says.
///
/// # Contract
/// - In the transaction in which an execution comes to its end, by whatever way, it becomes due for each live trigger
///   of its package and environment that waits for such an end (`trigger::an_end_is_due`,
///   `trigger::every_way_to_an_end`, `trigger::only_what_is_waited_for`).
/// - It is due until a firing of that trigger with `after` set to it is committed (`trigger::a_firing_settles`).
/// - A turn ([`Write::TakeTurn`](crate::changes::Write::TakeTurn)) is committed if its number is one more than that of
///   the trigger's last, or 1 if there was none; any other is [`Error::stale_row`](crate::Error::stale_row)
///   (`watching::turns`, `watching::two_servers_take_one_turn`). Its executions are counted until they end
///   (`watching::open_executions`), whatever becomes of its firings.
/// - A second firing of a trigger with the same key is [`Error::stale_row`](crate::Error::stale_row)
///   (`trigger::fires_once`, `trigger::two_servers_fire_once`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait TriggerStore {
    /// The trigger with this id, deleted or not (`trigger::round_trip`).
    async fn trigger(&self, id: TriggerId) -> Result<Option<Trigger>>;
    /// Triggers that are not deleted, newest first; of one package, or of all (`trigger::pages`).
    async fn triggers(&self, package: Option<PackageId>, page: PageRequest) -> Result<Page<Trigger>>;
    /// Triggers that are not deleted and wait for executions of this package in this environment, oldest first
    /// (`trigger::followers`).
    async fn triggers_after(&self, package: PackageId, environment: EnvironmentId) -> Result<Vec<Trigger>>;
    /// The firing of a trigger with this key (`trigger::fires_once`).
    async fn trigger_firing(&self, trigger: TriggerId, key: &str) -> Result<Option<TriggerFiring>>;
    /// The last firings of a trigger, latest first, at most `limit` (`trigger::history`).
    async fn trigger_firings(&self, trigger: TriggerId, limit: u32) -> Result<Vec<TriggerFiring>>;
    /// What is due, oldest execution first, then by trigger, at most `limit` (`trigger::an_end_is_due`).
    async fn due_triggers(&self, limit: u32) -> Result<Vec<DueTrigger>>;
    /// The triggers that fire and for which this has to be looked at, oldest first (`watching::watched`).
    async fn watched_triggers(&self, kind: WatchKind) -> Result<Vec<Trigger>>;
    /// How far a trigger is with its turns; `None` before the first (`watching::turns`). Number and count are of one
    /// instant.
    async fn trigger_turn(&self, trigger: TriggerId) -> Result<Option<TurnState>>;
    /// How many firings of a trigger there were from `since` on; no more than `most` are counted
    /// (`trigger::counts_firings`).
    async fn count_trigger_firings(&self, trigger: TriggerId, since: Timestamp, most: u32) -> Result<u32>;
    /// Notes what an agent says of a trigger's folder, in the place of what it said before (`watching::watches`).
    /// `Invalid` with code `reference.missing` if there is no such trigger or agent.
    async fn note_watch(&self, watch: TriggerWatch) -> Result<()>;
    /// What agents said last of a trigger's folder, by agent (`watching::watches`).
    async fn trigger_watches(&self, trigger: TriggerId) -> Result<Vec<TriggerWatch>>;
    /// Removes firings from before an instant, at most `limit`; gives how many (`trigger::prunes`). What is still due
    /// stays due.
    async fn prune_trigger_firings(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
