//! Work items: added, ended, renewed, put back, deleted.

mod end;
mod import;
mod new_item;
mod put;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::changes::{Changes, Event, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    FileUser, ItemHolder, NewItem, WorkItem, WorkItemState, WorkQueue, check_item_transition,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{WorkItemId, WorkQueueId};
use crate::permission::{Access, Permission};

pub use end::{EndWorkItem, ItemEnd, MAX_CHILDREN};
pub use import::{Import, MAX_IMPORT_BYTES, MAX_IMPORT_ITEMS, Rejected};
pub use new_item::MAX_PAYLOAD_BYTES;
pub(crate) use put::PutWorkItem;

use super::work_queue::load as load_queue;

/// The longest message of an error, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 8_000;

/// The error of whoever has not got the item that they speak of.
pub(crate) fn stale_item() -> Error {
    let message =
        "the item is not yours any more: its lease ran out, or its end is known already; take another";
    Error::new(ErrorKind::StaleLease, "workItem.stale", message)
}

/// An item of a queue, if it is not deleted.
async fn load(context: &CommandContext<'_>, queue: WorkQueueId, id: WorkItemId) -> Result<WorkItem> {
    let item = context.store.work_item(id).await?;
    let item = item.filter(|item| item.queue_id == queue && item.state != WorkItemState::Deleted);
    let item = item.ok_or_else(|| Error::not_found("work item", id))?;
    check_place(context, &item).await?;
    Ok(item)
}

/// Checks that the actor may do what the command does to this item; where they may to all, nothing is read.
async fn check_place(context: &CommandContext<'_>, item: &WorkItem) -> Result<()> {
    if context.is_everywhere() {
        return Ok(());
    }
    let missing = || Error::not_found("work item", item.id);
    let queue = context.store.work_queue(item.queue_id).await?.ok_or_else(missing)?;
    context.allowed_in(queue.environment_id, missing)
}

fn detail(item: &WorkItem) -> Value {
    json!({"queueId": item.queue_id, "reference": item.reference, "state": item.state})
}

impl Changes {
    /// Adds a new item, with its files.
    #[must_use]
    fn item(self, item: &WorkItem) -> Self {
        self.insert(Record::WorkItem(Box::new(item.clone())))
            .uses_if_any(FileUser::WorkItem(item.id), item.files.clone())
            .event(Event::WorkItemsAdded { queue_id: item.queue_id })
    }
}

/// Adds an item to a queue.
#[derive(Clone, Debug)]
pub struct AddWorkItem {
    /// To which queue.
    pub queue_id: WorkQueueId,
    /// What it is.
    pub item: NewItem,
}

#[async_trait]
impl Command for AddWorkItem {
    type Output = WorkItem;
    const NAME: &'static str = "workItem.add";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteWorkItems)
    }

    fn validate(&self) -> Result<()> {
        self.item.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkItem>> {
        let queue = load_queue(context, self.queue_id).await?;
        self.item.check_files(context, &[]).await?;
        let item = self.item.build(WorkItemId::new(), &queue, None, context.now)?;
        check_reference(context, &queue, &item).await?;
        let changes = Changes::none().item(&item).audited(context.audit("workItem", item.id, detail(&item)));
        Ok(Decision::new(changes, item))
    }
}

/// Refuses a reference that is taken, so that it is told by its name; the commit refuses it all the same.
async fn check_reference(context: &CommandContext<'_>, queue: &WorkQueue, item: &WorkItem) -> Result<()> {
    use crate::query::{PageRequest, WorkItemFilter};
    let Some(reference) = item.reference.clone().filter(|_| item.is_unique) else { return Ok(()) };
    let filter = WorkItemFilter { reference: Some(reference), ..WorkItemFilter::default() };
    let found = context.store.work_items(queue.id, &filter, PageRequest::new(None, 1)).await?;
    match found.items.first() {
        Some(other) => {
            let message = format!("the reference is taken by the item {}; choose another", other.id);
            Err(Error::conflict("workItem.reference", message))
        }
        None => Ok(()),
    }
}

/// Prolongs the lease of an item that the caller took: it is theirs for another lease time from now on.
#[derive(Clone, Debug)]
pub struct RenewWorkItem {
    /// Of which queue.
    pub queue_id: WorkQueueId,
    /// Which.
    pub id: WorkItemId,
    /// Under which epoch it was taken.
    pub epoch: u32,
}

#[async_trait]
impl Command for RenewWorkItem {
    type Output = WorkItem;
    const NAME: &'static str = "workItem.renew";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteWorkItems)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// No audit entry: nothing but an instant changes, as with the heartbeat of an agent.
    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkItem>> {
        let mut item = load(context, self.queue_id, self.id).await?;
        if !item.is_held(self.epoch, &ItemHolder::Caller { user_id: context.actor.user_id() }) {
            return Err(stale_item());
        }
        let queue = context.store.work_queue(item.queue_id).await?;
        let queue = queue.ok_or_else(|| Error::not_found("work queue", item.queue_id))?;
        item.lease_until = Some(lease_end(&queue, context.now));
        let changes = Changes::none().update(Record::WorkItem(Box::new(item.clone())));
        item.revision += 1;
        Ok(Decision::new(changes, item))
    }
}

/// Until when an item is a caller's who takes or renews it now.
pub(crate) fn lease_end(queue: &WorkQueue, now: crate::clock::Timestamp) -> crate::clock::Timestamp {
    now + TimeDelta::milliseconds(i64::try_from(queue.lease_ms).unwrap_or(i64::MAX / 1_000))
}

/// Puts an item that ended badly back into its queue, with all its attempts before it.
#[derive(Clone, Debug)]
pub struct ReprocessWorkItem {
    /// Of which queue.
    pub queue_id: WorkQueueId,
    /// Which.
    pub id: WorkItemId,
}

#[async_trait]
impl Command for ReprocessWorkItem {
    type Output = WorkItem;
    const NAME: &'static str = "workItem.reprocess";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteWorkItems)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkItem>> {
        load_queue(context, self.queue_id).await?;
        let mut item = load(context, self.queue_id, self.id).await?;
        if item.state == WorkItemState::InProgress {
            let message =
                "somebody works on the item; it comes back by itself, or is released by who took it";
            return Err(Error::conflict("workItem.transition", message));
        }
        check_item_transition(item.state, WorkItemState::New)?;
        let entry = context.audit("workItem", item.id, detail(&item));
        item.reprocess(context.now);
        let changes = Changes::none()
            .update(Record::WorkItem(Box::new(item.clone())))
            .audited(entry)
            .event(Event::WorkItemsAdded { queue_id: item.queue_id });
        item.revision += 1;
        Ok(Decision::new(changes, item))
    }
}

/// Deletes an item that nobody works on: payload, output and files are gone, its reference is free again.
#[derive(Clone, Debug)]
pub struct DeleteWorkItem {
    /// Of which queue.
    pub queue_id: WorkQueueId,
    /// Which.
    pub id: WorkItemId,
}

#[async_trait]
impl Command for DeleteWorkItem {
    type Output = ();
    const NAME: &'static str = "workItem.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteWorkItems)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut item = load(context, self.queue_id, self.id).await?;
        check_item_transition(item.state, WorkItemState::Deleted)?;
        let entry = context.audit("workItem", item.id, detail(&item));
        let had_files = !item.files.is_empty();
        item.delete(context.now);
        let (id, queue_id) = (item.id, item.queue_id);
        let mut changes = Changes::none()
            .update(Record::WorkItem(Box::new(item)))
            .audited(entry)
            .event(Event::WorkItemsChanged { queue_id });
        if had_files {
            changes = changes.uses(FileUser::WorkItem(id), Vec::new());
        }
        Ok(Decision::new(changes, ()))
    }
}
