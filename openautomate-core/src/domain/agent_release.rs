//! Releases of the agent program, and how agents come to run them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId, FileId, PoolId, UserId};
use crate::package::signature::Signed;

/// A release of the agent program that was uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRelease {
    /// The id.
    pub id: AgentReleaseId,
    /// Its version, unique among those that are not deleted.
    pub version: String,
    /// The manifest as it was signed, to the byte.
    pub manifest: String,
    /// The signature of the release key over the manifest.
    pub signature: Signed,
    /// The file of each target, by its triple.
    pub files: BTreeMap<String, FileId>,
    /// Who uploaded it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was deleted; the row stays, since rollouts name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// Which agents a release is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RolloutTarget {
    /// All that there are.
    All,
    /// Those of a pool.
    Pool {
        /// Which.
        pool_id: PoolId,
    },
    /// Those that have a label.
    Label {
        /// Which.
        label: String,
    },
}

/// Where a rollout of a release stands. Only `Running` is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgentRolloutState {
    /// It goes on by itself.
    Running,
    /// Every agent has the release.
    Done,
    /// It stopped, since an agent failed.
    Stopped,
    /// Somebody cancelled it.
    Cancelled,
}

/// A release on its way to agents, some first and the rest after these are healthy for a while. At most one is
/// `Running`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRollout {
    /// The id.
    pub id: AgentRolloutId,
    /// Which release.
    pub release_id: AgentReleaseId,
    /// Which agents were asked for.
    pub target: RolloutTarget,
    /// How many agents each stage has.
    pub stages: Vec<u32>,
    /// How long the agents of a stage have to be healthy before the next begins, in milliseconds.
    pub soak_ms: u64,
    /// How long an agent may take from its restart until it is healthy, in milliseconds.
    pub deadline_ms: u64,
    /// Whether an agent that has maintenance windows is updated within one only.
    pub in_windows: bool,
    /// Where it stands.
    pub state: AgentRolloutState,
    /// The stage that is under way, from 0.
    pub stage: u32,
    /// Since when all agents of that stage are healthy.
    pub stage_healthy_at: Option<Timestamp>,
    /// Why it stopped.
    pub reason: Option<String>,
    /// Who asked for it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// How far an agent is with a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgentUpdateState {
    /// Its stage has not come, or it is away, or outside its maintenance windows.
    Waiting,
    /// It fetches the program.
    Fetching,
    /// The program lies ready and was checked.
    Staged,
    /// It takes nothing new, and waits for what runs.
    Draining,
    /// It starts the new program.
    Restarting,
    /// It runs the release, and is connected.
    Healthy,
    /// The new program was not healthy in time; the one before it runs again.
    RolledBack,
    /// It refused the release, or could not fetch it.
    Failed,
    /// The rollout ended before it had begun to restart, or it was deleted.
    Cancelled,
}

impl AgentUpdateState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Fetching,
        Self::Staged,
        Self::Draining,
        Self::Restarting,
        Self::Healthy,
        Self::RolledBack,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing follows.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Healthy | Self::RolledBack | Self::Failed | Self::Cancelled)
    }

    /// Whether it ends a rollout.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::RolledBack | Self::Failed)
    }
}

/// One agent's part of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentUpdate {
    /// The id.
    pub id: AgentUpdateId,
    /// Of which rollout.
    pub rollout_id: AgentRolloutId,
    /// Which agent; once a rollout.
    pub agent_id: AgentId,
    /// In which stage, from 0.
    pub stage: u32,
    /// How far it is.
    pub state: AgentUpdateState,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it came to be so.
    pub changed_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}
