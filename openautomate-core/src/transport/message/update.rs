//! What is said of updates of the agent program, and of versions that are made ready.

use serde::{Deserialize, Serialize};

use crate::domain::PreparationState;
use crate::id::{AgentRolloutId, VersionId};
use crate::release::SignedManifest;

/// A release that an agent shall run. It is told again whenever the agent connects, until it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateOrder {
    /// Of which rollout, under which it is fetched and told of.
    pub rollout: AgentRolloutId,
    /// The release.
    pub release: SignedManifest,
    /// Whether the rollout has ended: what has not begun to restart shall not.
    #[serde(default)]
    pub is_cancelled: bool,
}

/// How far an agent is with a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparationWord {
    /// Which version.
    pub version: VersionId,
    /// How far.
    pub state: PreparationState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
