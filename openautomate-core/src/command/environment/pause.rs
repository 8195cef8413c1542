//! Pausing environments, with the reason, and resuming them.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::package::check_revision;
use crate::command::schedule::check_reason;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Environment, EnvironmentPause};
use crate::error::{Error, Result};
use crate::id::EnvironmentId;
use crate::permission::{Access, Permission};

async fn load(context: &CommandContext<'_>, id: EnvironmentId, revision: Option<i64>) -> Result<Environment> {
    let environment = context.store.environment(id).await?;
    let missing = || Error::not_found("environment", id);
    let environment = environment.ok_or_else(missing)?;
    context.allowed_in(id, missing)?;
    check_revision(revision, environment.revision)?;
    Ok(environment)
}

/// Pauses an environment: nothing new is given to its agents. What runs goes on; what schedules, triggers and people
/// ask for waits. One that is paused already is paused anew, from now on.
#[derive(Clone, Debug)]
pub struct PauseEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// Why.
    pub reason: String,
    /// When it ends by itself; `None` until somebody resumes it.
    pub until: Option<Timestamp>,
}

#[async_trait]
impl Command for PauseEnvironment {
    type Output = Environment;
    const NAME: &'static str = "environment.pause";

    fn access(&self) -> Access {
        Access::Permission(Permission::PauseEnvironments)
    }

    fn validate(&self) -> Result<()> {
        check_reason(&self.reason)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Environment>> {
        let mut environment = load(context, self.id, self.revision).await?;
        if self.until.is_some_and(|until| until <= context.now) {
            return Err(Error::invalid_field("until", "has passed; leave it out or give a later instant"));
        }
        let reason = self.reason.trim().to_owned();
        let detail = json!({"name": environment.name, "reason": reason, "until": self.until});
        let (at, by, until) = (context.now, context.actor.to_ref(), self.until);
        environment.pause = Some(EnvironmentPause { at, by, reason, until });
        let changes = Changes::none()
            .update(Record::Environment(environment.clone()))
            .audited(context.audit("environment", environment.id, detail));
        environment.revision += 1;
        Ok(Decision::new(changes, environment))
    }
}

/// Resumes an environment: what waits is given to its agents at once. One that is not paused stays as it is.
#[derive(Clone, Debug)]
pub struct ResumeEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
}

#[async_trait]
impl Command for ResumeEnvironment {
    type Output = Environment;
    const NAME: &'static str = "environment.resume";

    fn access(&self) -> Access {
        Access::Permission(Permission::PauseEnvironments)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Environment>> {
        let mut environment = load(context, self.id, self.revision).await?;
        if environment.pause.take().is_none() {
            return Ok(Decision::unchanged(environment));
        }
        let changes = Changes::none()
            .update(Record::Environment(environment.clone()))
            .event(Event::ExecutionsWoken)
            .audited(context.audit("environment", environment.id, json!({"name": environment.name})));
        environment.revision += 1;
        Ok(Decision::new(changes, environment))
    }
}
