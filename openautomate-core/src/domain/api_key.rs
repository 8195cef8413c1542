//! API keys: how a person's programs sign in.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ApiKeyId, UserId};
use crate::permission::PermissionSet;

/// A key by which programs act for a person.
///
/// It may do what both its scopes and the person's roles allow at the moment of a request, and nothing that changes
/// who may what. It is good while it is neither revoked nor expired and its person neither disabled nor deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// Whose.
    pub user_id: UserId,
    /// What the person calls it.
    pub name: String,
    /// The eight characters behind `oa_pat_`, by which people find a key again that lies about somewhere.
    pub hint: String,
    /// SHA-256 of the whole key. Never serialized.
    #[serde(skip)]
    pub token_hash: [u8; 32],
    /// What it may be used for.
    pub scopes: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant it is no good.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When and whether it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Raised with each change; not when it is used.
    pub revision: i64,
}

impl ApiKey {
    /// Whether it is good by itself; its person may not be.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}
