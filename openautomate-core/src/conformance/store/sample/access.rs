//! API keys and custom roles.

use super::{hash, instant};
use crate::domain::{ApiKey, CustomRole};
use crate::id::{ApiKeyId, RoleId, UserId};
use crate::permission::Permission;

/// A key of a person, good for a minute.
#[must_use]
pub fn api_key(user_id: UserId) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(),
        user_id,
        name: "nightly".to_owned(),
        hint: "0a1b2c3d".to_owned(),
        token_hash: hash(),
        scopes: [Permission::RunExecutions, Permission::ReadExecutions].into_iter().collect(),
        created_at: instant(),
        expires_at: instant() + chrono::TimeDelta::seconds(60),
        last_used_at: None,
        revoked_at: None,
        revision: 0,
    }
}

/// A role with this name.
#[must_use]
pub fn custom_role(name: &str) -> CustomRole {
    CustomRole {
        id: RoleId::new(),
        name: name.to_owned(),
        description: "Those who look into the audit".to_owned(),
        permissions: [Permission::ReadAudit].into_iter().collect(),
        created_at: instant(),
        updated_at: instant(),
        revision: 0,
    }
}
