//! Open sessions and invitations, and what people sign in with beside a password.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{ExternalIdentity, Invitation, PasswordReset, SecondFactor, Session};
use crate::error::Result;
use crate::id::{InvitationId, UserId};
use crate::query::{Page, PageRequest};

/// Reads what people sign in with. Every method fails with `Unavailable` if the database does not answer, and in no
/// other way.
///
/// # Contract
/// - `open_sessions` gives those of a person that are neither revoked nor expired at `now`, newest first
///   (`sign_in::open_sessions`).
/// - `open_invitations` gives those that were neither used nor withdrawn and have not expired at `now`, newest first;
///   the one for the first Administrator, which names no address, is left out (`sign_in::open_invitations`).
/// - A person has at most one second factor and one password reset (`sign_in::one_a_person`); the token of a reset is
///   unique (`sign_in::one_a_person`).
/// - Issuer and subject of an external identity are unique together and compared with regard to case
///   (`sign_in::external_identities`). `external_identities` gives those of a person, oldest first; one that was removed
///   is there no more, and may come again (`sign_in::linked_accounts`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait SignInStore {
    /// The sessions of a person in which they are signed in.
    async fn open_sessions(&self, user: UserId, now: Timestamp, page: PageRequest) -> Result<Page<Session>>;
    /// The invitation with this id.
    async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>>;
    /// The invitations that may be accepted.
    async fn open_invitations(&self, now: Timestamp, page: PageRequest) -> Result<Page<Invitation>>;
    /// The authenticator of a person, turned on or not.
    async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>>;
    /// The newest link to a new password of a person, whatever became of it.
    async fn password_reset(&self, user: UserId) -> Result<Option<PasswordReset>>;
    /// The link with this token hash.
    async fn password_reset_by_token(&self, hash: &[u8; 32]) -> Result<Option<PasswordReset>>;
    /// Who an account at a provider is.
    async fn external_identity(&self, issuer: &str, subject: &str) -> Result<Option<ExternalIdentity>>;
    /// The accounts at providers by which a person signs in.
    async fn external_identities(&self, user: UserId) -> Result<Vec<ExternalIdentity>>;
}
