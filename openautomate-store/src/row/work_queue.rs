//! Work queues and their items.

use openautomate_core::domain::{ItemHolder, Lease, WorkItem, WorkQueue};
use openautomate_core::id::{EnvironmentId, ExecutionId, UserId, WorkItemId, WorkQueueId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for WorkQueue {
    table!(
        "work queue",
        "work_queues",
        [
            name,
            description,
            max_attempts,
            backoff_ms,
            auto_retry,
            lease_ms,
            unique_references,
            payload_schema,
            updated_at,
            deleted_at
        ] keeps [environment_id, created_by_id, created_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(&self.description)
            .bind(self.max_attempts)
            .bind(self.backoff_ms.cast_signed())
            .bind(self.auto_retry)
            .bind(self.lease_ms.cast_signed())
            .bind(self.unique_references)
            .bind(self.payload_schema.as_ref().map(Json))
            .bind(micros(self.updated_at))
            .bind(micros_of(self.deleted_at))
            .bind(self.environment_id.as_uuid())
            .bind(self.created_by_id.as_uuid())
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: WorkQueueId::from_uuid(columns.uuid("id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            name: columns.get("name")?,
            description: columns.get("description")?,
            max_attempts: columns.count("max_attempts")?,
            backoff_ms: columns.unsigned("backoff_ms")?,
            auto_retry: columns.get("auto_retry")?,
            lease_ms: columns.unsigned("lease_ms")?,
            unique_references: columns.get("unique_references")?,
            payload_schema: columns.json_or_none("payload_schema")?,
            created_by_id: UserId::from_uuid(columns.uuid("created_by_id")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for WorkItem {
    table!(
        "work item",
        "work_items",
        [
            payload,
            files,
            reference,
            priority,
            due_at,
            defer_until,
            available_at,
            state,
            attempts,
            lease_epoch,
            holder_execution_id,
            holder_epoch,
            holder_user_id,
            lease_until,
            output,
            error,
            parent_id,
            started_at,
            ended_at
        ] keeps [queue_id, is_unique, created_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        let statement = statement
            .bind(Json(&self.payload))
            .bind(Json(&self.files))
            .bind(self.reference.as_deref())
            .bind(self.priority)
            .bind(micros_of(self.due_at))
            .bind(micros_of(self.defer_until))
            .bind(micros(self.available_at))
            .bind(Word(self.state))
            .bind(self.attempts)
            .bind(self.lease_epoch);
        bind_holder(self.holder.as_ref(), statement)
            .bind(micros_of(self.lease_until))
            .bind(self.output.as_ref().map(Json))
            .bind(self.error.as_ref().map(Json))
            .bind(self.parent_id.map(|id| *id.as_uuid()))
            .bind(micros_of(self.started_at))
            .bind(micros_of(self.ended_at))
            .bind(self.queue_id.as_uuid())
            .bind(self.is_unique)
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: WorkItemId::from_uuid(columns.uuid("id")?),
            queue_id: WorkQueueId::from_uuid(columns.uuid("queue_id")?),
            payload: columns.json("payload")?,
            files: columns.json("files")?,
            reference: columns.get("reference")?,
            is_unique: columns.get("is_unique")?,
            priority: columns.get("priority")?,
            due_at: columns.time_or_none("due_at")?,
            defer_until: columns.time_or_none("defer_until")?,
            available_at: columns.time("available_at")?,
            state: columns.word("state")?,
            attempts: columns.count("attempts")?,
            lease_epoch: columns.count("lease_epoch")?,
            holder: read_holder(&columns)?,
            lease_until: columns.time_or_none("lease_until")?,
            output: columns.json_or_none("output")?,
            error: columns.json_or_none("error")?,
            parent_id: columns.uuid_or_none("parent_id")?.map(WorkItemId::from_uuid),
            created_at: columns.time("created_at")?,
            started_at: columns.time_or_none("started_at")?,
            ended_at: columns.time_or_none("ended_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// Binds `holder_execution_id`, `holder_epoch` and `holder_user_id`.
pub(crate) fn bind_holder(holder: Option<&ItemHolder>, statement: Statement) -> Statement {
    let lease = holder.and_then(ItemHolder::lease);
    let user = match holder {
        Some(ItemHolder::Caller { user_id }) => *user_id,
        _ => None,
    };
    statement
        .bind(lease.map(|lease| *lease.execution.as_uuid()))
        .bind(lease.map(|lease| lease.epoch))
        .bind(user.map(|user| *user.as_uuid()))
}

fn read_holder<R: Row>(columns: &Columns<'_, R>) -> Result<Option<ItemHolder>> {
    if columns.count("lease_epoch")? == 0 {
        return Ok(None);
    }
    Ok(Some(match columns.uuid_or_none("holder_execution_id")? {
        Some(execution) => ItemHolder::Execution {
            lease: Lease {
                execution: ExecutionId::from_uuid(execution),
                epoch: columns.count("holder_epoch")?,
            },
        },
        None => {
            ItemHolder::Caller { user_id: columns.uuid_or_none("holder_user_id")?.map(UserId::from_uuid) }
        }
    }))
}
