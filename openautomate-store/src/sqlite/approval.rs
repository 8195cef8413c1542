//! Approvals, and the executions that wait for them.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Approval, Execution};
use openautomate_core::error::Result;
use openautomate_core::id::{ApprovalId, ExecutionId};
use openautomate_core::query::{ApprovalFilter, Page, PageRequest};
use openautomate_core::store::ApprovalStore;

use super::SqliteStore;
use crate::driver::{Pool, Word, micros, query};
use crate::table::{all, below, one, one_too_many};

#[async_trait]
impl<P: Pool> ApprovalStore for SqliteStore<P> {
    async fn approval(&self, id: ApprovalId) -> Result<Option<Approval>> {
        Ok(one(query("SELECT * FROM approvals WHERE id = $1").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn approval_by_key(&self, execution: ExecutionId, key: &str) -> Result<Option<Approval>> {
        let select = query("SELECT * FROM approvals WHERE execution_id = $1 AND key = $2");
        Ok(one(select.bind(execution.as_uuid()).bind(key), &self.readers).await?)
    }

    async fn approvals(&self, filter: &ApprovalFilter, request: PageRequest) -> Result<Page<Approval>> {
        let mut select = query("SELECT * FROM approvals WHERE id < ");
        select.push_bind(below(request));
        if let Some(execution) = filter.execution_id {
            select.push(" AND execution_id = ").push_bind(execution.as_uuid());
        }
        if let Some(state) = filter.state {
            select.push(" AND state = ").push_bind(Word(state));
        }
        select.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request));
        let items = all(select, &self.readers).await?;
        Ok(Page::from_overfetch(items, request.limit, |item: &Approval| *item.id.as_uuid()))
    }

    async fn approvals_to_settle(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>> {
        const SELECT: &str = "SELECT a.* FROM approvals AS a JOIN executions AS e ON e.id = a.execution_id
            WHERE a.state = 'waiting' AND (a.expires_at <= $1
                OR e.state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut'))
            ORDER BY a.id LIMIT $2 + 0";
        Ok(all(query(SELECT).bind(micros(now)).bind(i64::from(limit)), &self.readers).await?)
    }

    async fn answered_executions(&self, limit: u32) -> Result<Vec<Execution>> {
        // The states are named twice, so that the partial index is seen to hold what is asked for.
        const SELECT: &str = "SELECT * FROM executions AS e
            WHERE state = 'Waiting' AND state IN ('Pending', 'Waiting') AND run_at >= $1 AND NOT EXISTS
                (SELECT 1 FROM approvals AS a WHERE a.execution_id = e.id AND a.state = 'waiting')
            ORDER BY run_at, id LIMIT $2 + 0";
        let select = query(SELECT).bind(micros(Execution::never())).bind(i64::from(limit));
        Ok(all(select, &self.readers).await?)
    }
}
