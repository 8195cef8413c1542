//! Work queues and their items.

use std::collections::HashSet;

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{
    ItemHolder, Lease, QueueBacklog, QueueStatistics, WorkItem, WorkItemError, WorkItemState, WorkQueue,
};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::{EnvironmentId, WorkItemId, WorkQueueId};
use openautomate_core::query::{Page, PageRequest, WorkItemFilter};
use openautomate_core::store::{AddItems, MoveItems, PackedItem, TakeItems, WorkQueueStore};
use uuid::Uuid;

use super::SqliteStore;
use super::group_commit::Operation;
use super::insert::{insert_answer, insert_entry};
use crate::driver::{Columns, Connection, Json, Pool, micros, micros_of, query};
use crate::error::Result;
use crate::row::bind_holder;
use crate::table::{Table, all, one, page};
use crate::work_item::{
    available_at, backlog, give_back, in_order, left_out, move_statement, page_statement, statistics,
};

/// How many items one statement writes.
const CHUNK: usize = 1_000;

#[async_trait]
impl<P: Pool> WorkQueueStore for SqliteStore<P> {
    async fn work_queue(&self, id: WorkQueueId) -> CoreResult<Option<WorkQueue>> {
        Ok(one(query("SELECT * FROM work_queues WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn work_queue_by_name(
        &self,
        environment: EnvironmentId,
        name: &str,
    ) -> CoreResult<Option<WorkQueue>> {
        const SELECT: &str =
            "SELECT * FROM work_queues WHERE environment_id = ? AND name = ? AND deleted_at IS NULL";
        Ok(one(query(SELECT).bind(environment.as_uuid()).bind(name), &self.readers).await?)
    }

    async fn work_queues(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> CoreResult<Page<WorkQueue>> {
        const OF_ALL: &str =
            "SELECT * FROM work_queues WHERE deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ? + 0";
        const OF_ENVIRONMENT: &str = "SELECT * FROM work_queues
            WHERE environment_id = ? AND deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ? + 0";
        let statement = match environment {
            Some(environment) => query(OF_ENVIRONMENT).bind(environment.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.readers).await?)
    }

    async fn work_item(&self, id: WorkItemId) -> CoreResult<Option<WorkItem>> {
        Ok(one(query("SELECT * FROM work_items WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn work_items(
        &self,
        queue: WorkQueueId,
        filter: &WorkItemFilter,
        request: PageRequest,
    ) -> CoreResult<Page<WorkItem>> {
        let items = all::<WorkItem>(page_statement(queue, filter, request), &self.readers).await?;
        Ok(Page::from_overfetch(items, request.limit, |item| *item.id.as_uuid()))
    }

    async fn held_items(&self, lease: Lease) -> CoreResult<Vec<WorkItem>> {
        const SELECT: &str = "SELECT * FROM work_items
            WHERE state = 'InProgress' AND holder_execution_id = ? AND holder_epoch = ? ORDER BY id";
        let select = query(SELECT).bind(lease.execution.as_uuid()).bind(lease.epoch);
        Ok(all(select, &self.readers).await?)
    }

    async fn take_items(&self, take: TakeItems) -> CoreResult<Vec<WorkItem>> {
        self.writer.commit(Take(take)).await
    }

    async fn expire_items(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<WorkQueueId>> {
        self.writer.commit(ExpireItems { now, limit }).await
    }

    async fn add_items(&self, add: AddItems) -> CoreResult<Vec<usize>> {
        self.writer.commit(Add(add)).await
    }

    async fn move_items(&self, moves: MoveItems) -> CoreResult<u64> {
        self.writer.commit(Move(moves)).await
    }

    async fn queue_statistics(
        &self,
        queue: WorkQueueId,
        since: Timestamp,
        now: Timestamp,
    ) -> CoreResult<QueueStatistics> {
        Ok(statistics(queue, since, now, || &self.readers).await?)
    }

    async fn queue_backlog(&self, queue: WorkQueueId, now: Timestamp, most: u32) -> CoreResult<QueueBacklog> {
        Ok(backlog(queue, now, most, &self.readers).await?)
    }
}

struct Take(TakeItems);

impl Operation for Take {
    type Output = Vec<WorkItem>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<WorkItem>> {
        const HELD: &str =
            "SELECT 1 FROM executions WHERE id = ? AND lease_epoch = ? AND state IN ('Assigned', 'Running')";
        const TAKE: &str = "UPDATE work_items SET state = 'InProgress', attempts = attempts + 1,
                lease_epoch = lease_epoch + 1, holder_execution_id = ?1, holder_epoch = ?2, holder_user_id = ?3,
                lease_until = ?4, started_at = ?5, revision = revision + 1
            WHERE id IN (
                SELECT id FROM work_items INDEXED BY work_items_take
                WHERE state = 'New' AND queue_id = ?6 AND available_at <= ?5
                ORDER BY priority DESC, coalesce(due_at, 9223372036854775807), id LIMIT ?7 + 0)
            RETURNING *";
        let take = self.0;
        if let Some(lease) = take.holder.lease() {
            let held = query(HELD).bind(lease.execution.as_uuid()).bind(lease.epoch);
            if held.fetch_optional(&mut *connection).await?.is_none() {
                return Err(CoreError::stale_lease().into());
            }
        }
        let lease_until = match take.holder {
            ItemHolder::Execution { .. } => None,
            ItemHolder::Caller { .. } => Some(take.lease_until),
        };
        let rows = bind_holder(Some(&take.holder), query(TAKE))
            .bind(micros_of(lease_until))
            .bind(micros(take.now))
            .bind(take.queue_id.as_uuid())
            .bind(take.limit)
            .fetch_all(&mut *connection)
            .await?;
        let taken: Vec<WorkItem> = rows.iter().map(WorkItem::read).collect::<Result<_>>()?;
        if let Some(entry) = take.audit.filter(|_| !taken.is_empty()) {
            insert_entry(&entry, connection).await?;
        }
        Ok(in_order(taken))
    }
}

struct ExpireItems {
    now: Timestamp,
    limit: u32,
}

impl Operation for ExpireItems {
    type Output = Vec<WorkQueueId>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<WorkQueueId>> {
        const EXPIRE: &str = give_back!(
            " WHERE q.id = queue_id AND work_items.id IN (
                SELECT id FROM work_items WHERE lease_until < $3 ORDER BY lease_until, id LIMIT $4 + 0)
            RETURNING queue_id"
        );
        let expire = query(EXPIRE)
            .bind(micros(self.now))
            .bind(Json(WorkItemError::lease_ran_out()))
            .bind(micros(self.now))
            .bind(i64::from(self.limit));
        let rows = expire.fetch_all(connection).await?;
        rows.iter()
            .map(|row| Columns::of(row, "work item").uuid("queue_id").map(WorkQueueId::from_uuid))
            .collect()
    }
}

/// Gives back whatever a lease that ended held.
pub(super) async fn give_back_items(
    lease: Lease,
    now: Timestamp,
    connection: &mut impl Connection,
) -> Result<()> {
    const GIVE_BACK: &str = give_back!(
        " WHERE q.id = queue_id AND state = 'InProgress' AND holder_execution_id = $3 AND holder_epoch = $4"
    );
    query(GIVE_BACK)
        .bind(micros(now))
        .bind(Json(WorkItemError::execution_ended()))
        .bind(lease.execution.as_uuid())
        .bind(lease.epoch)
        .execute(connection)
        .await?;
    Ok(())
}

struct Add(AddItems);

impl Operation for Add {
    type Output = Vec<usize>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<usize>> {
        let add = self.0;
        let mut missing = Vec::new();
        for (number, chunk) in add.items.chunks(CHUNK).enumerate() {
            let written = insert_chunk(&add, chunk, connection).await?;
            missing.extend(left_out(chunk, number * CHUNK, &written, add.skip_taken)?);
        }
        insert_entry(&add.audit, connection).await?;
        if let Some(answer) = &add.idempotency {
            insert_answer(answer, connection).await?;
        }
        Ok(missing)
    }
}

async fn insert_chunk(
    add: &AddItems,
    chunk: &[PackedItem],
    connection: &mut impl Connection,
) -> Result<HashSet<Uuid>> {
    const INSERT: &str = "INSERT INTO work_items (id, payload, reference, priority, due_at, defer_until, available_at,
            queue_id, is_unique, created_at, files, state, attempts, lease_epoch, revision)
        SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
            ?2, ?3, ?4, '[]', 'New', 0, 0, 0 FROM json_each(?1) WHERE true
        ON CONFLICT DO NOTHING RETURNING id";
    let row = |item: &PackedItem| {
        (
            item.id.as_uuid().simple().to_string(),
            item.payload.clone(),
            item.reference.clone(),
            item.priority,
            micros_of(item.due_at),
            micros_of(item.defer_until),
            available_at(item, add.now),
        )
    };
    let rows: Vec<_> = chunk.iter().map(row).collect();
    let written = query(INSERT)
        .bind(Json(rows))
        .bind(add.queue_id.as_uuid())
        .bind(add.is_unique)
        .bind(micros(add.now))
        .fetch_all(connection)
        .await?;
    written.iter().map(|row| Columns::of(row, "work item").uuid("id")).collect()
}

struct Move(MoveItems);

impl Operation for Move {
    type Output = u64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<u64> {
        const REPROCESS: &str =
            "UPDATE work_items SET state = 'New', attempts = 0, error = NULL, output = NULL,
            ended_at = NULL, lease_until = NULL, available_at = ?1, revision = revision + 1
            WHERE id IN (SELECT unhex(value) FROM json_each(?2))";
        const DELETE: &str =
            "UPDATE work_items SET state = 'Deleted', payload = 'null', files = '[]', error = NULL,
            output = NULL, ended_at = ?1, lease_until = NULL, revision = revision + 1
            WHERE id IN (SELECT unhex(value) FROM json_each(?2))";
        const FREE: &str =
            "DELETE FROM work_item_files WHERE item_id IN (SELECT unhex(value) FROM json_each(?1))";
        let mut moves = self.0;
        let Some(select) = move_statement(&moves, "") else { return Ok(0) };
        let rows = select.fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let ids = rows.iter().map(|row| Columns::of(row, "work item").uuid("id"));
        let ids: Vec<String> = ids.map(|id| id.map(|id| id.simple().to_string())).collect::<Result<_>>()?;
        let is_delete = moves.to == WorkItemState::Deleted;
        let update = query(if is_delete { DELETE } else { REPROCESS });
        let count = update.bind(micros(moves.now)).bind(Json(&ids)).execute(&mut *connection).await?;
        if is_delete {
            query(FREE).bind(Json(&ids)).execute(&mut *connection).await?;
        }
        moves.audit.detail["count"] = count.into();
        insert_entry(&moves.audit, connection).await?;
        Ok(count)
    }
}
