//! Pools: named sets of agents.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{EnvironmentId, PoolId};

/// A named set of agents of one environment. An agent says in which it is, and may be in several; an execution may
/// ask for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentPool {
    /// The id.
    pub id: PoolId,
    /// Of which environment.
    pub environment_id: EnvironmentId,
    /// The name, unique without regard to case among those of the environment that are not deleted.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}
