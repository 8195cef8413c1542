//! Making and changing environments.

mod pause;

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Environment, check_limit, check_name};
use crate::error::{Error, Result};
use crate::id::EnvironmentId;
use crate::package::signature::PublicKey;
use crate::permission::{Access, Permission};

pub use pause::{PauseEnvironment, ResumeEnvironment};

const MAX_AUTHOR_KEYS: usize = 100;
/// Each request that names none reads them all.
const MAX_ENVIRONMENTS: usize = 1_000;

/// Checks a limit of executions at once where 0 takes it away.
pub(super) fn check_new_limit(limit: u32) -> Result<()> {
    if limit == 0 { Ok(()) } else { check_limit("maxConcurrent", limit) }
}

/// Makes an environment.
#[derive(Clone, Debug)]
pub struct CreateEnvironment {
    /// Its name.
    pub name: String,
    /// The keys of the authors; if there are any, only versions that one of them signed are deployed and run.
    pub author_keys: Vec<PublicKey>,
    /// Whether somebody else than who asks has to agree to what is deployed there.
    pub four_eyes: bool,
    /// How many executions may be with agents at once; `None` for no limit.
    pub max_concurrent: Option<u32>,
}

#[async_trait]
impl Command for CreateEnvironment {
    type Output = Environment;
    const NAME: &'static str = "environment.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageEnvironments)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        self.max_concurrent.iter().try_for_each(|limit| check_limit("maxConcurrent", *limit))?;
        check_keys(&self.author_keys)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Environment>> {
        if context.store.environments().await?.len() >= MAX_ENVIRONMENTS {
            let message = format!("there are {MAX_ENVIRONMENTS} environments already; rename one");
            return Err(Error::conflict("environment.too_many", message));
        }
        let environment = Environment {
            id: EnvironmentId::new(),
            name: self.name.clone(),
            is_default: false,
            author_keys: sorted(&self.author_keys),
            max_concurrent: self.max_concurrent,
            four_eyes: self.four_eyes,
            pause: None,
            created_at: context.now,
            revision: 0,
        };
        let changes = Changes::none()
            .insert(Record::Environment(environment.clone()))
            .audited(context.audit("environment", environment.id, detail(&environment)));
        Ok(Decision::new(changes, environment))
    }
}

/// Changes an environment; what is `None` stays.
#[derive(Clone, Debug)]
pub struct UpdateEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// Another name.
    pub name: Option<String>,
    /// Whether it is meant where a request names none. One is always: choose another one to end that.
    pub is_default: Option<bool>,
    /// The keys of the authors; if there are any, only versions that one of them signed are deployed and run.
    pub author_keys: Option<Vec<PublicKey>>,
    /// How many executions may be with agents at once; 0 for no limit.
    pub max_concurrent: Option<u32>,
    /// Whether somebody else than who asks has to agree to what is deployed there. What waits for that goes on
    /// waiting.
    pub four_eyes: Option<bool>,
}

impl UpdateEnvironment {
    /// Changes nothing yet.
    #[must_use]
    pub const fn new(id: EnvironmentId) -> Self {
        Self {
            id,
            revision: None,
            name: None,
            is_default: None,
            author_keys: None,
            max_concurrent: None,
            four_eyes: None,
        }
    }
}

#[async_trait]
impl Command for UpdateEnvironment {
    type Output = Environment;
    const NAME: &'static str = "environment.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageEnvironments)
    }

    fn validate(&self) -> Result<()> {
        self.name.as_ref().map_or(Ok(()), |name| check_name("name", name))?;
        self.max_concurrent.iter().try_for_each(|limit| check_new_limit(*limit))?;
        self.author_keys.as_deref().map_or(Ok(()), check_keys)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Environment>> {
        let found = context.store.environment(self.id).await?;
        let mut environment = found.ok_or_else(|| Error::not_found("environment", self.id))?;
        check_revision(self.revision, environment.revision)?;
        let mut changes = Changes::none();
        match self.is_default {
            Some(true) if !environment.is_default => {
                let all = context.store.environments().await?;
                for before in all.into_iter().filter(|other| other.is_default) {
                    changes =
                        changes.update(Record::Environment(Environment { is_default: false, ..before }));
                }
                environment.is_default = true;
            }
            Some(false) if environment.is_default => {
                let message = "can't be taken from the default environment; make another one the default";
                return Err(Error::invalid_field("isDefault", message));
            }
            _ => {}
        }
        if let Some(name) = &self.name {
            environment.name.clone_from(name);
        }
        if let Some(keys) = &self.author_keys {
            environment.author_keys = sorted(keys);
        }
        environment.four_eyes = self.four_eyes.unwrap_or(environment.four_eyes);
        let limit = self.max_concurrent.map(|limit| Some(limit).filter(|limit| *limit > 0));
        environment.max_concurrent = limit.unwrap_or(environment.max_concurrent);
        let changes = changes
            .update(Record::Environment(environment.clone()))
            // A higher limit makes way for what waits.
            .event(Event::ExecutionsWoken)
            .audited(context.audit("environment", environment.id, detail(&environment)));
        environment.revision += 1;
        Ok(Decision::new(changes, environment))
    }
}

fn check_keys(keys: &[PublicKey]) -> Result<()> {
    if keys.len() > MAX_AUTHOR_KEYS {
        return Err(Error::invalid_field("authorKeys", format!("holds more than {MAX_AUTHOR_KEYS} keys")));
    }
    Ok(())
}

fn sorted(keys: &[PublicKey]) -> Vec<PublicKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn detail(environment: &Environment) -> serde_json::Value {
    json!({
        "name": environment.name,
        "isDefault": environment.is_default,
        "authorKeys": environment.author_keys,
        "fourEyes": environment.four_eyes,
        "maxConcurrent": environment.max_concurrent,
    })
}
