//! Executions that a run of another one asks for.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Event, Record, Write};
use crate::command::deployment::check_author;
use crate::command::execution::{new_execution, settle_as_packaged};
use crate::command::inputs::is_what_was_kept;
use crate::command::trigger::fire::check_foreign_inputs;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{ChildCall, Execution, FileUser, Lease, Origin};
use crate::error::{Error, Result};
use crate::id::{AgentId, FileId};
use crate::permission::Access;

/// The most children of one execution.
pub const MAX_CHILDREN: u32 = 1_000;

/// Starts an execution for a run.
///
/// What may be run is what is active in the environment of the run: who decides what is deployed there decides that.
/// The same call of the same try again gives the same child.
#[derive(Clone, Debug)]
pub(crate) struct StartChild {
    /// The agent that holds the lease.
    pub(crate) agent_id: AgentId,
    /// Of which run.
    pub(crate) lease: Lease,
    /// The number of the call in the run, from 1.
    pub(crate) call: u32,
    /// The name of the package.
    pub(crate) package: String,
    /// The inputs by name.
    pub(crate) inputs: Map<String, Value>,
}

#[async_trait]
impl Command for StartChild {
    type Output = Execution;
    const NAME: &'static str = "execution.child";

    /// The lease is the proof.
    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        if self.call == 0 || self.call > MAX_CHILDREN {
            let message = format!("a run may ask for {MAX_CHILDREN} executions; do more in each");
            return Err(Error::invalid("child.limit", message));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let parent = held(context, self.lease, self.agent_id).await?;
        let package = context.store.package_by_name(&self.package).await?;
        let package = package.ok_or_else(|| {
            Error::invalid("child.package", "there is no package with this name; deploy it or mend the name")
        })?;
        let attempt_try = parent.failed_attempts;
        if let Some(id) = context.store.child_of_call(parent.id, attempt_try, self.call).await? {
            let child = context.store.execution(id).await?;
            let child = child.ok_or_else(|| Error::not_found("execution", id))?;
            let (asked, kept) = (Value::Object(self.inputs.clone()), Value::Object(child.inputs.clone()));
            if child.package_id != package.id || !is_what_was_kept(&asked, &kept) {
                let message = "the same call of this run asked for another package or other inputs before it was \
                               suspended; a run that goes on must make the same calls in the same order";
                return Err(Error::conflict("child.mismatch", message));
            }
            return Ok(Decision::unchanged(child));
        }
        if parent.cancel_requested_at.is_some() {
            return Err(Error::conflict("child.cancelled", "the run is cancelled; it starts nothing more"));
        }
        let depth = parent.origin.next_depth().ok_or_else(|| {
            let message = format!(
                "{} executions stand before this one already; no more may follow it",
                Origin::MAX_DEPTH
            );
            Error::conflict("child.depth", message)
        })?;
        let environment = context.environment(Some(parent.environment_id)).await?;
        let version = context.store.active_version(package.id, environment.id).await?.ok_or_else(|| {
            Error::conflict(
                "package.no_active_version",
                format!(
                    "the package {} has no active version in the environment {}; deploy one",
                    package.name, environment.name
                ),
            )
        })?;
        check_author(&version, &environment)?;
        // The files of the run may be passed on.
        let files = context.store.files_used(FileUser::Execution(parent.id)).await?;
        let files: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
        let files = check_foreign_inputs(context, &version, environment.id, &self.inputs, &files).await?;
        let origin = Origin::Child { parent: parent.id, depth };
        let mut child = new_execution(&version, environment.id, self.inputs.clone(), origin, context.now);
        settle_as_packaged(context.store, &mut child, &version).await?;
        // Before others of its parent's kind: it is what those that already run wait for.
        child.priority = child.priority.max(parent.priority.saturating_add(1));
        let detail = json!({"parent": parent.id, "attempt": self.lease.epoch, "packageId": package.id});
        let mut changes = Changes::none()
            .insert(Record::Execution(Box::new(child.clone())))
            .uses_if_any(FileUser::Execution(child.id), files)
            .audited(context.audit("execution", child.id, detail))
            .event(Event::ExecutionPending { execution_id: child.id });
        changes.writes.push(Write::AddChild(ChildCall {
            parent_id: parent.id,
            attempt_try,
            call: self.call,
            child_id: child.id,
        }));
        Ok(Decision::new(changes, child))
    }
}

/// The execution that an agent holds this lease of.
///
/// # Errors
/// `StaleLease`.
pub(crate) async fn held(context: &CommandContext<'_>, lease: Lease, agent_id: AgentId) -> Result<Execution> {
    let execution = context.store.execution(lease.execution).await?.ok_or_else(Error::stale_lease)?;
    let holds = execution.state.is_leased()
        && execution.lease() == Some(lease)
        && execution.agent_id == Some(agent_id);
    if holds { Ok(execution) } else { Err(Error::stale_lease()) }
}
