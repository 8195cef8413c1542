//! Changing environments.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::Environment;
use crate::error::{Error, Result};
use crate::id::EnvironmentId;
use crate::package::signature::PublicKey;
use crate::permission::{Access, Permission};

const MAX_AUTHOR_KEYS: usize = 100;

/// Changes which authors an environment trusts.
#[derive(Clone, Debug)]
pub struct UpdateEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The keys of the authors; if there are any, only versions that one of them signed are deployed and run.
    pub author_keys: Option<Vec<PublicKey>>,
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
        Ok(())
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
        let detail = json!({"name": environment.name, "authorKeys": environment.author_keys});
        let changes = Changes::none()
            .update(Record::Environment(environment.clone()))
            .audited(context.audit("environment", environment.id, detail));
        environment.revision += 1;
        Ok(Decision::new(changes, environment))
    }
}
