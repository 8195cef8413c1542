//! Rollouts: how a version came to be the active one of an environment, or did not.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{EnvironmentId, PackageId, RolloutId, UserId, VersionId};

/// Why a version shall be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutKind {
    /// Somebody chose it.
    Deploy,
    /// It is the active one of another environment.
    Promote,
    /// It was the active one before.
    RollBack,
}

/// Where a rollout stands. Only `Waiting` is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutState {
    /// Somebody else has to agree (`Environment::four_eyes`).
    Waiting,
    /// The version became the active one.
    Done,
    /// Somebody else did not agree.
    Rejected,
    /// Whoever asked for it thought better of it.
    Withdrawn,
}

impl RolloutState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Done, Self::Rejected, Self::Withdrawn];
}

/// A wish to make a version the active one of an environment, and what became of it. At most one for a package in an
/// environment is `Waiting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// The id.
    pub id: RolloutId,
    /// Of which package.
    pub package_id: PackageId,
    /// Where.
    pub environment_id: EnvironmentId,
    /// Which version.
    pub version_id: VersionId,
    /// Why.
    pub kind: RolloutKind,
    /// Where it is promoted from.
    pub from_environment_id: Option<EnvironmentId>,
    /// The version that it replaced; while it waits, the one that it would have replaced when it was asked for.
    pub previous_version_id: Option<VersionId>,
    /// Where it stands.
    pub state: RolloutState,
    /// Who asked for it.
    pub requested_by: UserId,
    /// When.
    pub requested_at: Timestamp,
    /// Who decided; whoever asked, where nobody else had to agree.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What whoever decided said.
    pub comment: String,
    /// Raised with each change.
    pub revision: i64,
}
