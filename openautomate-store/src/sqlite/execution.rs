//! Executions, attempts, artifacts.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{
    Artifact, Attempt, ConcurrencyLimits, Execution, ExecutionState, ExecutionSummary, Occupancy,
};
use openautomate_core::error::Result;
use openautomate_core::id::{AgentId, ArtifactId, EnvironmentId, ExecutionId, PackageId, PoolId, ScheduleId};
use openautomate_core::query::{ExecutionFilter, Page, PageRequest};
use openautomate_core::store::ExecutionStore;

use super::SqliteStore;
use crate::driver::{Columns, Pool, Statement, Word, micros, query};
use crate::error::{Error, Result as RowResult};
use crate::occupancy::occupancy;
use crate::row::{read_artifact, read_attempt, read_summary};
use crate::table::{all, below, one, one_too_many};
use uuid::Uuid;

#[async_trait]
impl<P: Pool> ExecutionStore for SqliteStore<P> {
    async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>> {
        Ok(one(query("SELECT * FROM executions WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn executions(
        &self,
        filter: &ExecutionFilter,
        request: PageRequest,
    ) -> Result<Page<ExecutionSummary>> {
        let rows = page_statement(filter, request).fetch_all(&self.readers).await.map_err(Error::from)?;
        let items = rows.iter().map(read_summary).collect::<RowResult<_>>()?;
        Ok(Page::from_overfetch(items, request.limit, |item: &ExecutionSummary| *item.id.as_uuid()))
    }

    async fn attempts(&self, execution: ExecutionId) -> Result<Vec<Attempt>> {
        let select = query("SELECT * FROM attempts WHERE execution_id = ? ORDER BY epoch");
        let rows = select.bind(execution.as_uuid()).fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_attempt).collect::<RowResult<_>>()?)
    }

    async fn artifacts(&self, execution: ExecutionId) -> Result<Vec<Artifact>> {
        let select = query("SELECT * FROM artifacts WHERE execution_id = ? ORDER BY id");
        let rows = select.bind(execution.as_uuid()).fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_artifact).collect::<RowResult<_>>()?)
    }

    async fn artifact(&self, execution: ExecutionId, id: ArtifactId) -> Result<Option<Artifact>> {
        let select = query("SELECT * FROM artifacts WHERE id = ? AND execution_id = ?");
        let select = select.bind(id.as_uuid()).bind(execution.as_uuid());
        let row = select.fetch_optional(&self.readers).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_artifact).transpose()?)
    }

    async fn open_executions_of_schedule(&self, schedule: ScheduleId) -> Result<Vec<Execution>> {
        const SELECT: &str = "SELECT * FROM executions WHERE schedule_id = ?
            AND state IN ('Pending', 'Assigned', 'Running', 'Waiting') ORDER BY id";
        Ok(all(query(SELECT).bind(schedule.as_uuid()), &self.readers).await?)
    }

    async fn count_open_executions_of_package(&self, package: PackageId) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM executions WHERE package_id = ?
            AND state IN ('Pending', 'Assigned', 'Running', 'Waiting')";
        let count = query(COUNT).bind(package.as_uuid());
        let count: i64 = count.fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn count_open_executions_of_pool(&self, pool: PoolId) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM executions WHERE pool_id = ?
            AND state IN ('Pending', 'Assigned', 'Running', 'Waiting')";
        let count = query(COUNT).bind(pool.as_uuid());
        let count: i64 = count.fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn occupancy(&self, environment: EnvironmentId) -> Result<(Occupancy, ConcurrencyLimits)> {
        Ok(occupancy(environment, &self.readers).await?)
    }

    async fn holders(
        &self,
        environment: EnvironmentId,
        package: Option<PackageId>,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ExecutionId>> {
        let mut select =
            query("SELECT id FROM executions WHERE state IN ('Assigned', 'Running') AND environment_id = ");
        select.push_bind(environment.as_uuid());
        if let Some(package) = package {
            select.push(" AND package_id = ").push_bind(package.as_uuid());
        }
        if let Some(key) = key {
            select.push(" AND lease_until IS NOT NULL AND concurrency_key = ").push_bind(key);
        }
        select.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit)).push(" + 0");
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        let read = |row| Columns::of(row, "execution").uuid("id").map(ExecutionId::from_uuid);
        Ok(rows.iter().map(read).collect::<RowResult<_>>()?)
    }

    async fn leases_by_agent(&self, environment: EnvironmentId) -> Result<Vec<(AgentId, u64)>> {
        const COUNT: &str = "SELECT agent_id, count(*) AS leased FROM executions
            WHERE environment_id = ? AND state IN ('Assigned', 'Running') GROUP BY agent_id ORDER BY agent_id";
        let count = query(COUNT).bind(environment.as_uuid());
        let rows = count.fetch_all(&self.readers).await.map_err(Error::from)?;
        let read = |row| {
            let columns = Columns::of(row, "execution");
            Ok((AgentId::from_uuid(columns.uuid("agent_id")?), columns.unsigned("leased")?))
        };
        Ok(rows.iter().map(read).collect::<RowResult<_>>()?)
    }

    async fn count_ahead(&self, execution: &Execution, now: Timestamp) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM executions
            WHERE state = 'Pending' AND environment_id = $1 AND run_at <= $2
                AND (priority > $3 OR (priority = $4 AND (run_at < $5 OR (run_at = $6 AND id < $7))))";
        let count = query(COUNT)
            .bind(execution.environment_id.as_uuid())
            .bind(micros(now))
            .bind(execution.priority)
            .bind(execution.priority)
            .bind(micros(execution.run_at))
            .bind(micros(execution.run_at))
            .bind(execution.id.as_uuid());
        let count: i64 = count.fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn leased_executions(&self, agent: AgentId) -> Result<Vec<Execution>> {
        const SELECT: &str =
            "SELECT * FROM executions WHERE agent_id = ? AND state IN ('Assigned', 'Running') ORDER BY id";
        Ok(all(query(SELECT).bind(agent.as_uuid()), &self.readers).await?)
    }
}

/// Finds the ids of a page in an index alone, then reads its rows.
///
/// The indexes of the filters hold the state before the id, so a page is made of one page a state: each is
/// one seek, whatever share of a million executions the state has.
fn page_statement(filter: &ExecutionFilter, request: PageRequest) -> Statement {
    let mut statement = query(
        "SELECT e.id, e.package_id, p.name AS package_name, e.version_id, v.version_number, e.environment_id,
            e.state, e.priority, e.origin, e.agent_id, e.lease_epoch, e.error -> '$.message' AS error_message,
            e.progress, e.cancel_requested_at, e.created_at, e.started_at, e.ended_at
        FROM (",
    );
    let states = states_of(filter);
    for (position, state) in states.iter().enumerate() {
        if position > 0 {
            statement.push(" UNION ALL ");
        }
        statement.push("SELECT id FROM (SELECT id FROM executions WHERE id < ").push_bind(below(request));
        if let Some(state) = state {
            statement.push(" AND state = ").push_bind(Word(*state));
        }
        for (column, id) in columns_of(filter) {
            statement.push(column).push_bind(id);
        }
        statement.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request)).push(" + 0)");
    }
    statement.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request)).push(" + 0");
    statement.push(
        ") AS listed CROSS JOIN executions AS e ON e.id = listed.id
        JOIN packages AS p ON p.id = e.package_id JOIN package_versions AS v ON v.id = e.version_id
        ORDER BY listed.id DESC",
    );
    statement
}

fn states_of(filter: &ExecutionFilter) -> Vec<Option<ExecutionState>> {
    let mut states: Vec<_> = filter.states.iter().copied().map(Some).collect();
    states.sort_unstable();
    states.dedup();
    if !states.is_empty() {
        return states;
    }
    // Without any filter the ids themselves are the index.
    if columns_of(filter).next().is_none() { vec![None] } else { ExecutionState::ALL.map(Some).to_vec() }
}

fn columns_of(filter: &ExecutionFilter) -> impl Iterator<Item = (&'static str, Uuid)> {
    [
        (" AND package_id = ", filter.package_id.map(|id| *id.as_uuid())),
        (" AND environment_id = ", filter.environment_id.map(|id| *id.as_uuid())),
        (" AND agent_id = ", filter.agent_id.map(|id| *id.as_uuid())),
        (" AND schedule_id = ", filter.schedule_id.map(|id| *id.as_uuid())),
    ]
    .into_iter()
    .filter_map(|(column, id)| Some((column, id?)))
}
