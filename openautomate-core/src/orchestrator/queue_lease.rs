//! Work on items of queues by a run, under the lease of its execution.

use super::Orchestrator;
use crate::command::work_item::{EndWorkItem, ItemEnd, PutWorkItem};
use crate::domain::{Execution, FileUser, ItemHolder, Lease, WorkItem, WorkItemState, WorkQueue};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, FileId, WorkItemId};
use crate::permission::Actor;
use crate::store::TakeItems;
use crate::transport::AssignedFile;
use crate::transport::message::{QueueCall, QueueReply, TakenItem};

impl Orchestrator {
    /// Does what a run asks of a queue. A call that may have been done before is done once.
    ///
    /// # Errors
    /// `StaleLease` if the execution is not this agent's any more, or the item not the execution's; `NotFound` if there
    /// is no such queue; `Invalid`, naming the field.
    pub(crate) async fn queue_for_lease(
        &self,
        agent: AgentId,
        lease: Lease,
        is_repeated: bool,
        call: QueueCall,
    ) -> Result<QueueReply> {
        let execution = self.leased(agent, lease).await?;
        match call {
            QueueCall::Take { queue, holding } => {
                let queue = self.queue_named(&execution, &queue).await?;
                let item = self.take_for_run(lease, &queue, is_repeated.then_some(holding)).await?;
                Ok(QueueReply::Item { item })
            }
            QueueCall::Put { queue, id, item } => {
                let queue = self.queue_named(&execution, &queue).await?;
                // Asked for before, and the answer was lost.
                let known = if is_repeated { self.store().work_item(id).await? } else { None };
                if known.is_none_or(|known| known.queue_id != queue.id) {
                    let put = PutWorkItem { queue_id: queue.id, id, lease, item };
                    self.execute(&Actor::system(), put).await?;
                }
                Ok(QueueReply::Added { id })
            }
            QueueCall::Complete { item, epoch, output, children } => {
                self.end_for_run(lease, item, epoch, ItemEnd::Complete { output, children }).await
            }
            QueueCall::Fail { item, epoch, error } => {
                self.end_for_run(lease, item, epoch, ItemEnd::Fail(error)).await
            }
            QueueCall::Release { item, epoch } => {
                self.end_for_run(lease, item, epoch, ItemEnd::Release).await
            }
        }
    }

    async fn end_for_run(
        &self,
        lease: Lease,
        id: WorkItemId,
        epoch: u32,
        end: ItemEnd,
    ) -> Result<QueueReply> {
        let command = EndWorkItem { id, queue_id: None, epoch, lease: Some(lease), end };
        self.execute(&Actor::system(), command).await?;
        Ok(QueueReply::Done)
    }

    /// A queue of the environment in which an execution runs.
    async fn queue_named(&self, execution: &Execution, name: &str) -> Result<WorkQueue> {
        let queue = self.store().work_queue_by_name(execution.environment_id, name).await?;
        queue.ok_or_else(|| {
            let message =
                "there is no queue with this name in the execution's environment; make it or mend the name";
            Error::new(ErrorKind::NotFound, "workQueue.unknown", message)
        })
    }

    /// The next item for a run. If it asks again, since the answer was lost, that is the one which it was given and knows
    /// nothing of; `holding` are those that it knows.
    async fn take_for_run(
        &self,
        lease: Lease,
        queue: &WorkQueue,
        holding: Option<Vec<WorkItemId>>,
    ) -> Result<Option<Box<TakenItem>>> {
        if let Some(holding) = holding {
            let held = self.store().held_items(lease).await?;
            let unknown = |item: &WorkItem| item.queue_id == queue.id && !holding.contains(&item.id);
            if let Some(item) = held.into_iter().find(unknown) {
                return self.told(queue, item).await.map(Some);
            }
        }
        let now = self.clock().now();
        let take = TakeItems {
            queue_id: queue.id,
            limit: 1,
            holder: ItemHolder::Execution { lease },
            now,
            lease_until: now,
            audit: None,
        };
        let Some(item) = self.store().take_items(take).await?.pop() else { return Ok(None) };
        self.publish(crate::changes::Event::WorkItemsChanged { queue_id: queue.id });
        self.told(queue, item).await.map(Some)
    }

    async fn told(&self, queue: &WorkQueue, item: WorkItem) -> Result<Box<TakenItem>> {
        let files = match item.files.is_empty() {
            true => Vec::new(),
            false => self.store().files_used(FileUser::WorkItem(item.id)).await?,
        };
        let assigned = |file: crate::domain::InputFile| AssignedFile {
            pointer: String::new(),
            id: file.id,
            name: file.name,
            size: file.size,
            sha256: file.sha256,
        };
        Ok(Box::new(TakenItem {
            id: item.id,
            epoch: item.lease_epoch,
            queue: queue.name.clone(),
            payload: item.payload,
            files: files.into_iter().map(assigned).collect(),
            reference: item.reference,
            priority: item.priority,
            due_at: item.due_at,
            attempt: item.attempts,
            max_attempts: queue.max_attempts,
        }))
    }

    /// Whether a file belongs to an item that a lease holds.
    pub(super) async fn is_of_held_item(&self, lease: Lease, file: FileId) -> Result<bool> {
        let held = self.store().held_items(lease).await?;
        Ok(held.iter().any(|item| item.state == WorkItemState::InProgress && item.files.contains(&file)))
    }
}
