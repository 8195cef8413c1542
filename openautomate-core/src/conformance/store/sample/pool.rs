//! Pools of agents.

use super::instant;
use crate::domain::AgentPool;
use crate::id::{EnvironmentId, PoolId};

/// A pool of an environment.
#[must_use]
pub fn pool(name: &str, environment_id: EnvironmentId) -> AgentPool {
    AgentPool {
        id: PoolId::new(),
        environment_id,
        name: name.to_owned(),
        description: "for invoices".to_owned(),
        created_at: instant(),
        deleted_at: None,
        revision: 0,
    }
}
