//! API keys, and roles that people made.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{ApiKey, CustomRole, User};
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::{ApiKeyId, RoleId, UserId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::{ApiKeyStore, RoleStore};

use super::SqliteStore;
use super::group_commit::Operation;
use super::search::id_list;
use crate::driver::{Connection, Pool, micros, query};
use crate::error::Result;
use crate::table::{all, one, page};

#[async_trait]
impl<P: Pool> ApiKeyStore for SqliteStore<P> {
    async fn api_key(&self, id: ApiKeyId) -> CoreResult<Option<ApiKey>> {
        Ok(one(query("SELECT * FROM api_keys WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> CoreResult<Option<ApiKey>> {
        const SELECT: &str = "SELECT * FROM api_keys WHERE token_hash = ?";
        Ok(one(query(SELECT).bind(&hash[..]), &self.readers).await?)
    }

    async fn api_keys(&self, user: UserId, request: PageRequest) -> CoreResult<Page<ApiKey>> {
        const SELECT: &str =
            "SELECT * FROM api_keys WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ? + 0";
        Ok(page(query(SELECT).bind(user.as_uuid()), request, &self.readers).await?)
    }

    async fn live_api_keys(&self, ids: &[ApiKeyId], now: Timestamp) -> CoreResult<Vec<ApiKey>> {
        const SELECT: &str = "SELECT k.* FROM api_keys AS k JOIN users AS u ON u.id = k.user_id
            WHERE k.id IN (SELECT unhex(value) FROM json_each(?)) AND k.revoked_at IS NULL AND k.expires_at > ?
                AND NOT u.disabled AND u.deleted_at IS NULL";
        let select = query(SELECT).bind(id_list(ids.iter().map(ApiKeyId::as_uuid))).bind(micros(now));
        Ok(all(select, &self.readers).await?)
    }

    async fn note_api_key_use(&self, id: ApiKeyId, at: Timestamp) -> CoreResult<()> {
        self.writer.commit(NoteUse { id, at }).await
    }
}

struct NoteUse {
    id: ApiKeyId,
    at: Timestamp,
}

impl Operation for NoteUse {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        const NOTE: &str = "UPDATE api_keys SET last_used_at = ?1
            WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)";
        query(NOTE).bind(micros(self.at)).bind(self.id.as_uuid()).execute(connection).await?;
        Ok(())
    }
}

#[async_trait]
impl<P: Pool> RoleStore for SqliteStore<P> {
    async fn custom_role(&self, id: RoleId) -> CoreResult<Option<CustomRole>> {
        Ok(one(query("SELECT * FROM custom_roles WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn custom_roles(&self) -> CoreResult<Vec<CustomRole>> {
        Ok(all(query("SELECT * FROM custom_roles ORDER BY id"), &self.readers).await?)
    }

    async fn users_with_role(&self, id: RoleId, limit: u32) -> CoreResult<Vec<User>> {
        const SELECT: &str = "SELECT * FROM users WHERE deleted_at IS NULL
            AND (EXISTS (SELECT 1 FROM json_each(users.custom_roles) WHERE value = ?)
                OR EXISTS (SELECT 1 FROM json_each(users.environment_roles) AS here,
                    json_each(here.value, '$.customRoles') AS named WHERE named.value = ?))
            ORDER BY id LIMIT ? + 0";
        let id = id.to_string();
        Ok(all(query(SELECT).bind(&id).bind(&id).bind(limit), &self.readers).await?)
    }
}
