//! Deployments: which version of a package is the active one, environment by environment.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{DeploymentId, EnvironmentId, PackageId, UserId, VersionId};

/// The active version of a package in an environment; there is at most one a pair. Promoting a version is
/// deploying to another environment what is deployed in one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The id.
    pub id: DeploymentId,
    /// Of which package.
    pub package_id: PackageId,
    /// Where.
    pub environment_id: EnvironmentId,
    /// Which version.
    pub version_id: VersionId,
    /// Who deployed it.
    pub deployed_by: UserId,
    /// When.
    pub deployed_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}
