//! Ending the work on an item: well, with an error, or given back.

use async_trait::async_trait;
use serde_json::Value;

use super::new_item::check_size;
use super::{MAX_MESSAGE_BYTES, check_place, check_reference, detail, load_queue, stale_item};
use crate::changes::{Changes, Event, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    ChildItem, ItemErrorKind, ItemHolder, Lease, QueueRef, WorkItem, WorkItemError, WorkItemState, WorkQueue,
};
use crate::error::{Error, Result};
use crate::id::{WorkItemId, WorkQueueId};
use crate::permission::{Access, Permission};

/// The most items that one completion adds.
pub const MAX_CHILDREN: usize = 500;
const MAX_CODE_BYTES: usize = 200;

/// What became of the work on an item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemEnd {
    /// It is done.
    Complete {
        /// What came of it.
        output: Option<Value>,
        /// What is to be done next.
        children: Vec<ChildItem>,
    },
    /// It failed: by a business error for good, by an application error as the queue says.
    Fail(WorkItemError),
    /// It is given back untouched.
    Release,
}

/// Ends the work on an item: its state, its output and its child items are there in one transaction, or nothing is.
///
/// The same end again, of the same take, changes nothing and gives the item as it is.
#[derive(Clone, Debug)]
pub struct EndWorkItem {
    /// Which.
    pub id: WorkItemId,
    /// Of which queue, where the caller named one.
    pub queue_id: Option<WorkQueueId>,
    /// Under which epoch it was taken.
    pub epoch: u32,
    /// The lease of the execution that took it; `None` if the caller did.
    pub lease: Option<Lease>,
    /// What became of it.
    pub end: ItemEnd,
}

#[async_trait]
impl Command for EndWorkItem {
    type Output = WorkItem;
    const NAME: &'static str = "workItem.end";

    fn access(&self) -> Access {
        match self.lease {
            // Only the orchestrator knows which agent speaks for a lease.
            Some(_) => Access::System,
            None => Access::Permission(Permission::WriteWorkItems),
        }
    }

    fn validate(&self) -> Result<()> {
        match &self.end {
            ItemEnd::Complete { output, children } => {
                output.iter().try_for_each(|output| check_size("output", output))?;
                if children.len() > MAX_CHILDREN {
                    let message =
                        format!("holds more than {MAX_CHILDREN} items; add the others by themselves");
                    return Err(Error::invalid_field("children", message));
                }
                children.iter().enumerate().try_for_each(|(n, child)| in_child(n, child.item.validate()))
            }
            ItemEnd::Fail(error) => {
                if error.kind == ItemErrorKind::Abandoned {
                    return Err(Error::invalid_field("kind", "is neither application nor business"));
                }
                if error.message.len() > MAX_MESSAGE_BYTES {
                    let message = format!("is longer than {MAX_MESSAGE_BYTES} bytes; shorten it");
                    return Err(Error::invalid_field("message", message));
                }
                if error.code.as_ref().is_some_and(|code| code.len() > MAX_CODE_BYTES) {
                    return Err(Error::invalid_field(
                        "code",
                        format!("is longer than {MAX_CODE_BYTES} bytes"),
                    ));
                }
                Ok(())
            }
            ItemEnd::Release => Ok(()),
        }
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkItem>> {
        let item = context.store.work_item(self.id).await?;
        let item = item.filter(|item| self.queue_id.is_none_or(|queue| item.queue_id == queue));
        let mut item = item.ok_or_else(|| Error::not_found("work item", self.id))?;
        check_place(context, &item).await?;
        let holder = match self.lease {
            Some(lease) => ItemHolder::Execution { lease },
            None => ItemHolder::Caller { user_id: context.actor.user_id() },
        };
        if !item.is_held(self.epoch, &holder) {
            let is_repeated = item.is_of(self.epoch, &holder) && self.is_end_of(&item);
            return if is_repeated { Ok(Decision::unchanged(item)) } else { Err(stale_item()) };
        }
        let queue = context.store.work_queue(item.queue_id).await?;
        let queue = queue.ok_or_else(|| Error::not_found("work queue", item.queue_id))?;
        let mut changes = Changes::none();
        let action = match &self.end {
            ItemEnd::Complete { output, children } => {
                for (number, child) in children.iter().enumerate() {
                    let child = in_child(number, self.child(context, &item, &queue, child).await)?;
                    changes = changes.item(&child);
                }
                item.succeed(output.clone(), context.now);
                "workItem.complete"
            }
            ItemEnd::Fail(error) => {
                item.fail(error.clone(), &queue, context.now);
                "workItem.fail"
            }
            ItemEnd::Release => {
                item.release(context.now);
                "workItem.release"
            }
        };
        changes = changes.update(Record::WorkItem(Box::new(item.clone())));
        // What a run does to the items that it took is the items' own history.
        if self.lease.is_none() {
            changes = changes.audited(context.audit_action(action, "workItem", item.id, detail(&item)));
        }
        let queue_id = item.queue_id;
        changes = changes.event(match item.state {
            WorkItemState::New => Event::WorkItemsAdded { queue_id },
            _ => Event::WorkItemsChanged { queue_id },
        });
        item.revision += 1;
        Ok(Decision::new(changes, item))
    }
}

impl EndWorkItem {
    /// Whether an item shows this very end, of the last take.
    fn is_end_of(&self, item: &WorkItem) -> bool {
        match &self.end {
            ItemEnd::Complete { .. } => item.state == WorkItemState::Successful,
            ItemEnd::Fail(error) => {
                item.state != WorkItemState::InProgress && item.error.as_ref() == Some(error)
            }
            ItemEnd::Release => {
                let is_abandoned =
                    item.error.as_ref().is_some_and(|error| error.kind == ItemErrorKind::Abandoned);
                item.state == WorkItemState::New && !is_abandoned
            }
        }
    }

    async fn child(
        &self,
        context: &CommandContext<'_>,
        parent: &WorkItem,
        queue: &WorkQueue,
        child: &ChildItem,
    ) -> Result<WorkItem> {
        let target = match &child.queue {
            QueueRef::Id(id) => load_queue(context, *id).await?,
            QueueRef::Name(name) => {
                let found = context.store.work_queue_by_name(queue.environment_id, name).await?;
                found.ok_or_else(|| Error::invalid_field("queue", "names no queue of this environment"))?
            }
        };
        if target.environment_id != queue.environment_id {
            return Err(Error::invalid_field("queue", "is in another environment than the item"));
        }
        match self.lease {
            Some(_) => child.item.check_own_files(&parent.files)?,
            None => child.item.check_files(context, &parent.files).await?,
        }
        let built = child.item.build(WorkItemId::new(), &target, Some(parent.id), context.now)?;
        check_reference(context, &target, &built).await?;
        Ok(built)
    }
}

/// Names the child that an error is about.
fn in_child<T>(number: usize, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.field() {
        Some(field) => {
            Error::invalid_field(format!("children[{number}].{field}"), error.message().to_owned())
        }
        None => error,
    })
}
