//! What people sign in with beside a password: one-time codes, a link to a new password, accounts elsewhere.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ExternalIdentityId, UserId};

/// How a session was signed in to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignInMethod {
    /// By password, and the code of an authenticator where the person has one.
    #[default]
    Password,
    /// By an account at an identity provider, which asks for a second factor itself if it wants one.
    External,
}

/// A person's authenticator: time-based one-time codes (RFC 6238) and recovery codes. At most one a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub user_id: UserId,
    /// The secret, sealed by the vault (`crate::vault::Sealed::to_bytes`); `None` where it is turned off.
    pub secret: Option<Vec<u8>>,
    /// When a first code showed that the person has the secret; before, it is not asked for.
    pub confirmed_at: Option<Timestamp>,
    /// The last time step whose code was taken, in units of 30 seconds: each code is good once, and none before it.
    pub last_step: u64,
    /// SHA-256 of the recovery codes that were not used, in hex.
    pub recovery: Vec<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}

impl SecondFactor {
    /// Whether a code is asked for when the person signs in.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.secret.is_some() && self.confirmed_at.is_some()
    }
}

/// A link by which a person sets a new password, used once. At most one a person: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordReset {
    /// Whose password.
    pub user_id: UserId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// An account at an identity provider, by which a person signs in.
///
/// Its key is the issuer and the subject (OpenID Connect Core 1.0, 5.7): addresses change hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The id.
    pub id: ExternalIdentityId,
    /// Who signs in by it.
    pub user_id: UserId,
    /// The provider, as its tokens name it (`iss`).
    pub issuer: String,
    /// The account there (`sub`); unique with the issuer.
    pub subject: String,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When somebody last signed in by it.
    pub last_login: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}
