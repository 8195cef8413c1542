//! Approvals.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use crate::clock::Timestamp;
use crate::domain::{Approval, ApprovalState, Execution};
use crate::error::Result;
use crate::id::{ApprovalId, ExecutionId};
use crate::query::{ApprovalFilter, Page, PageRequest};
use crate::store::ApprovalStore;

#[async_trait]
impl ApprovalStore for MemoryStore {
    async fn approval(&self, id: ApprovalId) -> Result<Option<Approval>> {
        Ok(self.state().approvals.get(&id).cloned())
    }

    async fn approval_by_key(&self, execution: ExecutionId, key: &str) -> Result<Option<Approval>> {
        let is_it = |row: &&Approval| row.execution_id == execution && row.key == key;
        Ok(self.state().approvals.values().find(is_it).cloned())
    }

    async fn approvals(&self, filter: &ApprovalFilter, request: PageRequest) -> Result<Page<Approval>> {
        let state = self.state();
        let wanted = |row: &Approval| {
            filter.execution_id.is_none_or(|id| id == row.execution_id)
                && filter.state.is_none_or(|state| state == row.state)
        };
        Ok(page(state.approvals.values().rev(), request, |row| *row.id.as_uuid(), wanted))
    }

    async fn approvals_to_settle(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>> {
        let state = self.state();
        let wanted = |row: &&Approval| {
            let has_ended =
                || state.executions.get(&row.execution_id).is_some_and(|row| row.state.is_terminal());
            row.state == ApprovalState::Waiting && (row.expires_at.is_some_and(|at| at <= now) || has_ended())
        };
        Ok(state.approvals.values().filter(wanted).take(limit as usize).cloned().collect())
    }

    async fn answered_executions(&self, limit: u32) -> Result<Vec<Execution>> {
        let state = self.state();
        let suspended = state.waiting.iter().filter_map(|(_, id)| state.executions.get(id));
        let waits = |id: ExecutionId| {
            let mut theirs = state.approvals.values().filter(|row| row.execution_id == id);
            theirs.any(|row| row.state == ApprovalState::Waiting)
        };
        let answered = suspended.filter(|row| row.is_suspended() && !waits(row.id));
        Ok(answered.take(limit as usize).cloned().collect())
    }
}
