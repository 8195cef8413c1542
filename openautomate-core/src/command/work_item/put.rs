//! Adding an item for a run.

use async_trait::async_trait;

use super::{check_reference, load_queue};
use crate::changes::{Changes, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Lease, NewItem};
use crate::error::{Error, Result};
use crate::id::{FileId, WorkItemId, WorkQueueId};
use crate::permission::Access;

/// Adds an item for a run that holds a lease. No audit entry: what a run adds is its own doing, as its log is.
#[derive(Clone, Debug)]
pub(crate) struct PutWorkItem {
    pub(crate) queue_id: WorkQueueId,
    /// Chosen by whoever asks, so that asking again adds nothing more.
    pub(crate) id: WorkItemId,
    pub(crate) lease: Lease,
    pub(crate) item: NewItem,
}

#[async_trait]
impl Command for PutWorkItem {
    type Output = ();
    const NAME: &'static str = "workItem.put";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        self.item.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let execution = context.store.execution(self.lease.execution).await?;
        let execution = execution
            .filter(|execution| execution.state.is_leased() && execution.lease() == Some(self.lease))
            .ok_or_else(Error::stale_lease)?;
        let queue = load_queue(context, self.queue_id).await?;
        if !self.item.files.is_empty() {
            let held = context.store.held_items(self.lease).await?;
            let own: Vec<FileId> = held.into_iter().flat_map(|item| item.files).collect();
            self.item.check_own_files(&own)?;
        }
        let item = self.item.build(self.id, &queue, None, context.now)?;
        check_reference(context, &queue, &item).await?;
        // The row of the execution is written at the revision that was read: the lease still holds when the item is
        // there.
        let changes = Changes::none().update(Record::Execution(Box::new(execution))).item(&item);
        Ok(Decision::new(changes, ()))
    }
}
