//! Work queues and their items.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{
    AuditEntry, IdempotencyRecord, ItemHolder, Lease, QueueBacklog, QueueStatistics, WorkItem, WorkItemState,
    WorkQueue,
};
use crate::error::{Error, ErrorKind, FieldError, Result};
use crate::id::{EnvironmentId, WorkItemId, WorkQueueId};
use crate::query::{Page, PageRequest, WorkItemFilter};

/// Somebody asks for items to work on.
#[derive(Clone, Debug)]
pub struct TakeItems {
    /// From which queue.
    pub queue_id: WorkQueueId,
    /// How many at most.
    pub limit: u32,
    /// For whom.
    pub holder: ItemHolder,
    /// The present instant.
    pub now: Timestamp,
    /// Until when the items are a caller's; an execution's are its own as long as its lease is.
    pub lease_until: Timestamp,
    /// What the audit keeps if something was taken.
    pub audit: Option<AuditEntry>,
}

/// An item of many that are added at once, without files.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedItem {
    /// The id.
    pub id: WorkItemId,
    /// The payload as JSON text.
    pub payload: String,
    /// The reference.
    pub reference: Option<String>,
    /// Higher goes first.
    pub priority: i32,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
    /// Not before this instant.
    pub defer_until: Option<Timestamp>,
}

/// Many items, added at once.
#[derive(Clone, Debug)]
pub struct AddItems {
    /// To which queue.
    pub queue_id: WorkQueueId,
    /// Whether no two items may have one reference.
    pub is_unique: bool,
    /// The items, in the order in which they are taken if nothing else tells them apart.
    pub items: Vec<PackedItem>,
    /// Whether items whose reference is taken are left out, rather than refusing all.
    pub skip_taken: bool,
    /// The present instant.
    pub now: Timestamp,
    /// The entry for all of them.
    pub audit: AuditEntry,
    /// The answer to keep for a repeated request.
    pub idempotency: Option<IdempotencyRecord>,
}

/// The error of many items that can't be added, since the reference of the one at `position` is taken. It names the
/// field `items[position]`.
#[must_use]
pub fn reference_taken(position: usize) -> Error {
    let message = "the reference is taken by another item; leave the item out, or skip what is taken";
    let field = FieldError::new(format!("items[{position}]"), message);
    Error::new(ErrorKind::Conflict, "workItem.reference", message).about(vec![field])
}

/// A change of many items by a filter.
#[derive(Clone, Debug)]
pub struct MoveItems {
    /// Of which queue.
    pub queue_id: WorkQueueId,
    /// Which; those whose state does not allow the move are left alone.
    pub filter: WorkItemFilter,
    /// `New` to reprocess them, `Deleted` to delete them.
    pub to: WorkItemState,
    /// How many at most, oldest first.
    pub limit: u32,
    /// The present instant.
    pub now: Timestamp,
    /// The entry for all of them, if there is one; its detail gets `count`.
    pub audit: AuditEntry,
}

/// Keeps work queues.
///
/// # Contract
/// - Queues and items are written by [`CommitStore::commit`](super::CommitStore::commit) like other rows
///   (`work_queue::round_trip`, `work_queue::items_round_trip`, `work_queue::references_of_rows`). The name of a queue
///   is unique in its environment among those that are not deleted, without regard to ASCII case
///   (`work_queue::names_are_unique`); the reference of an item with `is_unique` among the items of its queue with
///   `is_unique` that are not deleted, with regard to case (`work_queue::references_are_unique`): `Conflict` with
///   code `name.taken`. An update changes neither queue, `is_unique` nor the time of creation of an item, nor the
///   creator of a queue.
/// - A change of an item's state that [`check_item_transition`](crate::domain::check_item_transition) forbids is a
///   `Conflict` with code `workItem.transition`, whoever asks; an update that leaves the state is none
///   (`work_queue::every_pair_of_states`).
/// - Lists are newest first, without payloads and outputs (`work_queue::lists`).
/// - `take_items` takes items in state `New` with `available_at <= now`; highest priority first, then due date, those
///   without one last, then id, and gives them in that order (`take::take_order`). Each gets state `InProgress`,
///   one more attempt, epoch + 1, the holder, `started_at`, and `lease_until` if a caller takes it
///   (`take::take_grants`). No item is given to two takes (`take::takes_are_disjoint`). A lease of an
///   execution that is not held (see [`LeaseStore`](super::LeaseStore)) is
///   [`Error::stale_lease`](crate::Error::stale_lease) and takes nothing (`take::a_stale_lease_takes_nothing`).
///   The audit entry is kept if something was taken (`take::a_take_is_audited`). It may raise the revision of the
///   execution.
/// - When the lease of an execution ends, by `finish`, `expire` or `release` of [`LeaseStore`](super::LeaseStore), the
///   items that it holds are back in the same transaction, by [`WorkItem::fail`] with
///   [`WorkItemError::execution_ended`](crate::domain::WorkItemError::execution_ended)
///   (`take::a_finish_gives_back`, `take::a_loss_gives_back`, `take::a_release_gives_back`,
///   `take::what_was_given_back_is_stale`). So an item that an execution holds is held by a lease that is held.
/// - `expire_items` does the same to items with `lease_until < now`, the first to run out first, with
///   [`WorkItemError::lease_ran_out`](crate::domain::WorkItemError::lease_ran_out), by what the queue says
///   (`take::expires`, `take::expires_by_the_queue`).
/// - `add_items` writes all items, the audit entry and the kept answer, or nothing (`work_queue::adds_many`). If
///   references are unique, one that is there already, in the queue or earlier in the same call, refuses all with
///   [`reference_taken`], or is left out and its position told
///   (`work_queue::a_taken_reference_refuses_all`, `work_queue::a_taken_reference_is_left_out`).
/// - `move_items` does what [`WorkItem::reprocess`] and [`WorkItem::delete`] do, to items whose state allows it, with
///   the audit entry if there is one (`work_queue::moves_by_filter`, `work_queue::deletes_by_filter`). Deleted
///   items use no files any more.
/// - Every method fails with `Unavailable` if the database does not answer.
#[async_trait]
pub trait WorkQueueStore {
    /// The queue with this id, deleted or not.
    ///
    /// # Errors
    /// See the trait.
    async fn work_queue(&self, id: WorkQueueId) -> Result<Option<WorkQueue>>;

    /// The queue with this name that is not deleted.
    ///
    /// # Errors
    /// See the trait.
    async fn work_queue_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<WorkQueue>>;

    /// Queues that are not deleted, newest first; of one environment, or of all.
    ///
    /// # Errors
    /// See the trait.
    async fn work_queues(
        &self,
        environment: Option<EnvironmentId>,
        page: PageRequest,
    ) -> Result<Page<WorkQueue>>;

    /// The item with this id, deleted or not.
    ///
    /// # Errors
    /// See the trait.
    async fn work_item(&self, id: WorkItemId) -> Result<Option<WorkItem>>;

    /// Items of a queue, newest first, without payloads and outputs.
    ///
    /// # Errors
    /// See the trait.
    async fn work_items(
        &self,
        queue: WorkQueueId,
        filter: &WorkItemFilter,
        page: PageRequest,
    ) -> Result<Page<WorkItem>>;

    /// The items that a lease of an execution holds, by id (`take::held`).
    ///
    /// # Errors
    /// See the trait.
    async fn held_items(&self, lease: Lease) -> Result<Vec<WorkItem>>;

    /// Gives somebody items to work on.
    ///
    /// # Errors
    /// `StaleLease` if the holder is an execution whose lease is not held.
    async fn take_items(&self, take: TakeItems) -> Result<Vec<WorkItem>>;

    /// Takes back items whose lease ran out, at most `limit`; gives the queue of each.
    ///
    /// # Errors
    /// See the trait.
    async fn expire_items(&self, now: Timestamp, limit: u32) -> Result<Vec<WorkQueueId>>;

    /// Adds many items; gives the positions of those that were left out.
    ///
    /// # Errors
    /// `Conflict`, `Invalid` with code `reference.missing` if there is no such queue.
    async fn add_items(&self, add: AddItems) -> Result<Vec<usize>>;

    /// Moves many items; says how many.
    ///
    /// # Errors
    /// See the trait.
    async fn move_items(&self, moves: MoveItems) -> Result<u64>;

    /// How a queue does: its counts at `now`, and what ended from `since` on (`work_queue::statistics`).
    ///
    /// # Errors
    /// See the trait.
    async fn queue_statistics(
        &self,
        queue: WorkQueueId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<QueueStatistics>;

    /// What waits in a queue at an instant; no more than `most` items that can be taken are counted
    /// (`watching::backlog`).
    ///
    /// # Errors
    /// See the trait.
    async fn queue_backlog(&self, queue: WorkQueueId, now: Timestamp, most: u32) -> Result<QueueBacklog>;
}
