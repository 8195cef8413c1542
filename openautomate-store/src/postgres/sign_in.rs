//! Open sessions and invitations, and what people sign in with beside a password.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{ExternalIdentity, Invitation, PasswordReset, SecondFactor, Session};
use openautomate_core::error::Result;
use openautomate_core::id::{InvitationId, UserId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::SignInStore;

use super::search::searchable;
use super::{PostgresDriver, PostgresStore};
use crate::driver::{micros, query};
use crate::table::{all, one, page};

#[async_trait]
impl<P: PostgresDriver> SignInStore for PostgresStore<P> {
    async fn open_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        request: PageRequest,
    ) -> Result<Page<Session>> {
        const SELECT: &str =
            "SELECT * FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
            AND id < $3 ORDER BY id DESC LIMIT $4";
        Ok(page(query(SELECT).bind(user.as_uuid()).bind(micros(now)), request, &self.pool).await?)
    }

    async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>> {
        Ok(one(query("SELECT * FROM invitations WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn open_invitations(&self, now: Timestamp, request: PageRequest) -> Result<Page<Invitation>> {
        const SELECT: &str = "SELECT * FROM invitations WHERE used_at IS NULL AND withdrawn_at IS NULL
            AND email <> '' AND expires_at > $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        Ok(page(query(SELECT).bind(micros(now)), request, &self.pool).await?)
    }

    async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>> {
        const SELECT: &str = "SELECT * FROM second_factors WHERE id = $1";
        Ok(one(query(SELECT).bind(user.as_uuid()), &self.pool).await?)
    }

    async fn password_reset(&self, user: UserId) -> Result<Option<PasswordReset>> {
        const SELECT: &str = "SELECT * FROM password_resets WHERE id = $1";
        Ok(one(query(SELECT).bind(user.as_uuid()), &self.pool).await?)
    }

    async fn password_reset_by_token(&self, hash: &[u8; 32]) -> Result<Option<PasswordReset>> {
        const SELECT: &str = "SELECT * FROM password_resets WHERE token_hash = $1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.pool).await?)
    }

    async fn external_identity(&self, issuer: &str, subject: &str) -> Result<Option<ExternalIdentity>> {
        const SELECT: &str = "SELECT * FROM external_identities WHERE issuer = $1 AND subject = $2";
        Ok(one(query(SELECT).bind(searchable(issuer)).bind(searchable(subject)), &self.pool).await?)
    }

    async fn external_identities(&self, user: UserId) -> Result<Vec<ExternalIdentity>> {
        const SELECT: &str = "SELECT * FROM external_identities WHERE user_id = $1 ORDER BY id";
        Ok(all(query(SELECT).bind(user.as_uuid()), &self.pool).await?)
    }
}
