//! Commands: one struct a wish, one handler each. A handler reads what it needs and returns what shall
//! change; it writes nothing itself. `Orchestrator::execute` does for every command alike: authorize,
//! validate, handle, commit in one transaction, publish.

pub mod agent;
pub mod agent_pool;
pub mod agent_release;
pub mod agent_rollout;
pub mod api_key;
pub mod approval;
pub mod asset;
pub mod bucket;
pub mod calendar;
pub mod child;
pub mod deployment;
pub mod environment;
pub mod execution;
pub mod external_login;
pub mod file;
mod giving;
pub mod identity;
pub mod inputs;
pub mod invitation;
pub mod package;
pub mod password;
pub mod role;
pub mod rollout;
pub mod schedule;
pub mod second_factor;
pub mod session;
pub mod token_keys;
pub mod trigger;
pub mod work_item;
pub mod work_queue;

use async_trait::async_trait;
use serde_json::Value;

use crate::blob::BlobStore;
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::credential::PasswordHasher;
use crate::domain::{AuditEntry, Environment};
use crate::error::{Error, Result};
use crate::id::{AuditId, EnvironmentId, UserId};
use crate::orchestrator::Settings;
use crate::package::signature::PackageSigner;
use crate::permission::{Access, Actor, Environments, Permission, authorize_in, authorize_thing};
use crate::store::Store;
use crate::vault::Vault;

/// A wish to change something.
#[async_trait]
pub trait Command: Send + Sync {
    /// What the caller gets.
    type Output: Send;

    /// The audit's name for it, as in `execution.enqueue`.
    const NAME: &'static str;

    /// What it asks of its actor.
    fn access(&self) -> Access;

    /// Checks what can be checked without reading.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    fn validate(&self) -> Result<()>;

    /// Decides. Called again if a row that it read was changed meanwhile, so it must not act by itself;
    /// writing a blob named by its hash is the one exception.
    ///
    /// # Errors
    /// Whatever forbids the wish; nothing is written then.
    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Self::Output>>;
}

/// What a handler decided.
#[derive(Debug)]
pub struct Decision<T> {
    /// What is committed.
    pub changes: Changes,
    /// What the caller gets once it is; an error here is given after the commit (a refused login leaves its
    /// audit entry).
    pub output: Result<T>,
}

impl<T> Decision<T> {
    /// Changes and an answer.
    pub const fn new(changes: Changes, output: T) -> Self {
        Self { changes, output: Ok(output) }
    }

    /// Nothing changes.
    pub fn unchanged(output: T) -> Self {
        Self::new(Changes::none(), output)
    }

    /// The wish is refused, and that is recorded.
    pub const fn refused(changes: Changes, error: Error) -> Self {
        Self { changes, output: Err(error) }
    }
}

/// What a handler may use.
#[derive(Debug)]
pub struct CommandContext<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The present instant.
    pub now: Timestamp,
    /// For reading.
    pub store: &'a dyn Store,
    /// For contents named by their hash.
    pub blobs: &'a dyn BlobStore,
    /// For signing versions.
    pub signer: &'a PackageSigner,
    /// For sealing assets.
    pub vault: &'a Vault,
    /// For passwords.
    pub passwords: &'a PasswordHasher,
    /// What the operator set.
    pub settings: &'a Settings,
    pub(crate) action: &'static str,
    /// What the command takes of its actor where it takes it of an environment.
    pub(crate) permission: Option<Permission>,
}

impl CommandContext<'_> {
    /// The audit entry of this command about an object. `detail` never holds the value of an input, an
    /// asset or a credential.
    #[must_use]
    pub fn audit(&self, object_kind: &str, object_id: impl ToString, detail: Value) -> AuditEntry {
        self.audit_action(self.action, object_kind, object_id, detail)
    }

    /// An audit entry under another name than the command's.
    #[must_use]
    pub fn audit_action(
        &self,
        action: &str,
        object_kind: &str,
        object_id: impl ToString,
        detail: Value,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(),
            at: self.now,
            actor: self.actor.to_ref(),
            action: action.to_owned(),
            object_kind: object_kind.to_owned(),
            object_id: object_id.to_string(),
            detail: self.actor.detail(detail),
            request_id: self.actor.request_id.clone(),
            ip_address: self.actor.ip_address.clone(),
            seal: None,
        }
    }

    /// The person who asks.
    ///
    /// # Errors
    /// `Forbidden` if it is not a person.
    pub fn user_id(&self) -> Result<UserId> {
        self.actor.user_id().ok_or_else(|| Error::forbidden("only a signed-in person may do this"))
    }

    /// The environment with this id, or the default one, where the actor may do what the command does.
    ///
    /// # Errors
    /// `Invalid` if there is none, or none that the actor may see; `Forbidden` if they may not there.
    pub async fn environment(&self, id: Option<EnvironmentId>) -> Result<Environment> {
        let found = match id {
            Some(id) => self.store.environment(id).await?,
            None => self.store.environments().await?.into_iter().find(|environment| environment.is_default),
        };
        let missing = || Error::invalid_field("environmentId", "names no environment; list them first");
        let found = found.ok_or_else(missing)?;
        let Some(permission) = self.permission else { return Ok(found) };
        if self.actor.allows_in(permission, found.id) {
            return Ok(found);
        }
        if id.is_none() {
            let message = "is left out, and you may not do this in the default environment; name another one";
            return Err(Error::invalid_field("environmentId", message));
        }
        if self.actor.allows_in(Permission::ReadEnvironments, found.id) {
            authorize_in(self.actor, permission, found.id)?;
        }
        Err(missing())
    }

    /// Checks that the actor may do what the command does to something in this environment. To be asked as soon as it is
    /// known where that is: `execute` looks at what is written once more, but has no good answer.
    ///
    /// # Errors
    /// What `missing` says if the actor may not even see it; `Forbidden` if they may see it only.
    pub fn allowed_in(&self, environment: EnvironmentId, missing: impl FnOnce() -> Error) -> Result<()> {
        match self.permission {
            Some(permission) => authorize_thing(self.actor, permission, environment, missing),
            None => Ok(()),
        }
    }

    /// Whether the actor may see what takes this permission to be seen, in this environment. Whoever may do what the
    /// command does everywhere hears of everything.
    #[must_use]
    pub(crate) fn sees(&self, permission: Permission, environment: EnvironmentId) -> bool {
        self.is_everywhere() || self.actor.allows_in(permission, environment)
    }

    /// Whether the actor may do what the command does everywhere, so that nothing is read only to find out where it is.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.permission
            .is_none_or(|permission| self.actor.environments_with(permission) == Environments::Everywhere)
    }
}

impl Changes {
    /// Adds an audit entry.
    #[must_use]
    pub fn audited(mut self, entry: AuditEntry) -> Self {
        self.audit.push(entry);
        self
    }
}
