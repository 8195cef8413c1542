//! Triggering, cancelling and repeating executions.

mod batch;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::deployment::check_author;
use crate::command::inputs::{check_inputs, check_signature};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Environment, Execution, ExecutionOptions, ExecutionState, FileUser, Origin, PackageVersion, Requirements,
    RunError, check_label,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnvironmentId, ExecutionId, PackageId, PoolId, VersionId};
use crate::permission::{Access, Permission};
use crate::store::Store;

pub use batch::EnqueueExecutions;

const MAX_LABELS: usize = 32;

/// Asks for an execution.
#[derive(Clone, Debug)]
pub struct EnqueueExecution {
    /// Of which package.
    pub package_id: PackageId,
    /// Of which version; `None` is the active one.
    pub version_id: Option<VersionId>,
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// The inputs by name; they fit what the version's entry function takes.
    pub inputs: Map<String, Value>,
    /// Higher goes first; `None` is what the package says.
    pub priority: Option<i32>,
    /// Labels that the agent must have, besides those of the package.
    pub labels: Vec<String>,
    /// The one agent that may run it.
    pub agent_id: Option<AgentId>,
    /// The time limit of an attempt in milliseconds; `None` is what the package says.
    pub timeout_ms: Option<u64>,
    /// Not before this instant.
    pub run_at: Option<Timestamp>,
    /// How it is placed and repeated, where not as the package says.
    pub options: ExecutionOptions,
}

impl EnqueueExecution {
    /// An execution of a package's active version with everything else by default.
    #[must_use]
    pub fn new(package_id: PackageId) -> Self {
        Self {
            package_id,
            version_id: None,
            environment_id: None,
            inputs: Map::new(),
            priority: None,
            labels: Vec::new(),
            agent_id: None,
            timeout_ms: None,
            run_at: None,
            options: ExecutionOptions::default(),
        }
    }
}

#[async_trait]
impl Command for EnqueueExecution {
    type Output = Execution;
    const NAME: &'static str = "execution.enqueue";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        if self.labels.len() > MAX_LABELS {
            return Err(Error::invalid_field("labels", format!("holds more than {MAX_LABELS} labels")));
        }
        if self.timeout_ms == Some(0) {
            return Err(Error::invalid_field("timeoutMs", "is 0; leave it out for no limit of your own"));
        }
        self.labels.iter().try_for_each(|label| check_label("labels", label))?;
        self.options.check()?;
        check_inputs(&self.inputs)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let (changes, execution) = self.decide(context, &mut Known::default()).await?;
        Ok(Decision::new(changes, execution))
    }
}

/// What was read for one execution and serves the next of the same decision.
#[derive(Debug, Default)]
struct Known {
    environments: HashMap<Option<EnvironmentId>, Arc<Environment>>,
    versions: HashMap<(PackageId, Option<VersionId>, EnvironmentId), Arc<PackageVersion>>,
}

impl Known {
    async fn environment(
        &mut self,
        context: &CommandContext<'_>,
        id: Option<EnvironmentId>,
    ) -> Result<Arc<Environment>> {
        if let Some(known) = self.environments.get(&id) {
            return Ok(Arc::clone(known));
        }
        let environment = Arc::new(context.environment(id).await?);
        self.environments.insert(id, Arc::clone(&environment));
        Ok(environment)
    }

    /// The version that is asked for; the environment's authors have been checked.
    async fn version(
        &mut self,
        context: &CommandContext<'_>,
        asked: &EnqueueExecution,
        environment: &Environment,
    ) -> Result<Arc<PackageVersion>> {
        let key = (asked.package_id, asked.version_id, environment.id);
        if let Some(known) = self.versions.get(&key) {
            return Ok(Arc::clone(known));
        }
        let version = Arc::new(asked.version(context, environment).await?);
        check_author(&version, environment)?;
        self.versions.insert(key, Arc::clone(&version));
        Ok(version)
    }
}

impl EnqueueExecution {
    async fn decide(&self, context: &CommandContext<'_>, known: &mut Known) -> Result<(Changes, Execution)> {
        let environment = known.environment(context, self.environment_id).await?;
        let version = known.version(context, self, &environment).await?;
        if let Some(id) = self.agent_id {
            let agent = context.store.agent(id).await?.filter(|agent| agent.deleted_at.is_none());
            let agent =
                agent.ok_or_else(|| Error::invalid_field("agentId", "names no agent; list them first"))?;
            let is_elsewhere = agent.environment_id != environment.id;
            if is_elsewhere && !context.sees(Permission::ReadAgents, agent.environment_id) {
                return Err(Error::invalid_field("agentId", "names no agent; list them first"));
            }
            if is_elsewhere {
                return Err(Error::invalid_field(
                    "agentId",
                    "works in another environment than this execution",
                ));
            }
        }
        let files = check_signature(context, &version, environment.id, &self.inputs, &[]).await?;
        let origin = match context.actor.user_id() {
            Some(user_id) => Origin::Manual { user_id },
            None => Origin::Embedded,
        };
        let mut execution = new_execution(&version, environment.id, self.inputs.clone(), origin, context.now);
        execution.priority = self.priority.unwrap_or(execution.priority);
        execution.timeout_ms = self.timeout_ms.or(execution.timeout_ms);
        execution.pinned_agent_id = self.agent_id;
        execution.run_at = self.run_at.unwrap_or(context.now).max(context.now);
        execution.labels.extend(self.labels.iter().cloned());
        execution.labels.sort();
        execution.labels.dedup();
        let pools = Pools::named(context.store, environment.id, &version, &self.options).await?;
        settle(&mut execution, &version, &self.options, pools)?;
        let detail = json!({
            "packageId": version.package_id,
            "versionNumber": version.version_number,
            "environment": environment.name,
            "inputNames": self.inputs.keys().collect::<Vec<_>>(),
        });
        let changes = Changes::none()
            .insert(Record::Execution(Box::new(execution.clone())))
            .uses_if_any(FileUser::Execution(execution.id), files)
            .audited(context.audit("execution", execution.id, detail))
            .event(Event::ExecutionPending { execution_id: execution.id });
        Ok((changes, execution))
    }

    async fn version(
        &self,
        context: &CommandContext<'_>,
        environment: &Environment,
    ) -> Result<PackageVersion> {
        let package =
            context.store.package(self.package_id).await?.filter(|package| package.deleted_at.is_none());
        let package = package.ok_or_else(|| Error::not_found("package", self.package_id))?;
        match self.version_id {
            Some(id) => context
                .store
                .version(id)
                .await?
                .filter(|version| version.package_id == package.id)
                .ok_or_else(|| {
                    Error::invalid_field("versionId", "is no version of this package; list them first")
                }),
            None => context.store.active_version(package.id, environment.id).await?.ok_or_else(|| {
                Error::conflict(
                    "package.no_active_version",
                    format!(
                        "the package {} has no active version in the environment {}; deploy one",
                        package.name, environment.name
                    ),
                )
            }),
        }
    }
}

/// An execution of a version with what its manifest says.
pub(crate) fn new_execution(
    version: &PackageVersion,
    environment_id: EnvironmentId,
    inputs: Map<String, Value>,
    origin: Origin,
    now: Timestamp,
) -> Execution {
    let manifest = &version.manifest;
    Execution {
        id: ExecutionId::new(),
        package_id: version.package_id,
        version_id: version.id,
        environment_id,
        state: ExecutionState::Pending,
        priority: manifest.priority,
        labels: manifest.labels.clone(),
        pinned_agent_id: None,
        requirements: Requirements::default(),
        concurrency: None,
        inputs,
        outputs: None,
        error: None,
        origin,
        retry: manifest.retry_policy(),
        timeout_ms: manifest.timeout.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
        queue_timeout_ms: None,
        run_at: now,
        lease_epoch: 0,
        agent_id: None,
        lease_until: None,
        failed_attempts: 0,
        progress: None,
        cancel_requested_at: None,
        created_at: now,
        started_at: None,
        ended_at: None,
        revision: 0,
    }
}

/// The pools that a package and its trigger or schedule name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pools {
    package: Option<PoolId>,
    own: Option<PoolId>,
}

impl Pools {
    /// Looks the names up.
    ///
    /// # Errors
    /// `Invalid`, naming `pool`, if the environment has no such pool.
    pub(crate) async fn named(
        store: &dyn Store,
        environment: EnvironmentId,
        version: &PackageVersion,
        options: &ExecutionOptions,
    ) -> Result<Self> {
        let own = pool_named(store, environment, options.pool.as_deref()).await?;
        // What is overruled need not be there.
        let package = version.manifest.options.pool.as_deref().filter(|_| own.is_none());
        Ok(Self { own, package: pool_named(store, environment, package).await? })
    }
}

async fn pool_named(
    store: &dyn Store,
    environment: EnvironmentId,
    name: Option<&str>,
) -> Result<Option<PoolId>> {
    let Some(name) = name else { return Ok(None) };
    let pool = store.agent_pool_by_name(environment, name).await?;
    let pool = pool.ok_or_else(|| {
        Error::invalid_field(
            "pool",
            format!("names {name}, and the environment has no such pool; make it first"),
        )
    })?;
    Ok(Some(pool.id))
}

/// Gives a new execution what the package, and then the trigger or the schedule, say of its place and its repeats.
///
/// # Errors
/// As [`ExecutionOptions::apply`].
pub(crate) fn settle(
    execution: &mut Execution,
    version: &PackageVersion,
    options: &ExecutionOptions,
    pools: Pools,
) -> Result<()> {
    // A group of the trigger's own overrules the package's before that one's key is looked at.
    let mut first = version.manifest.options.clone();
    first.concurrency = first.concurrency.filter(|_| options.concurrency.is_none());
    first.apply(execution, pools.package)?;
    options.apply(execution, pools.own)
}

/// As [`settle`], where nobody says more than the package.
///
/// # Errors
/// `Invalid`, naming the field; `Unavailable` if the store does not answer.
pub(crate) async fn settle_as_packaged(
    store: &dyn Store,
    execution: &mut Execution,
    version: &PackageVersion,
) -> Result<()> {
    let options = ExecutionOptions::default();
    let pools = Pools::named(store, execution.environment_id, version, &options).await?;
    settle(execution, version, &options, pools)
}

/// Asks for the end of an execution.
///
/// What no agent holds ends at once. What runs is asked to stop and ends when its agent says so, or when the
/// lease runs out.
#[derive(Clone, Debug)]
pub struct CancelExecution {
    /// Which.
    pub id: ExecutionId,
}

#[async_trait]
impl Command for CancelExecution {
    type Output = Execution;
    const NAME: &'static str = "execution.cancel";

    fn access(&self) -> Access {
        Access::Permission(Permission::CancelExecutions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let execution = context.store.execution(self.id).await?;
        let missing = || Error::not_found("execution", self.id);
        let mut execution = execution.ok_or_else(missing)?;
        context.allowed_in(execution.environment_id, missing)?;
        if execution.state.is_terminal() {
            return Err(Error::conflict(
                "execution.ended",
                format!("the execution has ended as {:?}; there is nothing to cancel", execution.state),
            ));
        }
        if execution.cancel_requested_at.is_some() {
            return Ok(Decision::unchanged(execution));
        }
        let changes = request_cancel(&mut execution, context.now);
        let entry = context.audit("execution", self.id, json!({"state": execution.state}));
        execution.revision += 1;
        Ok(Decision::new(changes.audited(entry), execution))
    }
}

/// Marks an execution as to be cancelled, or cancels it where no agent holds it.
pub(crate) fn request_cancel(execution: &mut Execution, now: Timestamp) -> Changes {
    execution.cancel_requested_at = Some(now);
    let event = match (execution.state.is_leased(), execution.lease(), execution.agent_id) {
        (true, Some(lease), Some(agent_id)) => Event::CancelRequested { lease, agent_id },
        _ => {
            execution.state = ExecutionState::Cancelled;
            execution.ended_at = Some(now);
            execution.error = Some(RunError::new("Cancelled", "cancelled before it ran"));
            Event::ExecutionChanged { execution_id: execution.id, state: execution.state }
        }
    };
    Changes::none().update(Record::Execution(Box::new(execution.clone()))).event(event)
}

/// Asks for an ended execution once more: a new execution of the same package, where the old one ran and with its
/// priority, labels, limits and pinned agent.
#[derive(Clone, Debug)]
pub struct RetryExecution {
    /// Which.
    pub id: ExecutionId,
    /// Other inputs than those of the old one.
    pub inputs: Option<Map<String, Value>>,
    /// Whether the version that is active by now is run, in place of the old one's.
    pub active_version: bool,
}

impl RetryExecution {
    /// The same version with the same inputs.
    #[must_use]
    pub const fn new(id: ExecutionId) -> Self {
        Self { id, inputs: None, active_version: false }
    }
}

#[async_trait]
impl Command for RetryExecution {
    type Output = Execution;
    const NAME: &'static str = "execution.retry";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        self.inputs.as_ref().map_or(Ok(()), check_inputs)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let before = context.store.execution(self.id).await?;
        let missing = || Error::not_found("execution", self.id);
        let before = before.ok_or_else(missing)?;
        context.allowed_in(before.environment_id, missing)?;
        if !before.state.is_terminal() {
            return Err(Error::conflict(
                "execution.open",
                format!("the execution is {:?}; retry it when it has ended", before.state),
            ));
        }
        let files = context.store.files_used(FileUser::Execution(before.id)).await?;
        let mut files: Vec<_> = files.into_iter().map(|file| file.id).collect();
        let version_id = self.version(context, &before).await?;
        let inputs = self.inputs.as_ref().unwrap_or(&before.inputs);
        if self.inputs.is_some() || version_id != before.version_id {
            let version = context.store.version(version_id).await?;
            let version = version.ok_or_else(|| Error::not_found("package version", version_id))?;
            files = check_signature(context, &version, before.environment_id, inputs, &files).await?;
        }
        let execution = Execution {
            id: ExecutionId::new(),
            version_id,
            inputs: inputs.clone(),
            state: ExecutionState::Pending,
            outputs: None,
            error: None,
            origin: Origin::Retry { user_id: context.user_id()?, of: before.id },
            run_at: context.now,
            lease_epoch: 0,
            agent_id: None,
            lease_until: None,
            failed_attempts: 0,
            progress: None,
            cancel_requested_at: None,
            created_at: context.now,
            started_at: None,
            ended_at: None,
            revision: 0,
            ..before
        };
        let changes = Changes::none()
            .insert(Record::Execution(Box::new(execution.clone())))
            .uses_if_any(FileUser::Execution(execution.id), files)
            .audited(context.audit(
                "execution",
                execution.id,
                json!({"of": self.id, "versionId": version_id, "editedInputs": self.inputs.is_some()}),
            ))
            .event(Event::ExecutionPending { execution_id: execution.id });
        Ok(Decision::new(changes, execution))
    }
}

impl RetryExecution {
    async fn version(&self, context: &CommandContext<'_>, before: &Execution) -> Result<VersionId> {
        if !self.active_version {
            return Ok(before.version_id);
        }
        let environment = context.environment(Some(before.environment_id)).await?;
        let again = EnqueueExecution::new(before.package_id);
        let version = again.version(context, &environment).await?;
        check_author(&version, &environment)?;
        Ok(version.id)
    }
}
