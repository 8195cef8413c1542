//! Releases of the agent program, and their way to agents.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use crate::domain::{AgentRelease, AgentRollout, AgentRolloutState, AgentUpdate};
use crate::error::Result;
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId};
use crate::query::{Page, PageRequest};
use crate::store::AgentReleaseStore;

#[async_trait]
impl AgentReleaseStore for MemoryStore {
    async fn agent_release(&self, id: AgentReleaseId) -> Result<Option<AgentRelease>> {
        Ok(self.state().agent_releases.get(&id).cloned())
    }

    async fn agent_releases(&self, request: PageRequest) -> Result<Page<AgentRelease>> {
        let state = self.state();
        let is_there = |row: &AgentRelease| row.deleted_at.is_none();
        Ok(page(state.agent_releases.values().rev(), request, |row| *row.id.as_uuid(), is_there))
    }

    async fn agent_rollout(&self, id: AgentRolloutId) -> Result<Option<AgentRollout>> {
        Ok(self.state().agent_rollouts.get(&id).cloned())
    }

    async fn agent_rollouts(&self, request: PageRequest) -> Result<Page<AgentRollout>> {
        let state = self.state();
        Ok(page(state.agent_rollouts.values().rev(), request, |row| *row.id.as_uuid(), |_| true))
    }

    async fn running_agent_rollout(&self) -> Result<Option<AgentRollout>> {
        let runs = |row: &&AgentRollout| row.state == AgentRolloutState::Running;
        Ok(self.state().agent_rollouts.values().find(runs).cloned())
    }

    async fn agent_updates(
        &self,
        rollout: AgentRolloutId,
        request: PageRequest,
    ) -> Result<Page<AgentUpdate>> {
        let state = self.state();
        let is_of_it = |row: &AgentUpdate| row.rollout_id == rollout;
        Ok(page(state.agent_updates.values().rev(), request, |row| *row.id.as_uuid(), is_of_it))
    }

    async fn agent_updates_of_stage(&self, rollout: AgentRolloutId, stage: u32) -> Result<Vec<AgentUpdate>> {
        let is_of_it = |row: &&AgentUpdate| row.rollout_id == rollout && row.stage == stage;
        Ok(self.state().agent_updates.values().filter(is_of_it).cloned().collect())
    }

    async fn agent_update(&self, rollout: AgentRolloutId, agent: AgentId) -> Result<Option<AgentUpdate>> {
        let is_it = |row: &&AgentUpdate| row.rollout_id == rollout && row.agent_id == agent;
        Ok(self.state().agent_updates.values().find(is_it).cloned())
    }

    async fn open_agent_updates(&self, agent: AgentId) -> Result<Vec<AgentUpdate>> {
        let is_open = |row: &&AgentUpdate| row.agent_id == agent && !row.state.is_ended();
        Ok(self.state().agent_updates.values().filter(is_open).cloned().collect())
    }
}
