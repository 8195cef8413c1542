//! Releases of the agent program, and their way to agents.

use async_trait::async_trait;

use crate::domain::{AgentRelease, AgentRollout, AgentUpdate};
use crate::error::Result;
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId};
use crate::query::{Page, PageRequest};

/// Reads releases, rollouts and what became of each agent. They are written by `CommitStore::commit`. Every method
/// fails with `Unavailable` if the database does not answer, and in no other way.
///
/// # Contract
/// - Of those that are not deleted, one release has a version (`agent_release::one_a_version`).
/// - One rollout is `Running` at most (`agent_release::one_rollout_runs`).
/// - An agent has one part in a rollout at most (`agent_release::one_update_an_agent`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait AgentReleaseStore {
    /// The release with this id, deleted or not (`agent_release::round_trip`).
    async fn agent_release(&self, id: AgentReleaseId) -> Result<Option<AgentRelease>>;
    /// Releases that are not deleted, newest first (`agent_release::pages`).
    async fn agent_releases(&self, page: PageRequest) -> Result<Page<AgentRelease>>;
    /// The rollout with this id (`agent_release::round_trip`).
    async fn agent_rollout(&self, id: AgentRolloutId) -> Result<Option<AgentRollout>>;
    /// Rollouts, newest first (`agent_release::pages`).
    async fn agent_rollouts(&self, page: PageRequest) -> Result<Page<AgentRollout>>;
    /// The rollout that is `Running` (`agent_release::one_rollout_runs`).
    async fn running_agent_rollout(&self) -> Result<Option<AgentRollout>>;
    /// What became of the agents of a rollout, newest first (`agent_release::pages`).
    async fn agent_updates(&self, rollout: AgentRolloutId, page: PageRequest) -> Result<Page<AgentUpdate>>;
    /// What became of the agents of one stage, oldest first (`agent_release::of_a_stage`).
    async fn agent_updates_of_stage(&self, rollout: AgentRolloutId, stage: u32) -> Result<Vec<AgentUpdate>>;
    /// An agent's part of a rollout (`agent_release::one_update_an_agent`).
    async fn agent_update(&self, rollout: AgentRolloutId, agent: AgentId) -> Result<Option<AgentUpdate>>;
    /// What an agent has not ended, of whatever rollout, oldest first (`agent_release::open_ones`).
    async fn open_agent_updates(&self, agent: AgentId) -> Result<Vec<AgentUpdate>>;
}
