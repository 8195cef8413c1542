//! Making and revoking API keys.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::credential::NewApiKey;
use crate::domain::{ApiKey, check_name};
use crate::error::{Error, Result};
use crate::id::ApiKeyId;
use crate::permission::{Access, Permission, PermissionSet, authorize};
use crate::query::PageRequest;
use crate::secret::Secret;

/// How long a key is good if nobody says.
pub const API_KEY_LIFE: Duration = Duration::from_secs(90 * 24 * 3_600);
/// How long a key is good at most (ASVS 5.0 asks for an end of credentials; a year is what people can plan with).
pub const MAX_API_KEY_LIFE: Duration = Duration::from_secs(365 * 24 * 3_600);
const MIN_LIFE: Duration = Duration::from_secs(60);
/// So many keys of a person may be good at once.
const MAX_KEYS: usize = 50;

/// A key that was made. Its text is shown once and never again.
#[derive(Debug)]
pub struct MadeApiKey {
    /// What is kept of it.
    pub row: ApiKey,
    /// The key.
    pub key: Secret<String>,
}

/// Makes an API key for who asks, in person.
#[derive(Clone, Debug)]
pub struct CreateApiKey {
    /// What the person calls it.
    pub name: String,
    /// What it may be used for: at most what the person may, everywhere or in some environments.
    pub scopes: PermissionSet,
    /// How long it is good; [`API_KEY_LIFE`] if nobody says.
    pub life: Option<Duration>,
}

#[async_trait]
impl Command for CreateApiKey {
    type Output = MadeApiKey;
    const NAME: &'static str = "apiKey.create";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        match self.life {
            Some(life) if life > MAX_API_KEY_LIFE => {
                Err(Error::invalid_field("expiresInDays", "is more than a year; give 365 at most"))
            }
            Some(life) if life < MIN_LIFE => {
                Err(Error::invalid_field("expiresInDays", "is no time at all; give at least 1"))
            }
            _ => Ok(()),
        }
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<MadeApiKey>> {
        let user_id = context.user_id()?;
        let beyond = self.scopes.without(context.actor.allowed().somewhere());
        if !beyond.is_empty() {
            let message = format!("holds what you may not do yourself: {beyond}");
            return Err(Error::invalid_field("scopes", message));
        }
        let newest = context.store.api_keys(user_id, PageRequest::new(None, 200)).await?;
        if newest.items.iter().filter(|key| key.is_good(context.now)).count() >= MAX_KEYS {
            let message = format!("you have {MAX_KEYS} keys that are good; revoke one first");
            return Err(Error::conflict("apiKey.too_many", message));
        }
        let made = NewApiKey::generate()?;
        let life = TimeDelta::from_std(self.life.unwrap_or(API_KEY_LIFE)).unwrap_or(TimeDelta::days(90));
        let row = ApiKey {
            id: ApiKeyId::new(),
            user_id,
            name: self.name.clone(),
            hint: made.hint,
            token_hash: made.hash,
            scopes: self.scopes,
            created_at: context.now,
            expires_at: context.now + life,
            last_used_at: None,
            revoked_at: None,
            revision: 0,
        };
        let detail = json!({
            "name": row.name, "hint": row.hint, "scopes": row.scopes, "expiresAt": row.expires_at,
        });
        let changes = Changes::none()
            .insert(Record::ApiKey(row.clone()))
            .audited(context.audit("apiKey", row.id, detail));
        Ok(Decision::new(changes, MadeApiKey { row, key: made.key }))
    }
}

/// Revokes an API key: one's own, or anybody's for those who manage people. A second time changes nothing.
#[derive(Clone, Debug)]
pub struct RevokeApiKey {
    /// Which.
    pub id: ApiKeyId,
}

#[async_trait]
impl Command for RevokeApiKey {
    type Output = ();
    const NAME: &'static str = "apiKey.revoke";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let manages = authorize(context.actor, Access::Permission(Permission::ManageUsers)).is_ok();
        let key = context.store.api_key(self.id).await?;
        // Of others' keys nobody else learns that they are there.
        let is_theirs = |key: &ApiKey| manages || context.actor.user_id() == Some(key.user_id);
        let mut key = key.filter(is_theirs).ok_or_else(|| Error::not_found("API key", self.id))?;
        if key.revoked_at.is_some() {
            return Ok(Decision::unchanged(()));
        }
        key.revoked_at = Some(context.now);
        let detail = json!({"name": key.name, "hint": key.hint, "userId": key.user_id});
        let entry = context.audit("apiKey", key.id, detail);
        Ok(Decision::new(Changes::none().update(Record::ApiKey(key)).audited(entry), ()))
    }
}
