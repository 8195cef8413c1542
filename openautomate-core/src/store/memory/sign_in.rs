//! Open sessions and invitations, and what people sign in with beside a password.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use crate::clock::Timestamp;
use crate::domain::{ExternalIdentity, Invitation, PasswordReset, SecondFactor, Session};
use crate::error::Result;
use crate::id::{InvitationId, UserId};
use crate::query::{Page, PageRequest};
use crate::store::SignInStore;

#[async_trait]
impl SignInStore for MemoryStore {
    async fn open_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        request: PageRequest,
    ) -> Result<Page<Session>> {
        let state = self.state();
        let is_open = |row: &Session| row.user_id == user && row.revoked_at.is_none() && row.expires_at > now;
        Ok(page(state.sessions.values().rev(), request, |row| *row.id.as_uuid(), is_open))
    }

    async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>> {
        Ok(self.state().invitations.get(&id).cloned())
    }

    async fn open_invitations(&self, now: Timestamp, request: PageRequest) -> Result<Page<Invitation>> {
        let state = self.state();
        let is_open = |row: &Invitation| row.is_open(now) && !row.email.is_empty();
        Ok(page(state.invitations.values().rev(), request, |row| *row.id.as_uuid(), is_open))
    }

    async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>> {
        Ok(self.state().second_factors.get(&user).cloned())
    }

    async fn password_reset(&self, user: UserId) -> Result<Option<PasswordReset>> {
        Ok(self.state().password_resets.get(&user).cloned())
    }

    async fn password_reset_by_token(&self, hash: &[u8; 32]) -> Result<Option<PasswordReset>> {
        Ok(self.state().password_resets.values().find(|row| row.token_hash == *hash).cloned())
    }

    async fn external_identity(&self, issuer: &str, subject: &str) -> Result<Option<ExternalIdentity>> {
        let is_it = |row: &&ExternalIdentity| row.issuer == issuer && row.subject == subject;
        Ok(self.state().external_identities.values().find(is_it).cloned())
    }

    async fn external_identities(&self, user: UserId) -> Result<Vec<ExternalIdentity>> {
        let state = self.state();
        Ok(state.external_identities.values().filter(|row| row.user_id == user).cloned().collect())
    }
}
