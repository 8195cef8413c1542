//! What an actor may beyond, or short of, the built-in roles.

use super::PermissionSet;
use crate::id::ApiKeyId;

/// What an actor may beyond, or short of, the built-in roles that the principal names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// What custom roles add.
    pub added: PermissionSet,
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
