//! API keys, and roles that people made.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{ApiKey, CustomRole, User};
use openautomate_core::error::Result;
use openautomate_core::id::{ApiKeyId, RoleId, UserId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::{ApiKeyStore, RoleStore};
use uuid::Uuid;

use super::transact::repeat;
use super::{PostgresDriver, PostgresStore};
use crate::driver::{micros, query};
use crate::table::{all, one, page};

#[async_trait]
impl<P: PostgresDriver> ApiKeyStore for PostgresStore<P> {
    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        Ok(one(query("SELECT * FROM api_keys WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        const SELECT: &str = "SELECT * FROM api_keys WHERE token_hash = $1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.pool).await?)
    }

    async fn api_keys(&self, user: UserId, request: PageRequest) -> Result<Page<ApiKey>> {
        const SELECT: &str =
            "SELECT * FROM api_keys WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        Ok(page(query(SELECT).bind(user.as_uuid()), request, &self.pool).await?)
    }

    async fn live_api_keys(&self, ids: &[ApiKeyId], now: Timestamp) -> Result<Vec<ApiKey>> {
        const SELECT: &str = "SELECT k.* FROM api_keys AS k JOIN users AS u ON u.id = k.user_id
            WHERE k.id = ANY($1) AND k.revoked_at IS NULL AND k.expires_at > $2
                AND NOT u.disabled AND u.deleted_at IS NULL";
        let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
        Ok(all(query(SELECT).bind(ids).bind(micros(now)), &self.pool).await?)
    }

    async fn note_api_key_use(&self, id: ApiKeyId, at: Timestamp) -> Result<()> {
        const NOTE: &str = "UPDATE api_keys SET last_used_at = $1
            WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
        let note =
            || async { Ok(query(NOTE).bind(micros(at)).bind(id.as_uuid()).execute(&self.pool).await?) };
        repeat(note).await?;
        Ok(())
    }
}

#[async_trait]
impl<P: PostgresDriver> RoleStore for PostgresStore<P> {
    async fn custom_role(&self, id: RoleId) -> Result<Option<CustomRole>> {
        Ok(one(query("SELECT * FROM custom_roles WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn custom_roles(&self) -> Result<Vec<CustomRole>> {
        Ok(all(query("SELECT * FROM custom_roles ORDER BY id"), &self.pool).await?)
    }

    async fn users_with_role(&self, id: RoleId, limit: u32) -> Result<Vec<User>> {
        const SELECT: &str = "SELECT * FROM users WHERE deleted_at IS NULL
            AND (custom_roles::jsonb @> jsonb_build_array($1::text) OR environment_roles::jsonb @>
                jsonb_build_array(jsonb_build_object('customRoles', jsonb_build_array($1::text))))
            ORDER BY id LIMIT $2";
        Ok(all(query(SELECT).bind(id.to_string()).bind(i64::from(limit)), &self.pool).await?)
    }
}
