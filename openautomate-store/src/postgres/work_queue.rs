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

use super::insert::{insert_answers, insert_entries};
use super::search::searchable;
use super::transact::{Operation, repeat, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Connection, Executor, Json, micros, micros_of, query};
use crate::error::Result;
use crate::row::bind_holder;
use crate::table::{Table, all, one, page};
use crate::work_item::{
    available_at, backlog, give_back, in_order, left_out, move_statement, page_statement, statistics,
};

/// How many items one statement writes.
const CHUNK: usize = 5_000;

#[async_trait]
impl<P: PostgresDriver> WorkQueueStore for PostgresStore<P> {
    async fn work_queue(&self, id: WorkQueueId) -> CoreResult<Option<WorkQueue>> {
        Ok(one(query("SELECT * FROM work_queues WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn work_queue_by_name(
        &self,
        environment: EnvironmentId,
        name: &str,
    ) -> CoreResult<Option<WorkQueue>> {
        const SELECT: &str = "SELECT * FROM work_queues
            WHERE environment_id = $1 AND lower(name) = lower($2 COLLATE \"C\") AND deleted_at IS NULL";
        Ok(one(query(SELECT).bind(environment.as_uuid()).bind(searchable(name)), &self.pool).await?)
    }

    async fn work_queues(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> CoreResult<Page<WorkQueue>> {
        const OF_ALL: &str =
            "SELECT * FROM work_queues WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        const OF_ENVIRONMENT: &str = "SELECT * FROM work_queues
            WHERE environment_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
        let statement = match environment {
            Some(environment) => query(OF_ENVIRONMENT).bind(environment.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.pool).await?)
    }

    async fn work_item(&self, id: WorkItemId) -> CoreResult<Option<WorkItem>> {
        Ok(one(query("SELECT * FROM work_items WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn work_items(
        &self,
        queue: WorkQueueId,
        filter: &WorkItemFilter,
        request: PageRequest,
    ) -> CoreResult<Page<WorkItem>> {
        if filter.reference.as_deref().is_some_and(|reference| searchable(reference).is_none()) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let items = all::<WorkItem>(page_statement(queue, filter, request), &self.pool).await?;
        Ok(Page::from_overfetch(items, request.limit, |item| *item.id.as_uuid()))
    }

    async fn held_items(&self, lease: Lease) -> CoreResult<Vec<WorkItem>> {
        const SELECT: &str = "SELECT * FROM work_items
            WHERE state = 'InProgress' AND holder_execution_id = $1 AND holder_epoch = $2 ORDER BY id";
        let select = query(SELECT).bind(lease.execution.as_uuid()).bind(i64::from(lease.epoch));
        Ok(all(select, &self.pool).await?)
    }

    async fn take_items(&self, take: TakeItems) -> CoreResult<Vec<WorkItem>> {
        Ok(transact(&Take(take), &self.pool).await?)
    }

    async fn expire_items(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<WorkQueueId>> {
        Ok(repeat(|| expire(now, limit, &self.pool)).await?)
    }

    async fn add_items(&self, add: AddItems) -> CoreResult<Vec<usize>> {
        Ok(transact(&Add(add), &self.pool).await?)
    }

    async fn move_items(&self, moves: MoveItems) -> CoreResult<u64> {
        Ok(transact(&Move(moves), &self.pool).await?)
    }

    async fn queue_statistics(
        &self,
        queue: WorkQueueId,
        since: Timestamp,
        now: Timestamp,
    ) -> CoreResult<QueueStatistics> {
        Ok(statistics(queue, since, now, || &self.pool).await?)
    }

    async fn queue_backlog(&self, queue: WorkQueueId, now: Timestamp, most: u32) -> CoreResult<QueueBacklog> {
        Ok(backlog(queue, now, most, &self.pool).await?)
    }
}

struct Take(TakeItems);

impl Operation for Take {
    type Output = Vec<WorkItem>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<WorkItem>> {
        // The lease can't end before the items are taken; and an end that was decided on before does not know of
        // them, so the revision has it decided on again.
        const HOLD: &str = "UPDATE executions SET revision = revision + 1
            WHERE id = $1 AND lease_epoch = $2 AND state IN ('Assigned', 'Running')";
        // What another take has at hand is passed over, so takes never wait for each other.
        const TAKE: &str = "WITH picked AS (
                SELECT id FROM work_items WHERE state = 'New' AND queue_id = $6 AND available_at <= $5
                ORDER BY priority DESC, coalesce(due_at, 9223372036854775807), id LIMIT $7
                FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE work_items SET state = 'InProgress', attempts = attempts + 1, lease_epoch = lease_epoch + 1,
                holder_execution_id = $1, holder_epoch = $2, holder_user_id = $3, lease_until = $4, started_at = $5,
                revision = revision + 1
            FROM picked WHERE work_items.id = picked.id RETURNING work_items.*";
        let take = &self.0;
        if let Some(lease) = take.holder.lease() {
            let hold = query(HOLD).bind(lease.execution.as_uuid()).bind(i64::from(lease.epoch));
            if hold.execute(&mut *connection).await? == 0 {
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
            .bind(i64::from(take.limit))
            .fetch_all(&mut *connection)
            .await?;
        let taken: Vec<WorkItem> = rows.iter().map(WorkItem::read).collect::<Result<_>>()?;
        if !taken.is_empty() {
            insert_entries(&take.audit.iter().collect::<Vec<_>>(), connection).await?;
        }
        Ok(in_order(taken))
    }
}

async fn expire(now: Timestamp, limit: u32, on: impl Executor) -> Result<Vec<WorkQueueId>> {
    const EXPIRE: &str = give_back!(
        ", (SELECT id FROM work_items WHERE lease_until < $3 ORDER BY lease_until, id LIMIT $4
            FOR NO KEY UPDATE SKIP LOCKED) AS due
        WHERE q.id = queue_id AND work_items.id = due.id RETURNING queue_id"
    );
    let expire = query(EXPIRE)
        .bind(micros(now))
        .bind(Json(WorkItemError::lease_ran_out()))
        .bind(micros(now))
        .bind(i64::from(limit));
    let rows = expire.fetch_all(on).await?;
    rows.iter()
        .map(|row| Columns::of(row, "work item").uuid("queue_id").map(WorkQueueId::from_uuid))
        .collect()
}

struct Add(AddItems);

impl Operation for Add {
    type Output = Vec<usize>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<usize>> {
        let add = &self.0;
        let mut missing = Vec::new();
        for (number, chunk) in add.items.chunks(CHUNK).enumerate() {
            let written = insert_chunk(add, chunk, connection).await?;
            missing.extend(left_out(chunk, number * CHUNK, &written, add.skip_taken)?);
        }
        insert_entries(&[&add.audit], connection).await?;
        insert_answers(&add.idempotency.iter().collect::<Vec<_>>(), connection).await?;
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
        SELECT item.*, $8, $9, $10, '[]', 'New', 0, 0, 0
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[])
            AS item
        ON CONFLICT DO NOTHING RETURNING id";
    let written = query(INSERT)
        .bind(chunk.iter().map(|item| *item.id.as_uuid()).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| item.payload.as_str()).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| item.reference.as_deref()).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| item.priority).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| micros_of(item.due_at)).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| micros_of(item.defer_until)).collect::<Vec<_>>())
        .bind(chunk.iter().map(|item| available_at(item, add.now)).collect::<Vec<_>>())
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

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<u64> {
        const REPROCESS: &str = "UPDATE work_items SET state = 'New', attempts = 0, error = NULL, output = NULL,
            ended_at = NULL, lease_until = NULL, available_at = $1, revision = revision + 1 WHERE id = ANY ($2)";
        const DELETE: &str =
            "UPDATE work_items SET state = 'Deleted', payload = 'null', files = '[]', error = NULL,
            output = NULL, ended_at = $1, lease_until = NULL, revision = revision + 1 WHERE id = ANY ($2)";
        const FREE: &str = "DELETE FROM work_item_files WHERE item_id = ANY ($1)";
        let moves = &self.0;
        let Some(select) = move_statement(moves, " FOR NO KEY UPDATE SKIP LOCKED") else { return Ok(0) };
        let rows = select.fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let ids =
            rows.iter().map(|row| Columns::of(row, "work item").uuid("id")).collect::<Result<Vec<_>>>()?;
        let is_delete = moves.to == WorkItemState::Deleted;
        let update = query(if is_delete { DELETE } else { REPROCESS });
        let count = update.bind(micros(moves.now)).bind(ids.clone()).execute(&mut *connection).await?;
        if is_delete {
            query(FREE).bind(ids).execute(&mut *connection).await?;
        }
        let mut entry = moves.audit.clone();
        entry.detail["count"] = count.into();
        insert_entries(&[&entry], connection).await?;
        Ok(count)
    }
}
