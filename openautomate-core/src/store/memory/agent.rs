//! Agents, how busy they were, and what they said of versions.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use super::row::exists;
use crate::clock::Timestamp;
use crate::domain::{Agent, AgentPool, AgentPreparation, EnrolmentToken, PackageVersion, UsagePoint};
use crate::error::Result;
use crate::id::{AgentId, EnvironmentId, PoolId, VersionId};
use crate::query::{Page, PageRequest};
use crate::store::AgentStore;

#[async_trait]
impl AgentStore for MemoryStore {
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>> {
        Ok(self.state().agents.get(&id).cloned())
    }

    async fn agents(&self, request: PageRequest) -> Result<Page<Agent>> {
        let state = self.state();
        Ok(page(state.agents.values().rev(), request, |a| *a.id.as_uuid(), |a| a.deleted_at.is_none()))
    }

    async fn agent_pool(&self, id: PoolId) -> Result<Option<AgentPool>> {
        Ok(self.state().agent_pools.get(&id).cloned())
    }

    async fn agent_pools(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> Result<Page<AgentPool>> {
        let state = self.state();
        let wanted = |pool: &AgentPool| {
            pool.deleted_at.is_none() && environment.is_none_or(|id| id == pool.environment_id)
        };
        Ok(page(state.agent_pools.values().rev(), request, |pool| *pool.id.as_uuid(), wanted))
    }

    async fn agent_pool_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<AgentPool>> {
        let is_it = |pool: &&AgentPool| {
            let is_there = pool.deleted_at.is_none() && pool.environment_id == environment;
            is_there && pool.name.eq_ignore_ascii_case(name)
        };
        Ok(self.state().agent_pools.values().find(is_it).cloned())
    }

    async fn count_agents_of_pool(&self, pool: PoolId) -> Result<u64> {
        let state = self.state();
        let live = state.agents.values().filter(|agent| agent.deleted_at.is_none());
        Ok(live.filter(|agent| agent.pool_ids.contains(&pool)).count() as u64)
    }

    async fn note_usage(&self, agent: AgentId, point: UsagePoint) -> Result<()> {
        let mut state = self.state();
        let kept = state.usage.entry((agent, point.slot())).or_insert(point);
        if kept.at < point.at {
            *kept = point;
        }
        Ok(())
    }

    async fn usage(&self, agent: AgentId, since: Timestamp) -> Result<Vec<UsagePoint>> {
        let state = self.state();
        let points = state.usage.range((agent, i64::MIN)..=(agent, i64::MAX)).map(|(_, point)| *point);
        let mut points: Vec<_> = points.filter(|point| point.at >= since).collect();
        points.sort_by_key(|point| point.at);
        Ok(points)
    }

    async fn enrolment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrolmentToken>> {
        Ok(self.state().enrolment_tokens.values().find(|row| row.token_hash == *hash).cloned())
    }

    async fn agent_revisions(&self, ids: &[AgentId]) -> Result<Vec<(AgentId, i64)>> {
        let state = self.state();
        let found = ids.iter().filter_map(|id| state.agents.get(id));
        Ok(found.map(|agent| (agent.id, agent.revision)).collect())
    }

    async fn note_preparations(&self, agent: AgentId, told: &[AgentPreparation]) -> Result<()> {
        let mut state = self.state();
        let Some(newest) = told.iter().map(|word| word.at).max() else { return Ok(()) };
        exists::<Agent>(&state, agent)?;
        told.iter().try_for_each(|word| exists::<PackageVersion>(&state, word.version_id))?;
        for word in told.iter().filter(|word| word.agent_id == agent) {
            let kept = state.preparations.entry((agent, word.version_id)).or_insert_with(|| word.clone());
            if word.replaces(kept) {
                *kept = word.clone();
            }
        }
        let since = newest - AgentPreparation::kept_for();
        state.preparations.retain(|(other, _), word| *other != agent || word.at >= since);
        Ok(())
    }

    async fn preparation(&self, agent: AgentId, version: VersionId) -> Result<Option<AgentPreparation>> {
        Ok(self.state().preparations.get(&(agent, version)).cloned())
    }

    async fn preparations(&self, version: VersionId, request: PageRequest) -> Result<Page<AgentPreparation>> {
        let state = self.state();
        let wanted = |word: &AgentPreparation| {
            let is_there = |agent: &Agent| agent.deleted_at.is_none();
            word.version_id == version && state.agents.get(&word.agent_id).is_some_and(is_there)
        };
        Ok(page(state.preparations.values().rev(), request, |word| *word.agent_id.as_uuid(), wanted))
    }
}
