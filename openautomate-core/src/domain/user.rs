//! People, their sessions, and the invitations that make them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::{EnvironmentRoles, Role, SignInMethod};
use crate::id::{InvitationId, RoleId, SessionId, UserId};

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name to sign in with; unique without regard to case.
    pub username: String,
    /// The address; unique without regard to case.
    pub email: String,
    /// The argon2id hash in PHC form; empty for somebody who has no password. Never serialized.
    #[serde(skip)]
    pub password_hash: String,
    /// What the person may do; sorted, without repetition.
    pub roles: Vec<Role>,
    /// The roles that people made, which the person has besides; sorted, without repetition.
    #[serde(default)]
    pub custom_roles: Vec<RoleId>,
    /// The roles in single environments besides; sorted, one entry an environment.
    #[serde(default)]
    pub environment_roles: Vec<EnvironmentRoles>,
    /// A disabled person can't sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the person last signed in.
    pub last_login: Option<Timestamp>,
    /// When the account was deleted; the row stays for the audit's sake.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// A signed-in session: one family of refresh tokens, of which only the newest is good.
///
/// A refresh with the previous token after the grace period is a theft and ends the session (RFC 9700 4.14).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The id; it stands in the access tokens as `sid`.
    pub id: SessionId,
    /// Whose session.
    pub user_id: UserId,
    /// How it was signed in to.
    pub method: SignInMethod,
    /// SHA-256 of the current refresh token.
    pub token_hash: [u8; 32],
    /// SHA-256 of the one before.
    pub previous_token_hash: Option<[u8; 32]>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the token was last exchanged.
    pub rotated_at: Timestamp,
    /// The address that last exchanged it, where it is known.
    pub ip_address: Option<String>,
    /// The program that last exchanged it, as it names itself.
    pub user_agent: Option<String>,
    /// After this instant no refresh is accepted.
    pub expires_at: Timestamp,
    /// When and whether it was ended.
    pub revoked_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// An invitation to register, used once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The id.
    pub id: InvitationId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The address it was made for; the account gets this one.
    pub email: String,
    /// The roles that the account gets.
    pub roles: Vec<Role>,
    /// Who invited; `None` for the first Administrator.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

impl User {
    /// The hash of the password, where the person has one.
    #[must_use]
    pub fn hash(&self) -> Option<String> {
        (!self.password_hash.is_empty()).then(|| self.password_hash.clone())
    }
}

impl Invitation {
    /// Whether it may be accepted at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.withdrawn_at.is_none() && self.expires_at > now
    }
}
