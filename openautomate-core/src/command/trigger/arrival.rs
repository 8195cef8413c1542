//! Files that arrive in folders of agents, and the executions that they make.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::changes::{Changes, Event, Record, Write};
use crate::clock::Timestamp;
use crate::command::file::{after, too_large};
use crate::command::trigger::fire::{check_foreign_inputs, fired, mapped, version_for};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Agent, ArrivalOutcome, FileArrival, FileUser, FolderSource, InputFile, NamePattern, Origin, PassAs,
    Trigger, TriggerFiring, TriggerSource, check_file_name,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, EnvironmentId, ExecutionId, FileId};
use crate::permission::{Access, Permission};
use crate::store::Store;

/// The content of a file that arrived: a blob already, under this id.
#[derive(Clone, Debug)]
pub(crate) struct ArrivedContent {
    pub(crate) id: FileId,
    pub(crate) content_type: String,
    pub(crate) sha256: String,
}

/// Decides on a file that arrived: once, however often it is told, since the firing is unique. The execution, its file
/// and the firing are one commit.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveFile {
    pub(crate) agent: AgentId,
    pub(crate) arrival: FileArrival,
    /// `None` if its path alone is passed.
    pub(crate) content: Option<ArrivedContent>,
}

/// The trigger that an arrival is for, if the agent may tell of it: an agent may lie.
///
/// # Errors
/// `NotFound` if there is no such trigger, `Forbidden` if the folder is not this agent's, `Conflict` if it does not
/// fire, `Invalid` for the name, `QuotaExceeded` if the file is too large.
pub(crate) async fn trigger_for(
    store: &dyn Store,
    agent: &Agent,
    arrival: &FileArrival,
) -> Result<(Trigger, FolderSource)> {
    check_file_name("name", &arrival.name)?;
    let trigger = store.trigger(arrival.trigger).await?.filter(|trigger| trigger.deleted_at.is_none());
    let trigger = trigger.ok_or_else(|| Error::not_found("trigger", arrival.trigger))?;
    let source = match &trigger.source {
        TriggerSource::FileArrival(source) => source.clone(),
        _ => return Err(Error::not_found("trigger of files", arrival.trigger)),
    };
    if trigger.environment_id != agent.environment_id || !source.is_for_agent(agent) {
        return Err(Error::forbidden("the folder of this trigger is not watched by this agent"));
    }
    if !trigger.is_active {
        return Err(Error::conflict("trigger.inactive", "the trigger is not active; make it active first"));
    }
    if !NamePattern::new(&source.pattern).matches(&arrival.name) {
        return Err(Error::invalid_field("name", "does not fit the pattern of the trigger"));
    }
    if arrival.size > source.max_bytes {
        return Err(too_large(source.max_bytes));
    }
    Ok((trigger, source))
}

/// What became of an arrival that was told before.
pub(crate) async fn known(
    store: &dyn Store,
    agent: AgentId,
    arrival: &FileArrival,
) -> Result<Option<ArrivalOutcome>> {
    let firing = store.trigger_firing(arrival.trigger, &arrival.key(agent)).await?;
    Ok(firing.map(|firing| ArrivalOutcome { execution_id: firing.execution_id, skipped: firing.skipped }))
}

/// Whether a trigger may fire once more in this hour. Arrivals at the same moment may pass it by as many as they are.
///
/// # Errors
/// `QuotaExceeded` with `trigger.rate` if not: tell it again later.
pub(crate) async fn check_rate(
    store: &dyn Store,
    trigger: &Trigger,
    source: &FolderSource,
    now: Timestamp,
) -> Result<()> {
    let since = now - TimeDelta::hours(1);
    if store.count_trigger_firings(trigger.id, since, source.max_per_hour).await? < source.max_per_hour {
        return Ok(());
    }
    let message =
        format!("the trigger has fired {} times within an hour; tell it again later", source.max_per_hour);
    Err(Error::new(ErrorKind::QuotaExceeded, "trigger.rate", message))
}

#[async_trait]
impl Command for ReceiveFile {
    type Output = ArrivalOutcome;
    const NAME: &'static str = "trigger.file";

    /// Which agent it is was proven by the connection, and [`trigger_for`] decides on what it may tell.
    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<ArrivalOutcome>> {
        let arrival = &self.arrival;
        if let Some(known) = known(context.store, self.agent, arrival).await? {
            return Ok(Decision::unchanged(known));
        }
        let agent = context.store.agent(self.agent).await?.filter(|agent| agent.deleted_at.is_none());
        let agent = agent.ok_or_else(|| Error::not_found("agent", self.agent))?;
        let (trigger, source) = trigger_for(context.store, &agent, arrival).await?;
        check_rate(context.store, &trigger, &source, context.now).await?;
        let made = match self.decide(context, &trigger, &source).await {
            Ok(made) => made,
            Err(error) if error.kind().is_retryable() => return Err(error),
            Err(error) => {
                tracing::warn!(trigger = %trigger.id, %error, "a file that arrived makes no execution");
                return Ok(self.skipped(context, &trigger, reason(&error)));
            }
        };
        let (execution_id, changes) = made;
        let detail = json!({
            "triggerId": trigger.id,
            "packageId": trigger.package_id,
            "name": arrival.name,
            "size": arrival.size,
            "fileId": self.content.as_ref().map(|content| content.id),
        });
        let changes = changes.audited(context.audit("execution", execution_id, detail));
        Ok(Decision::new(changes, ArrivalOutcome { execution_id: Some(execution_id), skipped: None }))
    }
}

/// Why an arrival makes no execution, in a word.
fn reason(error: &Error) -> &'static str {
    match error.code() {
        "package.no_active_version" => "noActiveVersion",
        _ if error.kind() == ErrorKind::Invalid
            && error.field().is_some_and(|field| field.starts_with("inputs")) =>
        {
            "invalidInputs"
        }
        _ if error.kind() == ErrorKind::Invalid => "invalidOptions",
        _ => "untrustedVersion",
    }
}

impl ReceiveFile {
    /// The execution, and all that is written with it.
    async fn decide(
        &self,
        context: &CommandContext<'_>,
        trigger: &Trigger,
        source: &FolderSource,
    ) -> Result<(ExecutionId, Changes)> {
        let version = version_for(context, trigger).await?;
        let inputs = mapped(trigger, &self.told(source));
        let own: Vec<FileId> = self.content.iter().map(|content| content.id).collect();
        let files = check_foreign_inputs(context, &version, trigger.environment_id, &inputs, &own).await?;
        let origin = Origin::Trigger { trigger_id: trigger.id, after: None, depth: 0 };
        if files.is_empty() && source.pass == PassAs::File {
            let message = "none takes the file; map /file to an input of type File, or pass the path";
            return Err(Error::invalid_field("inputs", message));
        }
        let key = self.arrival.key(self.agent);
        let (execution, mut fired) = fired(context, trigger, &version, inputs, key, origin).await?;
        if source.pass == PassAs::Path {
            // Nobody else has the path.
            for write in &mut fired.writes {
                if let Write::Insert(Record::Execution(made)) = write {
                    made.pinned_agent_id = Some(self.agent);
                }
            }
        }
        let mut changes = Changes::none();
        if let Some(content) = &self.content {
            changes = changes.insert(Record::InputFile(self.file(context, trigger, content)));
        }
        changes.writes.extend(fired.writes);
        changes.events.extend(fired.events);
        Ok((execution.id, changes.uses_if_any(FileUser::Execution(execution.id), files)))
    }

    /// The file as an input: of whoever made the trigger.
    fn file(&self, context: &CommandContext<'_>, trigger: &Trigger, content: &ArrivedContent) -> InputFile {
        InputFile {
            id: content.id,
            name: self.arrival.name.clone(),
            content_type: content.content_type.clone(),
            size: self.arrival.size,
            sha256: content.sha256.clone(),
            created_by: trigger.created_by_id,
            created_at: context.now,
            expires_at: after(context.now, context.settings.file_life),
            removed_at: None,
            revision: 0,
        }
    }

    /// What an arrival tells, for the pointers.
    fn told(&self, source: &FolderSource) -> Value {
        json!({
            "file": self.content.as_ref().map(|content| content.id),
            "path": source.path_of(&self.arrival.name),
            "name": self.arrival.name,
            "size": self.arrival.size,
            "agentId": self.agent,
        })
    }

    fn skipped(
        &self,
        context: &CommandContext<'_>,
        trigger: &Trigger,
        reason: &'static str,
    ) -> Decision<ArrivalOutcome> {
        let mut changes = Changes::none().event(Event::TriggerChanged { trigger_id: trigger.id });
        changes.writes.push(Write::FireTrigger(TriggerFiring {
            trigger_id: trigger.id,
            key: self.arrival.key(self.agent),
            after: None,
            fired_at: context.now,
            execution_id: None,
            skipped: Some(reason.to_owned()),
        }));
        Decision::new(changes, ArrivalOutcome { execution_id: None, skipped: Some(reason.to_owned()) })
    }
}

/// Refuses an agent or a pool that is not there, or in another environment.
pub(super) async fn check_agents(context: &CommandContext<'_>, trigger: &Trigger) -> Result<()> {
    let TriggerSource::FileArrival(source) = &trigger.source else { return Ok(()) };
    let is_known = |environment: EnvironmentId| {
        environment == trigger.environment_id || context.sees(Permission::ReadAgents, environment)
    };
    if let Some(id) = source.agent_id {
        let agent = context.store.agent(id).await?.filter(|agent| agent.deleted_at.is_none());
        // Of what is elsewhere they hear only if they may see it.
        let agent = agent.filter(|agent| is_known(agent.environment_id));
        match agent {
            Some(agent) if agent.environment_id == trigger.environment_id => {}
            Some(_) => {
                return Err(Error::invalid_field("source.agentId", "names an agent of another environment"));
            }
            None => return Err(Error::invalid_field("source.agentId", "names no agent; list them first")),
        }
    }
    if let Some(id) = source.pool_id {
        let pool = context.store.agent_pool(id).await?.filter(|pool| pool.deleted_at.is_none());
        let pool = pool.filter(|pool| is_known(pool.environment_id));
        match pool {
            Some(pool) if pool.environment_id == trigger.environment_id => {}
            Some(_) => {
                return Err(Error::invalid_field("source.poolId", "names a pool of another environment"));
            }
            None => {
                return Err(Error::invalid_field(
                    "source.poolId",
                    "names no pool of agents; list them first",
                ));
            }
        }
    }
    Ok(())
}
