//! Roles: what a person may do, as the permission table says (`crate::permission`).

use serde::{Deserialize, Serialize};

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Everything, people and settings too.
    Administrator,
    /// Runs the place: agents, executions, schedules, assets.
    Operator,
    /// Writes automations: packages, versions, executions.
    Developer,
    /// Looks, and changes nothing.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::Operator, Self::Developer, Self::Viewer];
}
