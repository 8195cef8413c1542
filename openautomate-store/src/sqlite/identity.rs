//! People, sessions, invitations, environments.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Environment, Invitation, Session, User};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, SessionId, UserId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::IdentityStore;

use super::SqliteStore;
use super::search::id_list;
use crate::driver::{Columns, Pool, micros, query};
use crate::error::{Error, Result as RowResult};
use crate::table::{all, one, page};

#[async_trait]
impl<P: Pool> IdentityStore for SqliteStore<P> {
    async fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(one(query("SELECT * FROM users WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<User>> {
        // A name that looks like another's address is still that name: names are asked first.
        const SELECT: &str = "SELECT * FROM users WHERE username = ?1 AND deleted_at IS NULL
            UNION ALL SELECT * FROM users WHERE email = ?1 AND deleted_at IS NULL LIMIT 1";
        Ok(one(query(SELECT).bind(login), &self.readers).await?)
    }

    async fn users(&self, request: PageRequest) -> Result<Page<User>> {
        const SELECT: &str =
            "SELECT * FROM users WHERE deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ? + 0";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn count_administrators(&self) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM users WHERE deleted_at IS NULL AND disabled = 0
            AND EXISTS (SELECT 1 FROM json_each(users.roles) WHERE value = 'Administrator')";
        let count: i64 = query(COUNT).fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(one(query("SELECT * FROM sessions WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn session_by_token(&self, hash: &[u8; 32]) -> Result<Option<Session>> {
        const SELECT: &str = "SELECT * FROM sessions WHERE token_hash = ?1
            UNION ALL SELECT * FROM sessions WHERE previous_token_hash = ?1 LIMIT 1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.readers).await?)
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>> {
        const SELECT: &str =
            "SELECT * FROM sessions WHERE user_id = ? AND revoked_at IS NULL ORDER BY id DESC";
        Ok(all(query(SELECT).bind(user.as_uuid()), &self.readers).await?)
    }

    async fn live_sessions(&self, ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionId>> {
        const SELECT: &str = "SELECT s.id FROM sessions AS s JOIN users AS u ON u.id = s.user_id
            WHERE s.id IN (SELECT unhex(value) FROM json_each(?)) AND s.revoked_at IS NULL AND s.expires_at > ?
                AND NOT u.disabled AND u.deleted_at IS NULL";
        let select = query(SELECT).bind(id_list(ids.iter().map(SessionId::as_uuid))).bind(micros(now));
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        let live = rows.iter().map(|row| Columns::of(row, "session").uuid("id").map(SessionId::from_uuid));
        Ok(live.collect::<RowResult<_>>()?)
    }

    async fn invitation_by_token(&self, hash: &[u8; 32]) -> Result<Option<Invitation>> {
        const SELECT: &str = "SELECT * FROM invitations WHERE token_hash = ?";
        Ok(one(query(SELECT).bind(&hash[..]), &self.readers).await?)
    }

    async fn environment(&self, id: EnvironmentId) -> Result<Option<Environment>> {
        Ok(one(query("SELECT * FROM environments WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn environments(&self) -> Result<Vec<Environment>> {
        Ok(all(query("SELECT * FROM environments ORDER BY id"), &self.readers).await?)
    }
}
