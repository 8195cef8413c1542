//! People as actors: what they may at this moment, and the API keys that they come by.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Orchestrator;
use crate::credential::api_key_hash;
use crate::domain::{ApiKey, CustomRole, EnvironmentRoles, User};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, RoleId, SessionId};
use crate::permission::{Actor, KeyInUse, PermissionSet, Powers, Principal, given_in_environment};

/// The last use of a key is written at most so often.
const NOTE_EVERY: TimeDelta = TimeDelta::seconds(60);

impl Orchestrator {
    /// A person as an actor, with what their custom roles and their roles in single environments add at this moment.
    /// Nothing is read for whoever has none.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn person(&self, user: &User, session: Option<SessionId>) -> Result<Actor> {
        let roles = self.custom_roles(&user.custom_roles).await?;
        let added = roles.iter().fold(PermissionSet::EMPTY, |set, role| set.union(role.permissions));
        let environments = self.in_environments(&user.environment_roles).await?;
        let (id, name, roles) = (user.id, user.username.clone(), user.roles.clone());
        let actor = Actor::of(Principal::User { id, name, roles, session });
        Ok(actor.with_powers(Powers { added, environments, key: None }))
    }

    /// The person whose API key this is, with what the key may be used for. The key, the account and the roles are read
    /// anew each time.
    ///
    /// # Errors
    /// `Unauthenticated` if the key or its person is not good.
    pub async fn person_by_key(&self, text: &str) -> Result<Actor> {
        let refused =
            || Error::unauthenticated("the API key is unknown, expired or revoked; make another, or sign in");
        let hash = api_key_hash(text).ok_or_else(refused)?;
        let now = self.clock().now();
        let key = self.store().api_key_by_hash(&hash).await?.filter(|key| key.is_good(now));
        let key = key.ok_or_else(refused)?;
        let user = self.store().user(key.user_id).await?;
        let user = user.filter(|user| !user.disabled && user.deleted_at.is_none()).ok_or_else(refused)?;
        if key.last_used_at.is_none_or(|at| now - at >= NOTE_EVERY) {
            // Worth a line, and not the request.
            if let Err(error) = self.store().note_api_key_use(key.id, now).await {
                tracing::warn!(%error, key = %key.id, "the use of an API key could not be noted");
            }
        }
        self.by_key(&user, &key).await
    }

    /// A person as an actor who comes by a key.
    pub(crate) async fn by_key(&self, user: &User, key: &ApiKey) -> Result<Actor> {
        let mut actor = self.person(user, None).await?;
        actor.powers.key = Some(KeyInUse { id: key.id, scopes: key.scopes });
        Ok(actor)
    }

    /// What these roles give in each environment.
    async fn in_environments(
        &self,
        given: &[EnvironmentRoles],
    ) -> Result<BTreeMap<EnvironmentId, PermissionSet>> {
        // A role that counts in many environments is read once.
        let ids: BTreeSet<RoleId> = given.iter().flat_map(|one| one.custom_roles.iter().copied()).collect();
        let ids: Vec<RoleId> = ids.into_iter().collect();
        let custom = self.custom_roles(&ids).await?;
        let here = |one: &EnvironmentRoles| {
            let custom = custom.iter().filter(|role| one.custom_roles.contains(&role.id));
            (one.environment_id, given_in_environment(&one.roles, custom))
        };
        Ok(given.iter().map(here).collect())
    }

    /// The custom roles with these ids that are there.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn custom_roles(&self, ids: &[RoleId]) -> Result<Vec<CustomRole>> {
        let mut roles = Vec::with_capacity(ids.len());
        for id in ids {
            roles.extend(self.store().custom_role(*id).await?);
        }
        Ok(roles)
    }
}
