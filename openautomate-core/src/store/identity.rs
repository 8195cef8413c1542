//! People, sessions, invitations, environments.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Environment, Invitation, Session, User};
use crate::error::Result;
use crate::id::{EnvironmentId, SessionId, UserId};
use crate::query::{Page, PageRequest};

/// Reads people, their sessions and the environments. Every method fails with `Unavailable` if the database
/// does not answer, and in no other way.
///
/// # Contract
/// - Names and addresses are compared without regard to ASCII case (`read::login_ignores_case`).
/// - `users` leaves deleted people out; `user` gives them too (`read::deleted_users`).
/// - A session is good while it is neither revoked nor expired and its person neither disabled nor deleted
///   (`read::live_sessions`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait IdentityStore {
    /// The person with this id, deleted or not.
    async fn user(&self, id: UserId) -> Result<Option<User>>;
    /// The person with this user name or address who is not deleted.
    async fn user_by_login(&self, login: &str) -> Result<Option<User>>;
    /// People who are not deleted, newest first.
    async fn users(&self, page: PageRequest) -> Result<Page<User>>;
    /// How many people who are neither deleted nor disabled are Administrators.
    async fn count_administrators(&self) -> Result<u64>;
    /// The session with this id.
    async fn session(&self, id: SessionId) -> Result<Option<Session>>;
    /// The session whose current or previous refresh token has this hash; if two have it, the one of which it
    /// is current.
    async fn session_by_token(&self, hash: &[u8; 32]) -> Result<Option<Session>>;
    /// The sessions of a person that are not revoked, newest first; expired ones too.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>>;
    /// Those of these sessions that are good at `now`, in any order.
    async fn live_sessions(&self, ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionId>>;
    /// The invitation with this token hash.
    async fn invitation_by_token(&self, hash: &[u8; 32]) -> Result<Option<Invitation>>;
    /// The environment with this id.
    async fn environment(&self, id: EnvironmentId) -> Result<Option<Environment>>;
    /// All environments, oldest first.
    async fn environments(&self) -> Result<Vec<Environment>>;
}
