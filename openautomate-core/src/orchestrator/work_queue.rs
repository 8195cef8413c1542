//! Work on items of queues, by people and programs: many added at once, taken, moved by a filter.

use serde_json::json;

use super::{Idempotency, Orchestrator};
use crate::changes::Event;
use crate::command::work_item::{Import, Rejected, lease_end};
use crate::domain::{AuditEntry, IdempotencyRecord, ItemHolder, WorkItem, WorkItemState, WorkQueue};
use crate::error::{Error, FieldError, Result};
use crate::id::{AuditId, WorkQueueId};
use crate::permission::{Access, Actor, Permission, authorize_somewhere, authorize_thing};
use crate::query::WorkItemFilter;
use crate::store::{AddItems, MoveItems, TakeItems};
use serde::{Deserialize, Serialize};

/// The most items that are taken at once.
pub const MAX_TAKEN: u32 = 100;
/// The most items that one call moves.
pub const MAX_MOVED: u32 = 10_000;

/// What became of many items that were added at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// How many are in the queue now.
    pub added: u64,
    /// How many lines became no item.
    pub rejected: u64,
    /// The first thousand of them: the line from 1, and what is wrong with it.
    pub rejected_lines: Vec<(u64, String)>,
}

/// Names the line of the item that an error is about.
fn at_line(import: &Import, error: Error) -> Error {
    let position =
        error.field().and_then(|field| field.strip_prefix("items[")?.strip_suffix(']')?.parse().ok());
    let Some(position) = position else { return error };
    let message = "its reference is taken by another item; leave the line out, or skip what is wrong";
    let field = FieldError::new(format!("line {}", import.line_of(position)), message);
    Error::conflict("workItem.reference", message).about(vec![field])
}

impl Orchestrator {
    /// A queue that is not deleted.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn live_queue(&self, id: WorkQueueId) -> Result<WorkQueue> {
        let queue = self.store().work_queue(id).await?.filter(|queue| queue.deleted_at.is_none());
        queue.ok_or_else(|| Error::not_found("work queue", id))
    }

    /// A queue that is not deleted, in whose environment the actor may do this.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not, `NotFound` if there is none that they may see.
    pub async fn allowed_queue(
        &self,
        actor: &Actor,
        permission: Permission,
        id: WorkQueueId,
    ) -> Result<WorkQueue> {
        authorize_somewhere(actor, Access::Permission(permission))?;
        let queue = self.live_queue(id).await?;
        let missing = || Error::not_found("work queue", id);
        authorize_thing(actor, permission, queue.environment_id, missing)?;
        Ok(queue)
    }

    fn entry(
        &self,
        actor: &Actor,
        action: &str,
        queue: WorkQueueId,
        detail: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(),
            at: self.clock().now(),
            actor: actor.to_ref(),
            action: action.to_owned(),
            object_kind: "workQueue".to_owned(),
            object_id: queue.to_string(),
            detail: actor.detail(detail),
            request_id: actor.request_id.clone(),
            ip_address: actor.ip_address.clone(),
            seal: None,
        }
    }

    /// Begins to collect items that are to be added together. With `skip`, what is wrong is left out and told.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such queue.
    pub async fn begin_import(&self, actor: &Actor, queue: WorkQueueId, skip: bool) -> Result<Import> {
        Import::new(self.allowed_queue(actor, Permission::WriteWorkItems, queue).await?, skip)
    }

    /// Adds all items that were collected, in one transaction with one audit entry.
    ///
    /// # Errors
    /// `Conflict` with code `workItem.reference` and the line, if a reference is taken and nothing is to be left out;
    /// `Invalid` with code `idempotency.mismatch` if the key came with something else before.
    pub async fn import_items(
        &self,
        actor: &Actor,
        mut import: Import,
        idempotency: Option<Idempotency>,
    ) -> Result<Imported> {
        // The queue was read before; what may be done there is known now.
        let missing = || Error::not_found("work queue", import.queue.id);
        authorize_thing(actor, Permission::WriteWorkItems, import.queue.environment_id, missing)?;
        if let Some(asked) = &idempotency
            && let Some(kept) = self.kept_answer(actor, asked).await?
        {
            return Ok(kept);
        }
        let queue_id = import.queue.id;
        let items = std::mem::take(&mut import.items);
        let (count, now) = (items.len(), self.clock().now());
        // What is left out for its reference is known only once all is written; the kept answer can't tell of it.
        let told =
            Imported { added: count as u64, rejected: import.rejected_count(), rejected_lines: Vec::new() };
        let record = idempotency.zip(actor.user_id()).map(|(asked, user_id)| {
            let output = serde_json::to_value(&told).unwrap_or_default();
            let Idempotency { key, fingerprint } = asked;
            IdempotencyRecord { user_id, key, fingerprint, output, created_at: now }
        });
        let detail = json!({"name": import.queue.name, "items": count, "rejected": import.rejected_count()});
        let add = AddItems {
            queue_id,
            is_unique: import.queue.unique_references,
            items,
            skip_taken: import.skip,
            now,
            audit: self.entry(actor, "workItem.addMany", queue_id, detail),
            idempotency: record,
        };
        let left_out = match self.store().add_items(add).await {
            Err(error) if error.code() == "workItem.reference" => return Err(at_line(&import, error)),
            added => added?,
        };
        for position in &left_out {
            let line = import.line_of(*position);
            import.reject(line, "reference is taken by another item".to_owned());
        }
        self.publish(Event::WorkItemsAdded { queue_id });
        let (rejected, lines) = import.into_rejected();
        let rejected_lines = lines.into_iter().map(|Rejected { line, message }| (line, message)).collect();
        Ok(Imported { added: (count - left_out.len()) as u64, rejected, rejected_lines })
    }

    /// Takes up to `limit` items for the actor, who ends, renews or releases each before its lease runs out.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such queue; `Invalid`, naming `limit`.
    pub async fn take_items(&self, actor: &Actor, queue: WorkQueueId, limit: u32) -> Result<Vec<WorkItem>> {
        authorize_somewhere(actor, Access::Permission(Permission::WriteWorkItems))?;
        if !(1..=MAX_TAKEN).contains(&limit) {
            return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_TAKEN}")));
        }
        let queue = self.allowed_queue(actor, Permission::WriteWorkItems, queue).await?;
        let now = self.clock().now();
        let taken = self
            .store()
            .take_items(TakeItems {
                queue_id: queue.id,
                limit,
                holder: ItemHolder::Caller { user_id: actor.user_id() },
                now,
                lease_until: lease_end(&queue, now),
                audit: Some(self.entry(actor, "workItem.take", queue.id, json!({"name": queue.name}))),
            })
            .await?;
        if !taken.is_empty() {
            self.publish(Event::WorkItemsChanged { queue_id: queue.id });
        }
        Ok(taken)
    }

    /// Puts items that ended badly back into their queue, oldest first, at most [`MAX_MOVED`]; says how many.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such queue.
    pub async fn reprocess_items(
        &self,
        actor: &Actor,
        queue: WorkQueueId,
        filter: WorkItemFilter,
    ) -> Result<u64> {
        self.move_items(actor, queue, filter, WorkItemState::New, "workItem.reprocessMany").await
    }

    /// Deletes items that nobody works on, oldest first, at most [`MAX_MOVED`]; says how many.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such queue.
    pub async fn delete_items(
        &self,
        actor: &Actor,
        queue: WorkQueueId,
        filter: WorkItemFilter,
    ) -> Result<u64> {
        self.move_items(actor, queue, filter, WorkItemState::Deleted, "workItem.deleteMany").await
    }

    async fn move_items(
        &self,
        actor: &Actor,
        queue_id: WorkQueueId,
        filter: WorkItemFilter,
        to: WorkItemState,
        action: &str,
    ) -> Result<u64> {
        let queue = self.allowed_queue(actor, Permission::WriteWorkItems, queue_id).await?;
        let detail = json!({"name": queue.name, "states": filter.states, "reference": filter.reference});
        let audit = self.entry(actor, action, queue_id, detail);
        let moves = MoveItems { queue_id, filter, to, limit: MAX_MOVED, now: self.clock().now(), audit };
        let count = self.store().move_items(moves).await?;
        if count > 0 {
            self.publish(match to {
                WorkItemState::New => Event::WorkItemsAdded { queue_id },
                _ => Event::WorkItemsChanged { queue_id },
            });
        }
        Ok(count)
    }
}
