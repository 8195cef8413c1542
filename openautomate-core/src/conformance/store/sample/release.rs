//! Releases of the agent program, rollouts of them, and what becomes of an agent.

use super::{World, instant, signed};
use crate::domain::{
    AgentRelease, AgentRollout, AgentRolloutState, AgentUpdate, AgentUpdateState, RolloutTarget,
};
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId};

impl World {
    /// A release with no file.
    #[must_use]
    pub fn agent_release(&self, version: &str) -> AgentRelease {
        AgentRelease {
            id: AgentReleaseId::new(),
            version: version.to_owned(),
            manifest: format!("{{\"version\": \"{version}\"}}\n"),
            signature: signed(),
            files: [].into(),
            created_by: self.user.id,
            created_at: instant(),
            deleted_at: None,
            revision: 0,
        }
    }

    /// A rollout to all agents in two stages, that runs.
    #[must_use]
    pub fn agent_rollout(&self, release: &AgentRelease) -> AgentRollout {
        AgentRollout {
            id: AgentRolloutId::new(),
            release_id: release.id,
            target: RolloutTarget::All,
            stages: vec![1, 2],
            soak_ms: 60_000,
            deadline_ms: 600_000,
            in_windows: false,
            state: AgentRolloutState::Running,
            stage: 0,
            stage_healthy_at: None,
            reason: None,
            created_by: self.user.id,
            created_at: instant(),
            ended_at: None,
            revision: 0,
        }
    }
}

/// An agent's part of the first stage of a rollout, that waits.
#[must_use]
pub fn agent_update(rollout: &AgentRollout, agent_id: AgentId) -> AgentUpdate {
    AgentUpdate {
        id: AgentUpdateId::new(),
        rollout_id: rollout.id,
        agent_id,
        stage: 0,
        state: AgentUpdateState::Waiting,
        reason: None,
        changed_at: instant(),
        revision: 0,
    }
}
