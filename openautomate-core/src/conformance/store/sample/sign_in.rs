//! What people sign in with.

use super::{World, at, hash, instant};
use crate::domain::{ExternalIdentity, PasswordReset, SecondFactor};
use crate::id::ExternalIdentityId;

impl World {
    /// An authenticator of the user that was confirmed; not written yet.
    #[must_use]
    pub fn second_factor(&self) -> SecondFactor {
        SecondFactor {
            user_id: self.user.id,
            secret: Some(vec![1, 0, 255]),
            confirmed_at: Some(at(1)),
            last_step: 59_000_000,
            recovery: vec![hex::encode(hash()), hex::encode(hash())],
            updated_at: instant(),
            revision: 0,
        }
    }

    /// A link to a new password of the user; not written yet.
    #[must_use]
    pub fn password_reset(&self) -> PasswordReset {
        PasswordReset {
            user_id: self.user.id,
            token_hash: hash(),
            created_by: Some(self.user.id),
            created_at: instant(),
            expires_at: at(3_600),
            used_at: None,
            revision: 0,
        }
    }

    /// An account of the user at a provider; not written yet.
    #[must_use]
    pub fn external_identity(&self, subject: &str) -> ExternalIdentity {
        ExternalIdentity {
            id: ExternalIdentityId::new(),
            user_id: self.user.id,
            issuer: "https://login.example.org".to_owned(),
            subject: subject.to_owned(),
            created_at: instant(),
            last_login: None,
            revision: 0,
        }
    }
}
