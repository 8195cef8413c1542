//! Which executions asked for which.

use async_trait::async_trait;
use openautomate_core::domain::Lease;
use openautomate_core::error::Result;
use openautomate_core::id::{AgentId, ExecutionId};
use openautomate_core::store::ChildStore;
use uuid::Uuid;

use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Connection, query};
use crate::error::Error;
use crate::occupancy::stand_in;

#[async_trait]
impl<P: PostgresDriver> ChildStore for PostgresStore<P> {
    async fn child_of_call(
        &self,
        parent: ExecutionId,
        attempt_try: u32,
        call: u32,
    ) -> Result<Option<ExecutionId>> {
        const SELECT: &str = "SELECT child_id FROM execution_children
            WHERE parent_id = $1 AND attempt_try = $2 AND call = $3";
        let select = query(SELECT).bind(parent.as_uuid()).bind(attempt_try).bind(call);
        let row = select.fetch_optional(&self.pool).await.map_err(Error::from)?;
        let child = row.as_ref().map(|row| Columns::of(row, "call").uuid("child_id")).transpose()?;
        Ok(child.map(ExecutionId::from_uuid))
    }

    async fn children(&self, parent: ExecutionId, limit: u32) -> Result<Vec<ExecutionId>> {
        const SELECT: &str = "SELECT child_id FROM execution_children WHERE parent_id = $1
            ORDER BY child_id LIMIT $2";
        let select = query(SELECT).bind(parent.as_uuid()).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(child).collect::<crate::error::Result<_>>()?)
    }

    async fn children_to_cancel(&self, limit: u32) -> Result<Vec<ExecutionId>> {
        const SELECT: &str = "SELECT c.child_id FROM execution_children AS c
            JOIN executions AS p ON p.id = c.parent_id JOIN executions AS e ON e.id = c.child_id
            WHERE c.is_open AND e.cancel_requested_at IS NULL
                AND e.state IN ('Pending', 'Assigned', 'Running', 'Waiting')
                AND (p.cancel_requested_at IS NOT NULL OR p.state IN ('Cancelled', 'TimedOut'))
            ORDER BY c.child_id LIMIT $1";
        let rows = query(SELECT).bind(i64::from(limit)).fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(child).collect::<crate::error::Result<_>>()?)
    }

    async fn stand_in(&self, lease: Lease, agent_id: AgentId, child: ExecutionId) -> Result<bool> {
        Ok(transact(&StandIn { lease, agent_id, child }, &self.pool).await?)
    }

    async fn close_children(&self, limit: u32) -> Result<u64> {
        const CLOSE: &str =
            "UPDATE execution_children SET is_open = false, stands_in = false WHERE child_id IN (
            SELECT c.child_id FROM execution_children AS c JOIN executions AS e ON e.id = c.child_id
            WHERE c.is_open AND e.state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut') LIMIT $1)";
        Ok(query(CLOSE).bind(i64::from(limit)).execute(&self.pool).await.map_err(Error::from)?)
    }
}

fn child<R: crate::driver::Row>(row: &R) -> crate::error::Result<ExecutionId> {
    let id: Uuid = Columns::of(row, "child").uuid("child_id")?;
    Ok(ExecutionId::from_uuid(id))
}

struct StandIn {
    lease: Lease,
    agent_id: AgentId,
    child: ExecutionId,
}

impl Operation for StandIn {
    type Output = bool;

    async fn run<C: Connection>(&self, connection: &mut C) -> crate::error::Result<bool> {
        // The others of the same run wait here.
        const LOCK: &str = "SELECT 1 FROM executions WHERE id = $1 FOR NO KEY UPDATE";
        query(LOCK).bind(self.lease.execution.as_uuid()).execute(&mut *connection).await?;
        stand_in(self.lease, self.agent_id, self.child, connection).await
    }
}
