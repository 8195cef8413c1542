//! Noting that runs began.

use std::collections::HashMap;

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Execution, Lease};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::AgentId;

use super::finish::columns_of;
use super::group::Grouped;
use super::transact::repeat;
use crate::driver::{Pool, micros, query};
use crate::error::Result;
use crate::table::Table;

/// A start that may share its statement with others.
pub(super) struct Start {
    pub(super) lease: Lease,
    pub(super) agent_id: AgentId,
    pub(super) now: Timestamp,
}

impl Grouped for Start {
    type Output = Execution;

    async fn run_all<P: Pool>(starts: &[Self], pool: &P) -> Result<Vec<Result<Execution>>> {
        let mut running = repeat(|| start(starts, pool)).await?;
        let rest: Vec<&Self> = starts.iter().filter(|start| start.found(&running).is_none()).collect();
        if !rest.is_empty() {
            running.extend(started_before(&rest, pool).await?);
        }
        let answer =
            |start: &Self| start.found(&running).cloned().ok_or_else(|| CoreError::stale_lease().into());
        Ok(starts.iter().map(answer).collect())
    }
}

type Running = HashMap<Lease, Execution>;

impl Start {
    /// The execution under this lease, if it is this agent's.
    fn found<'a>(&self, running: &'a Running) -> Option<&'a Execution> {
        running.get(&self.lease).filter(|execution| execution.agent_id == Some(self.agent_id))
    }
}

async fn start(starts: &[Start], pool: &impl Pool) -> Result<Running> {
    const START: &str = "WITH asked AS (
            SELECT DISTINCT ON (id, epoch, agent_id) *
            FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[]) AS asked (id, epoch, agent_id, now)
        ), locked AS (
            SELECT id FROM executions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
        ), started AS (
            UPDATE executions SET state = 'Running', started_at = coalesce(started_at, asked.now),
                revision = revision + 1
            FROM asked JOIN locked USING (id)
            WHERE executions.id = asked.id AND lease_epoch = asked.epoch
                AND executions.agent_id = asked.agent_id AND state = 'Assigned'
            RETURNING executions.*, asked.now AS asked_now
        ), begun AS (
            UPDATE attempts SET state = 'running', started_at = started.asked_now FROM started
            WHERE attempts.execution_id = started.id AND attempts.epoch = started.lease_epoch
        )
        SELECT * FROM started";
    let (ids, epochs) = columns_of(starts.iter().map(|start| start.lease));
    let rows = query(START)
        .bind(ids)
        .bind(epochs)
        .bind(starts.iter().map(|start| *start.agent_id.as_uuid()).collect::<Vec<_>>())
        .bind(starts.iter().map(|start| micros(start.now)).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    by_lease(rows.iter().map(Execution::read))
}

async fn started_before(starts: &[&Start], pool: &impl Pool) -> Result<Running> {
    const SELECT: &str = "SELECT executions.* FROM executions
        WHERE (id, lease_epoch) IN (SELECT * FROM unnest($1::uuid[], $2::bigint[])) AND state = 'Running'";
    let (ids, epochs) = columns_of(starts.iter().map(|start| start.lease));
    let rows = query(SELECT).bind(ids).bind(epochs).fetch_all(pool).await?;
    by_lease(rows.iter().map(Execution::read))
}

fn by_lease(executions: impl Iterator<Item = Result<Execution>>) -> Result<Running> {
    executions
        .filter_map(|execution| match execution {
            Ok(execution) => execution.lease().map(|lease| Ok((lease, execution))),
            Err(error) => Some(Err(error)),
        })
        .collect()
}
