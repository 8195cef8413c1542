//! Roles that people made: named sets of permissions beside the built-in ones.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::RoleId;
use crate::permission::PermissionSet;

/// A role that somebody made. It is never an Administrator's, whatever is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomRole {
    /// The id.
    pub id: RoleId,
    /// The name, unique without regard to case, and none of the built-in roles'.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Raised with each change, and when somebody gets the role.
    pub revision: i64,
}
