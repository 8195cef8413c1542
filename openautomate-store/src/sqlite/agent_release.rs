//! Releases of the agent program, and their way to agents.

use async_trait::async_trait;
use openautomate_core::domain::{AgentRelease, AgentRollout, AgentUpdate};
use openautomate_core::error::Result;
use openautomate_core::id::{AgentId, AgentReleaseId, AgentRolloutId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AgentReleaseStore;

use super::SqliteStore;
use crate::driver::{Pool, query};
use crate::table::{all, one, page};

#[async_trait]
impl<P: Pool> AgentReleaseStore for SqliteStore<P> {
    async fn agent_release(&self, id: AgentReleaseId) -> Result<Option<AgentRelease>> {
        const SELECT: &str = "SELECT * FROM agent_releases WHERE id = $1";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.readers).await?)
    }

    async fn agent_releases(&self, request: PageRequest) -> Result<Page<AgentRelease>> {
        const SELECT: &str =
            "SELECT * FROM agent_releases WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2 + 0";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn agent_rollout(&self, id: AgentRolloutId) -> Result<Option<AgentRollout>> {
        const SELECT: &str = "SELECT * FROM agent_rollouts WHERE id = $1";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.readers).await?)
    }

    async fn agent_rollouts(&self, request: PageRequest) -> Result<Page<AgentRollout>> {
        const SELECT: &str = "SELECT * FROM agent_rollouts WHERE id < $1 ORDER BY id DESC LIMIT $2 + 0";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn running_agent_rollout(&self) -> Result<Option<AgentRollout>> {
        Ok(one(query("SELECT * FROM agent_rollouts WHERE state = 'running'"), &self.readers).await?)
    }

    async fn agent_updates(
        &self,
        rollout: AgentRolloutId,
        request: PageRequest,
    ) -> Result<Page<AgentUpdate>> {
        const SELECT: &str =
            "SELECT * FROM agent_updates WHERE rollout_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3 + 0";
        Ok(page(query(SELECT).bind(rollout.as_uuid()), request, &self.readers).await?)
    }

    async fn agent_updates_of_stage(&self, rollout: AgentRolloutId, stage: u32) -> Result<Vec<AgentUpdate>> {
        const SELECT: &str = "SELECT * FROM agent_updates WHERE rollout_id = $1 AND stage = $2 ORDER BY id";
        Ok(all(query(SELECT).bind(rollout.as_uuid()).bind(stage), &self.readers).await?)
    }

    async fn agent_update(&self, rollout: AgentRolloutId, agent: AgentId) -> Result<Option<AgentUpdate>> {
        const SELECT: &str = "SELECT * FROM agent_updates WHERE rollout_id = $1 AND agent_id = $2";
        Ok(one(query(SELECT).bind(rollout.as_uuid()).bind(agent.as_uuid()), &self.readers).await?)
    }

    async fn open_agent_updates(&self, agent: AgentId) -> Result<Vec<AgentUpdate>> {
        const SELECT: &str = "SELECT * FROM agent_updates WHERE agent_id = $1
            AND state IN ('waiting', 'fetching', 'staged', 'draining', 'restarting') ORDER BY id";
        Ok(all(query(SELECT).bind(agent.as_uuid()), &self.readers).await?)
    }
}
