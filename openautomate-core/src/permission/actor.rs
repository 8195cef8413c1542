//! Who asks, and what they may.

use serde_json::Value;

use super::{Allowed, Environments, Permission, PermissionSet, Powers};
use crate::domain::{ActorKind, ActorRef, Role};
use crate::id::{AgentId, EnvironmentId, SessionId, UserId};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person who is signed in.
    User {
        /// Who.
        id: UserId,
        /// The user name.
        name: String,
        /// What they may do.
        roles: Vec<Role>,
        /// In which session, where there is one.
        session: Option<SessionId>,
    },
    /// An agent that proved its key.
    Agent {
        /// Which.
        id: AgentId,
        /// Its name.
        name: String,
    },
    /// The orchestrator, or the program that embeds it.
    System,
    /// Nobody is signed in.
    Anonymous,
}

/// Who asks, and through which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// The request's id.
    pub request_id: Option<String>,
    /// The address that asks.
    pub ip_address: Option<String>,
    /// What a person may beyond, or short of, their built-in roles.
    pub powers: Powers,
}

impl Actor {
    /// The orchestrator itself, or the program that embeds it: may do everything.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Principal::System)
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::of(Principal::Anonymous)
    }

    /// A principal without a request.
    #[must_use]
    pub fn of(principal: Principal) -> Self {
        Self { principal, request_id: None, ip_address: None, powers: Powers::default() }
    }

    /// The same with these powers.
    #[must_use]
    pub fn with_powers(self, powers: Powers) -> Self {
        Self { powers, ..self }
    }

    /// What a person may everywhere at this moment: what their roles give, built-in and custom, and with an API key no
    /// more than it is for. Nothing for others than people.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        let Principal::User { roles, .. } = &self.principal else { return PermissionSet::EMPTY };
        let given =
            roles.iter().fold(self.powers.added, |set, role| set.union(PermissionSet::of_role(*role)));
        self.powers.key.map_or(given, |key| given.intersection(key.scopes))
    }

    /// As [`Actor::permissions`], with what their roles in single environments give there.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        let everywhere = Allowed::everywhere(self.permissions());
        if !matches!(self.principal, Principal::User { .. }) || self.powers.environments.is_empty() {
            return everywhere;
        }
        let besides = Allowed { environments: self.powers.environments.clone(), ..Allowed::default() };
        let besides = match self.powers.key {
            Some(key) => besides.intersection(key.scopes),
            None => besides,
        };
        everywhere.union(&besides)
    }

    /// Whether this is allowed everywhere.
    #[must_use]
    pub fn allows(&self, permission: Permission) -> bool {
        self.principal == Principal::System || self.allowed().contains(permission)
    }

    /// Whether this is allowed in an environment.
    #[must_use]
    pub fn allows_in(&self, permission: Permission, environment: EnvironmentId) -> bool {
        self.environments_with(permission).contains(environment)
    }

    /// Where this is allowed.
    #[must_use]
    pub fn environments_with(&self, permission: Permission) -> Environments {
        if self.principal == Principal::System {
            return Environments::Everywhere;
        }
        self.allowed().environments_with(permission)
    }

    /// Whether it is an Administrator in person, and not one of their API keys.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        let Principal::User { roles, .. } = &self.principal else { return false };
        self.powers.key.is_none() && roles.contains(&Role::Administrator)
    }

    /// The person's id.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The detail of an audit entry of this actor: it names the API key that the person came by.
    pub(crate) fn detail(&self, mut detail: Value) -> Value {
        if let (Some(key), Some(map)) = (self.powers.key, detail.as_object_mut()) {
            map.insert("apiKeyId".to_owned(), Value::String(key.id.to_string()));
        }
        detail
    }

    /// How the audit names the actor.
    #[must_use]
    pub fn to_ref(&self) -> ActorRef {
        let (kind, id, name) = match &self.principal {
            Principal::User { id, name, .. } => (ActorKind::User, Some(id.to_string()), name.as_str()),
            Principal::Agent { id, name } => (ActorKind::Agent, Some(id.to_string()), name.as_str()),
            Principal::System => (ActorKind::System, None, "system"),
            Principal::Anonymous => (ActorKind::Anonymous, None, "anonymous"),
        };
        ActorRef { kind, id, name: name.to_owned() }
    }
}
