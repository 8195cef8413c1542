//! Which executions asked for which.

use async_trait::async_trait;

use super::MemoryStore;
use super::state::State;
use crate::domain::{ChildCall, Execution, ExecutionState, Lease, Occupant, StandIn};
use crate::error::Result;
use crate::id::{AgentId, EnvironmentId, ExecutionId};
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

    async fn stand_in(&self, lease: Lease, agent_id: AgentId, child: ExecutionId) -> Result<bool> {
        let mut state = self.state();
        let parent = state.held(lease, agent_id)?.id;
        let is_theirs = state.children.range((parent, 0, 0)..=(parent, u32::MAX, u32::MAX));
        let is_theirs = is_theirs.into_iter().any(|(_, (call, _))| call.child_id == child);
        let is_over = |id: &ExecutionId| state.executions.get(id).is_none_or(|one| one.state.is_terminal());
        let other = state.stand_ins.get(&parent).filter(|other| **other != child && !is_over(other));
        if !is_theirs || is_over(&child) || other.is_some() {
            return Ok(false);
        }
        Ok(state.stand_ins.insert(parent, child) != Some(child))
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

impl State {
    /// The children in an environment that are, or will be, in the places of their parents.
    pub(super) fn stand_ins(&self, environment: EnvironmentId) -> Vec<StandIn> {
        let stand_in = |(parent, child): (&ExecutionId, &ExecutionId)| {
            let (parent, child) = (self.executions.get(parent)?, self.executions.get(child)?);
            let is_leased = child.state.is_leased();
            let counts = parent.state.is_leased()
                && child.environment_id == environment
                && (is_leased || child.state == ExecutionState::Pending);
            let (child, parent) = (Occupant::of(child), Occupant::of(parent));
            counts.then_some(StandIn { child, parent, is_leased })
        };
        self.stand_ins.iter().filter_map(stand_in).collect()
    }
}
