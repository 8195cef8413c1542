//! Which executions asked for which.

use async_trait::async_trait;

use super::MemoryStore;
use crate::domain::{ChildCall, Execution, ExecutionState};
use crate::error::Result;
use crate::id::ExecutionId;
use crate::store::ChildStore;

#[async_trait]
impl ChildStore for MemoryStore {
    async fn child_of_call(
        &self,
        parent: ExecutionId,
        attempt_try: u32,
        call: u32,
    ) -> Result<Option<ExecutionId>> {
        Ok(self.state().children.get(&(parent, attempt_try, call)).map(|(call, _)| call.child_id))
    }

    async fn children(&self, parent: ExecutionId, limit: u32) -> Result<Vec<ExecutionId>> {
        let state = self.state();
        let calls = state.children.range((parent, 0, 0)..=(parent, u32::MAX, u32::MAX));
        let mut children: Vec<ExecutionId> = calls.map(|(_, (call, _))| call.child_id).collect();
        children.sort_unstable();
        children.truncate(limit as usize);
        Ok(children)
    }

    async fn children_to_cancel(&self, limit: u32) -> Result<Vec<ExecutionId>> {
        let state = self.state();
        let is_over = |parent: &Execution| {
            parent.cancel_requested_at.is_some()
                || matches!(parent.state, ExecutionState::Cancelled | ExecutionState::TimedOut)
        };
        let wanted = |call: &ChildCall| {
            let (parent, child) =
                (state.executions.get(&call.parent_id)?, state.executions.get(&call.child_id)?);
            let is_left = !child.state.is_terminal() && child.cancel_requested_at.is_none();
            (is_left && is_over(parent)).then_some(child.id)
        };
        let open = state.children.values().filter(|(_, is_open)| *is_open);
        let mut children: Vec<ExecutionId> = open.filter_map(|(call, _)| wanted(call)).collect();
        children.sort_unstable();
        children.truncate(limit as usize);
        Ok(children)
    }

    async fn close_children(&self, limit: u32) -> Result<u64> {
        let mut guard = self.state();
        let state = &mut *guard;
        let has_ended =
            |id: &ExecutionId| state.executions.get(id).is_some_and(|child| child.state.is_terminal());
        let mut closed = 0;
        for (call, is_open) in state.children.values_mut() {
            if closed < u64::from(limit) && *is_open && has_ended(&call.child_id) {
                *is_open = false;
                closed += 1;
            }
        }
        Ok(closed)
    }
}
