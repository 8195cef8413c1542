//! People, sessions, invitations, environments.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Environment, Invitation, Session, User};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, SessionId, UserId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::IdentityStore;

use super::search::searchable;
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, micros, query};
use crate::error::{Error, Result as RowResult};
use crate::table::{all, one, page};
use uuid::Uuid;

#[async_trait]
impl<P: PostgresDriver> IdentityStore for PostgresStore<P> {
    async fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(one(query("SELECT * FROM users WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<User>> {
        // A name that looks like another's address is still that name: names are asked first.
        const SELECT: &str =
            "SELECT * FROM users WHERE lower(username) = lower($1 COLLATE \"C\") AND deleted_at IS NULL
            UNION ALL
            SELECT * FROM users WHERE lower(email) = lower($1 COLLATE \"C\") AND deleted_at IS NULL LIMIT 1";
        Ok(one(query(SELECT).bind(searchable(login)), &self.pool).await?)
    }

    async fn users(&self, request: PageRequest) -> Result<Page<User>> {
        const SELECT: &str =
            "SELECT * FROM users WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        Ok(page(query(SELECT), request, &self.pool).await?)
    }

    async fn count_administrators(&self) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM users WHERE deleted_at IS NULL AND NOT disabled
            AND roles::jsonb @> '[\"Administrator\"]'";
        let count: i64 = query(COUNT).fetch_value(&self.pool).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(one(query("SELECT * FROM sessions WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn session_by_token(&self, hash: &[u8; 32]) -> Result<Option<Session>> {
        const SELECT: &str = "SELECT * FROM sessions WHERE token_hash = $1
            UNION ALL SELECT * FROM sessions WHERE previous_token_hash = $1 LIMIT 1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.pool).await?)
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>> {
        const SELECT: &str =
            "SELECT * FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id DESC";
        Ok(all(query(SELECT).bind(user.as_uuid()), &self.pool).await?)
    }

    async fn live_sessions(&self, ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionId>> {
        const SELECT: &str = "SELECT s.id FROM sessions AS s JOIN users AS u ON u.id = s.user_id
            WHERE s.id = ANY($1) AND s.revoked_at IS NULL AND s.expires_at > $2
                AND NOT u.disabled AND u.deleted_at IS NULL";
        let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
        let select = query(SELECT).bind(ids).bind(micros(now));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        let live = rows.iter().map(|row| Columns::of(row, "session").uuid("id").map(SessionId::from_uuid));
        Ok(live.collect::<RowResult<_>>()?)
    }

    async fn invitation_by_token(&self, hash: &[u8; 32]) -> Result<Option<Invitation>> {
        const SELECT: &str = "SELECT * FROM invitations WHERE token_hash = $1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.pool).await?)
    }

    async fn environment(&self, id: EnvironmentId) -> Result<Option<Environment>> {
        Ok(one(query("SELECT * FROM environments WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn environments(&self) -> Result<Vec<Environment>> {
        Ok(all(query("SELECT * FROM environments ORDER BY id"), &self.pool).await?)
    }
}
