//! Granting, renewing and taking back leases, and what agents write under them.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{AgentFacts, Artifact, Execution, Lease, Progress};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentId;
use openautomate_core::store::{ClaimRequest, FinishAttempt, Finished, LeaseStore, Renewal, RenewalOutcome};

use super::SqliteStore;
use super::claim::Claim;
use super::finish::{Expire, Finish};
use super::group_commit::Operation;
use super::work_queue::give_back_items;
use crate::driver::{Columns, Connection, Json, Pool, micros, query};
use crate::error::{Error, Result};
use crate::occupancy::HAS_LIMITED;
use crate::row::{insert_artifact, read_artifact};
use crate::table::{Table, update};

#[async_trait]
impl<P: Pool> LeaseStore for SqliteStore<P> {
    /// One task writes, and takes what waits in the order in which it came.
    fn keeps_order(&self) -> bool {
        true
    }

    async fn claim(&self, request: ClaimRequest) -> CoreResult<Vec<Execution>> {
        self.writer.commit(Claim(request)).await
    }

    async fn start(&self, lease: Lease, agent_id: AgentId, now: Timestamp) -> CoreResult<Execution> {
        self.writer.commit(Start { lease, agent_id, now }).await
    }

    async fn renew(
        &self,
        agent_id: AgentId,
        leases: &[Lease],
        now: Timestamp,
        lease_until: Timestamp,
    ) -> CoreResult<Vec<Renewal>> {
        self.writer.commit(Renew { agent_id, leases: leases.to_vec(), now, lease_until }).await
    }

    async fn finish(&self, finish: FinishAttempt) -> CoreResult<Finished> {
        self.writer.commit(Finish(finish)).await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<Execution>> {
        self.writer.commit(Expire { now, limit }).await
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
        self.writer.commit(Release { agent_id, leases: leases.to_vec(), now }).await
    }

    async fn wake(&self, now: Timestamp, limit: u32) -> CoreResult<u64> {
        self.writer.commit(Wake { now, limit }).await
    }

    async fn time_out_queued(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<Execution>> {
        self.writer.commit(TimeOutQueued { now, limit }).await
    }

    async fn has_limited(&self) -> CoreResult<bool> {
        Ok(query(HAS_LIMITED).fetch_value(&self.readers).await.map_err(Error::from)?)
    }

    async fn next_deadline(&self, now: Timestamp) -> CoreResult<Option<Timestamp>> {
        // Each part is one seek in an index. The states are named twice, so that the partial index is seen
        // to hold what is asked for.
        const SELECT: &str = "SELECT min(deadline) AS value FROM (
            SELECT min(run_at) AS deadline FROM executions
                WHERE state = 'Pending' AND state IN ('Pending', 'Waiting') AND run_at > ?1
            UNION ALL SELECT min(run_at) FROM executions
                WHERE state = 'Waiting' AND state IN ('Pending', 'Waiting') AND run_at > ?1
            UNION ALL SELECT min(lease_until) FROM executions WHERE lease_until > ?1
            UNION ALL SELECT min(run_at + queue_timeout_ms * 1000) FROM executions
                WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL
                    AND run_at + queue_timeout_ms * 1000 > ?1)";
        let select = query(SELECT).bind(micros(now));
        let deadline: Option<i64> = select.fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(deadline.and_then(DateTime::from_timestamp_micros))
    }

    async fn set_progress(&self, lease: Lease, agent_id: AgentId, progress: Progress) -> CoreResult<()> {
        self.writer.commit(SetProgress { lease, agent_id, progress }).await
    }

    async fn keep_artifact(
        &self,
        lease: Lease,
        agent_id: AgentId,
        artifact: Artifact,
    ) -> CoreResult<Option<Artifact>> {
        self.writer.commit(KeepArtifact { lease, agent_id, artifact }).await
    }

    async fn connect_agent(
        &self,
        agent_id: AgentId,
        facts: AgentFacts,
        slots: u32,
        now: Timestamp,
    ) -> CoreResult<()> {
        self.writer.commit(ConnectAgent { agent_id, facts, slots, now }).await
    }
}

/// Leases as one JSON value, `[["<id in hex>", epoch], ...]`, for a statement over all of them.
pub(super) fn lease_list(leases: impl IntoIterator<Item = Lease>) -> Json<Vec<(String, u32)>> {
    Json(
        leases
            .into_iter()
            .map(|lease| (lease.execution.as_uuid().simple().to_string(), lease.epoch))
            .collect(),
    )
}

struct Start {
    lease: Lease,
    agent_id: AgentId,
    now: Timestamp,
}

impl Operation for Start {
    type Output = Execution;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Execution> {
        const START: &str = "UPDATE executions SET state = 'Running', started_at = coalesce(started_at, ?4),
                revision = revision + 1
            WHERE id = ?1 AND lease_epoch = ?2 AND agent_id = ?3 AND state = 'Assigned' RETURNING *";
        const START_ATTEMPT: &str =
            "UPDATE attempts SET state = 'running', started_at = ?3 WHERE execution_id = ?1 AND epoch = ?2";
        const STARTED_BEFORE: &str = "SELECT * FROM executions
            WHERE id = ?1 AND lease_epoch = ?2 AND agent_id = ?3 AND state = 'Running'";
        let Self { lease, agent_id, now } = self;
        let (id, epoch) = (lease.execution.as_uuid(), lease.epoch);
        let start = query(START).bind(id).bind(epoch).bind(agent_id.as_uuid()).bind(micros(now));
        if let Some(row) = start.fetch_optional(&mut *connection).await? {
            let attempt = query(START_ATTEMPT).bind(id).bind(epoch).bind(micros(now));
            attempt.execute(connection).await?;
            return Execution::read(&row);
        }
        let before = query(STARTED_BEFORE).bind(id).bind(epoch).bind(agent_id.as_uuid());
        match before.fetch_optional(connection).await? {
            Some(row) => Execution::read(&row),
            None => Err(CoreError::stale_lease().into()),
        }
    }
}

struct Renew {
    agent_id: AgentId,
    leases: Vec<Lease>,
    now: Timestamp,
    lease_until: Timestamp,
}

impl Operation for Renew {
    type Output = Vec<Renewal>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<Renewal>> {
        const HEARD_OF: &str = "UPDATE agents SET last_heartbeat = ?2 WHERE id = ?1";
        const RENEW: &str = "UPDATE executions SET lease_until = ?3, revision = revision + 1
            FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS epoch FROM json_each(?1)) AS asked
            WHERE executions.id = asked.id AND lease_epoch = asked.epoch AND agent_id = ?2
                AND state IN ('Assigned', 'Running')
            RETURNING executions.id, lease_epoch, cancel_requested_at IS NOT NULL AS is_cancelled";
        let heard_of = query(HEARD_OF).bind(self.agent_id.as_uuid()).bind(micros(self.now));
        if heard_of.execute(&mut *connection).await? == 0 {
            return Err(CoreError::not_found("agent", self.agent_id).into());
        }
        if self.leases.is_empty() {
            return Ok(Vec::new());
        }
        let rows = query(RENEW)
            .bind(lease_list(self.leases.iter().copied()))
            .bind(self.agent_id.as_uuid())
            .bind(micros(self.lease_until))
            .fetch_all(connection)
            .await?;
        let mut renewed = HashMap::with_capacity(rows.len());
        for row in &rows {
            let columns = Columns::of(row, "renewed lease");
            let key = (columns.uuid("id")?, columns.count("lease_epoch")?);
            renewed.insert(key, columns.get::<bool>("is_cancelled")?);
        }
        let outcome = |lease: &Lease| match renewed.get(&(*lease.execution.as_uuid(), lease.epoch)) {
            Some(&cancel_requested) => RenewalOutcome::Renewed { cancel_requested },
            None => RenewalOutcome::Stale,
        };
        Ok(self.leases.iter().map(|lease| Renewal { lease: *lease, outcome: outcome(lease) }).collect())
    }
}

struct Release {
    agent_id: AgentId,
    leases: Vec<Lease>,
    now: Timestamp,
}

impl Operation for Release {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<Execution>> {
        // What shall be cancelled is not given to the next agent.
        const RELEASE: &str = "UPDATE executions
            SET state = iif(cancel_requested_at IS NULL, 'Pending', 'Cancelled'), lease_until = NULL,
                ended_at = iif(cancel_requested_at IS NULL, ended_at, ?3), revision = revision + 1
            FROM (SELECT unhex(value ->> 0) AS asked_id, value ->> 1 AS asked_epoch FROM json_each(?1)) AS asked
            WHERE id = asked_id AND lease_epoch = asked_epoch AND agent_id = ?2 AND state = 'Assigned'
            RETURNING *";
        const END_ATTEMPTS: &str = "UPDATE attempts SET state = 'released', ended_at = ?2
            FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS epoch FROM json_each(?1)) AS released
            WHERE execution_id = released.id AND attempts.epoch = released.epoch";
        let rows = query(RELEASE)
            .bind(lease_list(self.leases.iter().copied()))
            .bind(self.agent_id.as_uuid())
            .bind(micros(self.now))
            .fetch_all(&mut *connection)
            .await?;
        let mut released: Vec<Execution> = rows.iter().map(Execution::read).collect::<Result<_>>()?;
        released
            .sort_by_key(|execution| self.leases.iter().position(|asked| asked.execution == execution.id));
        if !released.is_empty() {
            let list = lease_list(released.iter().filter_map(Execution::lease));
            query(END_ATTEMPTS).bind(list).bind(micros(self.now)).execute(&mut *connection).await?;
            for lease in released.iter().filter_map(Execution::lease) {
                give_back_items(lease, self.now, &mut *connection).await?;
            }
        }
        Ok(released)
    }
}

struct Wake {
    now: Timestamp,
    limit: u32,
}

impl Operation for Wake {
    type Output = u64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<u64> {
        const WAKE: &str = "UPDATE executions SET state = 'Pending', revision = revision + 1 WHERE id IN (
            SELECT id FROM executions WHERE state = 'Waiting' AND state IN ('Pending', 'Waiting') AND run_at <= ?
            ORDER BY run_at, id LIMIT ? + 0)";
        Ok(query(WAKE).bind(micros(self.now)).bind(self.limit).execute(connection).await?)
    }
}

struct TimeOutQueued {
    now: Timestamp,
    limit: u32,
}

impl Operation for TimeOutQueued {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<Execution>> {
        const SELECT: &str = "SELECT * FROM executions
            WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL AND started_at IS NULL
                AND run_at + queue_timeout_ms * 1000 <= ?
            ORDER BY run_at + queue_timeout_ms * 1000, id LIMIT ? + 0";
        let select = query(SELECT).bind(micros(self.now)).bind(self.limit);
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

struct SetProgress {
    lease: Lease,
    agent_id: AgentId,
    progress: Progress,
}

impl Operation for SetProgress {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        const SET: &str = "UPDATE executions SET progress = ?4, revision = revision + 1
            WHERE id = ?1 AND lease_epoch = ?2 AND agent_id = ?3 AND state IN ('Assigned', 'Running')";
        let written = query(SET)
            .bind(self.lease.execution.as_uuid())
            .bind(self.lease.epoch)
            .bind(self.agent_id.as_uuid())
            .bind(Json(&self.progress))
            .execute(connection)
            .await?;
        if written == 0 { Err(CoreError::stale_lease().into()) } else { Ok(()) }
    }
}

struct KeepArtifact {
    lease: Lease,
    agent_id: AgentId,
    artifact: Artifact,
}

impl Operation for KeepArtifact {
    type Output = Option<Artifact>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Option<Artifact>> {
        const HELD: &str = "SELECT 1 FROM executions
            WHERE id = ?1 AND lease_epoch = ?2 AND agent_id = ?3 AND state IN ('Assigned', 'Running')";
        const REPLACE: &str =
            "DELETE FROM artifacts WHERE execution_id = ?1 AND epoch = ?2 AND name = ?3 RETURNING *";
        let Self { lease, agent_id, mut artifact } = self;
        let (id, epoch) = (lease.execution.as_uuid(), lease.epoch);
        let held = query(HELD).bind(id).bind(epoch).bind(agent_id.as_uuid());
        if held.fetch_optional(&mut *connection).await?.is_none() {
            return Err(CoreError::stale_lease().into());
        }
        let replace = query(REPLACE).bind(id).bind(epoch).bind(&artifact.name);
        let replaced = replace.fetch_optional(&mut *connection).await?;
        // The lease says whose it is.
        (artifact.execution_id, artifact.epoch) = (lease.execution, epoch);
        insert_artifact(&artifact, connection).await?;
        replaced.as_ref().map(read_artifact).transpose()
    }
}

struct ConnectAgent {
    agent_id: AgentId,
    facts: AgentFacts,
    slots: u32,
    now: Timestamp,
}

impl Operation for ConnectAgent {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        const CONNECT: &str = "UPDATE agents SET facts = ?2, slots = ?3, last_heartbeat = ?4 WHERE id = ?1";
        let written = query(CONNECT)
            .bind(self.agent_id.as_uuid())
            .bind(Json(&self.facts))
            .bind(self.slots)
            .bind(micros(self.now))
            .execute(connection)
            .await?;
        if written == 0 { Err(CoreError::not_found("agent", self.agent_id).into()) } else { Ok(()) }
    }
}
