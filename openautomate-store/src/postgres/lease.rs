//! Granting, renewing and taking back leases, and what agents write under them.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{AgentFacts, Artifact, Execution, Lease, Progress, WorkItemError};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentId;
use openautomate_core::store::{ClaimRequest, FinishAttempt, Finished, LeaseStore, Renewal, RenewalOutcome};

use super::claim::claim;
use super::finish::{Expire, Finish, columns_of};
use super::start::Start;
use super::transact::{Operation, repeat, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Connection, Json, Transactions, micros, query};
use crate::error::{Error, Result};
use crate::occupancy::HAS_LIMITED;
use crate::row::{insert_artifact, read_artifact};
use crate::table::{Table, update};

#[async_trait]
impl<P: PostgresDriver> LeaseStore for PostgresStore<P> {
    /// Starts, appends and finishes go through connections of their own.
    fn keeps_order(&self) -> bool {
        false
    }

    async fn claim(&self, request: ClaimRequest) -> CoreResult<Vec<Execution>> {
        Ok(claim(&request, &self.pool).await?)
    }

    async fn start(&self, lease: Lease, agent_id: AgentId, now: Timestamp) -> CoreResult<Execution> {
        self.starts.write(Start { lease, agent_id, now }).await
    }

    async fn renew(
        &self,
        agent_id: AgentId,
        leases: &[Lease],
        now: Timestamp,
        lease_until: Timestamp,
    ) -> CoreResult<Vec<Renewal>> {
        Ok(repeat(|| renew(agent_id, leases, now, lease_until, &self.pool)).await?)
    }

    async fn finish(&self, finish: FinishAttempt) -> CoreResult<Finished> {
        self.finishes.write(Finish(finish)).await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<Execution>> {
        Ok(transact(&Expire { now, limit }, &self.pool).await?)
    }

    async fn release(
        &self,
        agent_id: AgentId,
        leases: &[Lease],
        now: Timestamp,
    ) -> CoreResult<Vec<Execution>> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        Ok(repeat(|| release(agent_id, leases, now, &self.pool)).await?)
    }

    async fn wake(&self, now: Timestamp, limit: u32) -> CoreResult<u64> {
        Ok(repeat(|| wake(now, limit, &self.pool)).await?)
    }

    async fn time_out_queued(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<Execution>> {
        Ok(transact(&TimeOutQueued { now, limit }, &self.pool).await?)
    }

    async fn has_limited(&self) -> CoreResult<bool> {
        Ok(query(HAS_LIMITED).fetch_value(&self.pool).await.map_err(Error::from)?)
    }

    async fn next_deadline(&self, now: Timestamp) -> CoreResult<Option<Timestamp>> {
        // Each part is one seek in an index.
        const SELECT: &str = "SELECT min(deadline) AS value FROM (
            SELECT min(run_at) AS deadline FROM executions WHERE state = 'Pending' AND run_at > $1
            UNION ALL SELECT min(run_at) FROM executions WHERE state = 'Waiting' AND run_at > $1
            UNION ALL SELECT min(lease_until) FROM executions WHERE lease_until > $1
            UNION ALL SELECT min(run_at + queue_timeout_ms * 1000) FROM executions
                WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL
                    AND run_at + queue_timeout_ms * 1000 > $1) AS deadlines";
        let select = query(SELECT).bind(micros(now));
        let deadline: Option<i64> = select.fetch_value(&self.pool).await.map_err(Error::from)?;
        Ok(deadline.and_then(DateTime::from_timestamp_micros))
    }

    async fn set_progress(&self, lease: Lease, agent_id: AgentId, progress: Progress) -> CoreResult<()> {
        Ok(repeat(|| set_progress(lease, agent_id, &progress, &self.pool)).await?)
    }

    async fn keep_artifact(
        &self,
        lease: Lease,
        agent_id: AgentId,
        artifact: Artifact,
    ) -> CoreResult<Option<Artifact>> {
        Ok(transact(&KeepArtifact { lease, agent_id, artifact }, &self.pool).await?)
    }

    async fn connect_agent(
        &self,
        agent_id: AgentId,
        facts: AgentFacts,
        slots: u32,
        now: Timestamp,
    ) -> CoreResult<()> {
        Ok(repeat(|| connect_agent(agent_id, &facts, slots, now, &self.pool)).await?)
    }
}

async fn renew(
    agent_id: AgentId,
    leases: &[Lease],
    now: Timestamp,
    lease_until: Timestamp,
    pool: &impl Transactions,
) -> Result<Vec<Renewal>> {
    // The first row says that the agent was found.
    const RENEW: &str = "WITH heard_of AS (
            UPDATE agents SET last_heartbeat = $2 WHERE id = $1 RETURNING id
        ), asked AS (
            SELECT DISTINCT * FROM unnest($4::uuid[], $5::bigint[]) AS asked (id, epoch)
        ), locked AS (
            SELECT id FROM executions WHERE id = ANY ($4) ORDER BY id FOR NO KEY UPDATE
        ), renewed AS (
            UPDATE executions SET lease_until = $3, revision = revision + 1
            FROM asked JOIN locked USING (id)
            WHERE executions.id = asked.id AND lease_epoch = asked.epoch AND agent_id = $1
                AND state IN ('Assigned', 'Running') AND EXISTS (SELECT 1 FROM heard_of)
            RETURNING executions.id, lease_epoch, cancel_requested_at IS NOT NULL AS is_cancelled
        )
        SELECT id, NULL::bigint AS lease_epoch, NULL::boolean AS is_cancelled FROM heard_of
        UNION ALL SELECT id, lease_epoch, is_cancelled FROM renewed";
    let (ids, epochs) = columns_of(leases.iter().copied());
    let rows = query(RENEW)
        .bind(agent_id.as_uuid())
        .bind(micros(now))
        .bind(micros(lease_until))
        .bind(ids)
        .bind(epochs)
        .fetch_all(pool)
        .await?;
    if rows.is_empty() {
        return Err(CoreError::not_found("agent", agent_id).into());
    }
    let mut renewed = HashMap::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns::of(row, "renewed lease");
        let (epoch, is_cancelled) =
            (columns.get::<Option<i64>>("lease_epoch")?, columns.get("is_cancelled")?);
        if let (Some(epoch), Some(is_cancelled)) = (epoch, is_cancelled) {
            renewed.insert((columns.uuid("id")?, epoch), is_cancelled);
        }
    }
    let outcome = |lease: &Lease| match renewed.get(&(*lease.execution.as_uuid(), i64::from(lease.epoch))) {
        Some(&cancel_requested) => RenewalOutcome::Renewed { cancel_requested },
        None => RenewalOutcome::Stale,
    };
    Ok(leases.iter().map(|lease| Renewal { lease: *lease, outcome: outcome(lease) }).collect())
}

async fn release(
    agent_id: AgentId,
    leases: &[Lease],
    now: Timestamp,
    pool: &impl Transactions,
) -> Result<Vec<Execution>> {
    // What shall be cancelled is not given to the next agent.
    const RELEASE: &str = "WITH asked AS (
            SELECT DISTINCT * FROM unnest($3::uuid[], $4::bigint[]) AS asked (id, epoch)
        ), locked AS (
            SELECT id FROM executions WHERE id = ANY ($3) ORDER BY id FOR NO KEY UPDATE
        ), released AS (
            UPDATE executions
            SET state = CASE WHEN cancel_requested_at IS NULL THEN 'Pending' ELSE 'Cancelled' END,
                lease_until = NULL, revision = revision + 1,
                ended_at = CASE WHEN cancel_requested_at IS NULL THEN ended_at ELSE $2 END
            FROM asked JOIN locked USING (id)
            WHERE executions.id = asked.id AND lease_epoch = asked.epoch AND agent_id = $1
                AND state = 'Assigned'
            RETURNING executions.*
        ), ended AS (
            UPDATE attempts SET state = 'released', ended_at = $2 FROM released
            WHERE attempts.execution_id = released.id AND attempts.epoch = released.lease_epoch
        ), given_back AS (
            UPDATE work_items SET error = $5, lease_until = NULL, revision = work_items.revision + 1,
                available_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN $2 ELSE work_items.available_at END,
                state = CASE WHEN NOT q.auto_retry THEN 'Failed'
                    WHEN work_items.attempts >= q.max_attempts THEN 'DeadLetter' ELSE 'New' END,
                ended_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN work_items.ended_at ELSE $2 END
            FROM work_queues AS q, released
            WHERE q.id = work_items.queue_id AND work_items.state = 'InProgress'
                AND work_items.holder_execution_id = released.id AND work_items.holder_epoch = released.lease_epoch
        )
        SELECT * FROM released";
    let (ids, epochs) = columns_of(leases.iter().copied());
    let rows = query(RELEASE)
        .bind(agent_id.as_uuid())
        .bind(micros(now))
        .bind(ids)
        .bind(epochs)
        .bind(Json(WorkItemError::execution_ended()))
        .fetch_all(pool)
        .await?;
    let mut released: Vec<Execution> = rows.iter().map(Execution::read).collect::<Result<_>>()?;
    released.sort_by_key(|execution| leases.iter().position(|asked| asked.execution == execution.id));
    Ok(released)
}

async fn wake(now: Timestamp, limit: u32, pool: &impl Transactions) -> Result<u64> {
    const WAKE: &str = "WITH due AS (
            SELECT id FROM executions WHERE state = 'Waiting' AND run_at <= $1
            ORDER BY run_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE executions SET state = 'Pending', revision = revision + 1 FROM due WHERE executions.id = due.id";
    Ok(query(WAKE).bind(micros(now)).bind(i64::from(limit)).execute(pool).await?)
}

struct TimeOutQueued {
    now: Timestamp,
    limit: u32,
}

impl Operation for TimeOutQueued {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<Execution>> {
        // What somebody else has at hand is given away or cancelled by them.
        const SELECT: &str = "SELECT * FROM executions
            WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL
                AND run_at + queue_timeout_ms * 1000 <= $1
            ORDER BY run_at + queue_timeout_ms * 1000, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED";
        let select = query(SELECT).bind(micros(self.now)).bind(i64::from(self.limit));
        let rows = select.fetch_all(&mut *connection).await?;
        let mut ended = Vec::with_capacity(rows.len());
        for row in &rows {
            let execution = Execution::read(row)?;
            let after = execution.clone().ended_overdue(self.now);
            // The update raises the revision that was read.
            let write = Execution { revision: execution.revision, ..after.clone() };
            update(&write, &mut *connection).await?;
            ended.push(after);
        }
        Ok(ended)
    }
}

async fn set_progress(
    lease: Lease,
    agent_id: AgentId,
    progress: &Progress,
    pool: &impl Transactions,
) -> Result<()> {
    const SET: &str = "UPDATE executions SET progress = $4, revision = revision + 1
        WHERE id = $1 AND lease_epoch = $2 AND agent_id = $3 AND state IN ('Assigned', 'Running')";
    let written = query(SET)
        .bind(lease.execution.as_uuid())
        .bind(i64::from(lease.epoch))
        .bind(agent_id.as_uuid())
        .bind(Json(progress))
        .execute(pool)
        .await?;
    if written == 0 { Err(CoreError::stale_lease().into()) } else { Ok(()) }
}

async fn connect_agent(
    agent_id: AgentId,
    facts: &AgentFacts,
    slots: u32,
    now: Timestamp,
    pool: &impl Transactions,
) -> Result<()> {
    const CONNECT: &str = "UPDATE agents SET facts = $2, slots = $3, last_heartbeat = $4 WHERE id = $1";
    let written = query(CONNECT)
        .bind(agent_id.as_uuid())
        .bind(Json(facts))
        .bind(i64::from(slots))
        .bind(micros(now))
        .execute(pool)
        .await?;
    if written == 0 { Err(CoreError::not_found("agent", agent_id).into()) } else { Ok(()) }
}

struct KeepArtifact {
    lease: Lease,
    agent_id: AgentId,
    artifact: Artifact,
}

impl Operation for KeepArtifact {
    type Output = Option<Artifact>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Option<Artifact>> {
        // Locked, so that the lease does not end before the row is there, and two of one name follow each other.
        const HELD: &str = "SELECT 1 FROM executions WHERE id = $1 AND lease_epoch = $2 AND agent_id = $3
            AND state IN ('Assigned', 'Running') FOR NO KEY UPDATE";
        const REPLACE: &str =
            "DELETE FROM artifacts WHERE execution_id = $1 AND epoch = $2 AND name = $3 RETURNING *";
        let (id, epoch) = (self.lease.execution.as_uuid(), i64::from(self.lease.epoch));
        let held = query(HELD).bind(id).bind(epoch).bind(self.agent_id.as_uuid());
        if held.fetch_optional(&mut *connection).await?.is_none() {
            return Err(CoreError::stale_lease().into());
        }
        let replace = query(REPLACE).bind(id).bind(epoch).bind(&self.artifact.name);
        let replaced = replace.fetch_optional(&mut *connection).await?;
        // The lease says whose it is.
        let lease = self.lease;
        let artifact =
            Artifact { execution_id: lease.execution, epoch: lease.epoch, ..self.artifact.clone() };
        insert_artifact(&artifact, connection).await?;
        replaced.as_ref().map(read_artifact).transpose()
    }
}
