//! Triggers, what they did, and what they have still to do.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{DueTrigger, Trigger, TriggerFiring};
use crate::error::Result;
use crate::id::{EnvironmentId, PackageId, TriggerId};
use crate::query::{Page, PageRequest};

/// Reads triggers. Firings are written by `CommitStore::commit`. Every method fails with `Unavailable` if the
/// database does not answer, and in no other way.
///
/// # Contract
/// - In the transaction in which an execution comes to its end, by whatever way, it becomes due for each live trigger
///   of its package and environment that waits for such an end (`trigger::an_end_is_due`,
///   `trigger::every_way_to_an_end`, `trigger::only_what_is_waited_for`).
/// - It is due until a firing of that trigger with `after` set to it is committed (`trigger::a_firing_settles`).
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
    /// Removes firings from before an instant, at most `limit`; gives how many (`trigger::prunes`). What is still due
    /// stays due.
    async fn prune_trigger_firings(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
