//! What an actor may beyond, or short of, the built-in roles.

use std::collections::BTreeMap;

use super::PermissionSet;
use crate::id::{ApiKeyId, EnvironmentId};

/// What an actor may beyond, or short of, the built-in roles that the principal names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// What custom roles add everywhere.
    pub added: PermissionSet,
    /// What roles in single environments add there.
    pub environments: BTreeMap<EnvironmentId, PermissionSet>,
    /// The API key that the person comes by, where they come by one.
    pub key: Option<KeyInUse>,
}

/// The API key that a request brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInUse {
    /// Which.
    pub id: ApiKeyId,
    /// What it may be used for; never more than the person may.
    pub scopes: PermissionSet,
}
