//! API keys, and roles that people made.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use crate::clock::Timestamp;
use crate::domain::{ApiKey, CustomRole, User};
use crate::error::Result;
use crate::id::{ApiKeyId, RoleId, UserId};
use crate::query::{Page, PageRequest};
use crate::store::{ApiKeyStore, RoleStore};

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        Ok(self.state().api_keys.get(&id).cloned())
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        Ok(self.state().api_keys.values().find(|key| key.token_hash == *hash).cloned())
    }

    async fn api_keys(&self, user: UserId, request: PageRequest) -> Result<Page<ApiKey>> {
        let state = self.state();
        Ok(page(state.api_keys.values().rev(), request, |key| *key.id.as_uuid(), |key| key.user_id == user))
    }

    async fn live_api_keys(&self, ids: &[ApiKeyId], now: Timestamp) -> Result<Vec<ApiKey>> {
        let state = self.state();
        let live = |key: &&ApiKey| {
            let user = state.users.get(&key.user_id);
            key.is_good(now) && user.is_some_and(|user| !user.disabled && user.deleted_at.is_none())
        };
        Ok(ids.iter().filter_map(|id| state.api_keys.get(id)).filter(live).cloned().collect())
    }

    async fn note_api_key_use(&self, id: ApiKeyId, at: Timestamp) -> Result<()> {
        if let Some(key) = self.state().api_keys.get_mut(&id) {
            key.last_used_at = key.last_used_at.max(Some(at));
        }
        Ok(())
    }
}

#[async_trait]
impl RoleStore for MemoryStore {
    async fn custom_role(&self, id: RoleId) -> Result<Option<CustomRole>> {
        Ok(self.state().custom_roles.get(&id).cloned())
    }

    async fn custom_roles(&self) -> Result<Vec<CustomRole>> {
        Ok(self.state().custom_roles.values().cloned().collect())
    }

    async fn users_with_role(&self, id: RoleId, limit: u32) -> Result<Vec<User>> {
        let state = self.state();
        let has = |user: &&User| {
            user.custom_roles.contains(&id)
                || user.environment_roles.iter().any(|one| one.custom_roles.contains(&id))
        };
        let holders = state.users.values().filter(|user| user.deleted_at.is_none()).filter(has);
        Ok(holders.take(limit as usize).cloned().collect())
    }
}
