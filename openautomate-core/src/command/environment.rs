//! Changing environments.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Environment, check_limit};
use crate::error::{Error, Result};
use crate::id::EnvironmentId;
use crate::package::signature::PublicKey;
use crate::permission::{Access, Permission};

const MAX_AUTHOR_KEYS: usize = 100;

/// Checks a limit of executions at once where 0 takes it away.
pub(super) fn check_new_limit(limit: u32) -> Result<()> {
    if limit == 0 { Ok(()) } else { check_limit("maxConcurrent", limit) }
}

/// Changes which authors an environment trusts, and how many executions run there at once.
#[derive(Clone, Debug)]
pub struct UpdateEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The keys of the authors; if there are any, only versions that one of them signed are deployed and run.
    pub author_keys: Option<Vec<PublicKey>>,
    /// How many executions may be with agents at once; 0 for no limit.
    pub max_concurrent: Option<u32>,
}

#[async_trait]
impl Command for UpdateEnvironment {
    type Output = Environment;
    const NAME: &'static str = "environment.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageEnvironments)
    }

    fn validate(&self) -> Result<()> {
        if self.author_keys.as_ref().is_some_and(|keys| keys.len() > MAX_AUTHOR_KEYS) {
            return Err(Error::invalid_field(
                "authorKeys",
                format!("holds more than {MAX_AUTHOR_KEYS} keys"),
            ));
        }
        self.max_concurrent.iter().try_for_each(|limit| check_new_limit(*limit))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Environment>> {
        let found = context.store.environment(self.id).await?;
        let mut environment = found.ok_or_else(|| Error::not_found("environment", self.id))?;
        check_revision(self.revision, environment.revision)?;
        if let Some(keys) = &self.author_keys {
            environment.author_keys.clone_from(keys);
            environment.author_keys.sort_unstable();
            environment.author_keys.dedup();
        }
        let limit = self.max_concurrent.map(|limit| Some(limit).filter(|limit| *limit > 0));
        environment.max_concurrent = limit.unwrap_or(environment.max_concurrent);
        let detail = json!({
            "name": environment.name,
            "authorKeys": environment.author_keys,
            "maxConcurrent": environment.max_concurrent,
        });
        let changes = Changes::none()
            .update(Record::Environment(environment.clone()))
            // A higher limit makes way for what waits.
            .event(Event::ExecutionsWoken)
            .audited(context.audit("environment", environment.id, detail));
        environment.revision += 1;
        Ok(Decision::new(changes, environment))
    }
}
