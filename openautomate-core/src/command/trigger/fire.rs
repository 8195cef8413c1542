//! What a trigger makes of what happened.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Event, Record, Write};
use crate::command::deployment::check_author;
use crate::command::execution::{new_execution, settle_as_packaged};
use crate::command::inputs::{check_inputs, check_signature};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{DueTrigger, Execution, FileUser, Origin, PackageVersion, Trigger, TriggerFiring};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, FileId};
use crate::permission::{Access, Actor};

/// The inputs that a trigger makes of what its source tells.
pub(super) fn mapped(trigger: &Trigger, told: &Value) -> Map<String, Value> {
    let mut inputs = trigger.inputs.clone();
    let found = trigger
        .mapping
        .iter()
        .filter_map(|(name, pointer)| Some((name.clone(), told.pointer(pointer)?.clone())));
    inputs.extend(found);
    inputs
}

/// The version that a trigger runs now.
///
/// # Errors
/// `Conflict` if there is none, or none that the environment trusts.
pub(crate) async fn version_for(context: &CommandContext<'_>, trigger: &Trigger) -> Result<PackageVersion> {
    let active = context.store.active_version(trigger.package_id, trigger.environment_id).await?;
    let version = active.ok_or_else(|| {
        Error::conflict(
            "package.no_active_version",
            "the trigger's package has no active version in its environment; deploy one",
        )
    })?;
    let environment = context.environment(Some(trigger.environment_id)).await?;
    check_author(&version, &environment)?;
    Ok(version)
}

/// Checks inputs that came from outside. Whoever sent them has uploaded nothing, so that the only files they may name
/// are `files`; the assets that they name must be there and open to the
/// package.
///
/// # Errors
/// `Invalid`, naming each field that is wrong.
pub(crate) async fn check_foreign_inputs(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: EnvironmentId,
    inputs: &Map<String, Value>,
    files: &[FileId],
) -> Result<Vec<FileId>> {
    check_inputs(inputs)?;
    let nobody = Actor::anonymous();
    let context = CommandContext { actor: &nobody, ..*context };
    check_signature(&context, version, environment, inputs, files).await
}

/// An execution that a trigger makes, and the changes that make it, its firing and its event.
///
/// # Errors
/// `Invalid` if it can't be placed as the package says; `Unavailable` if the store does not answer.
pub(super) async fn fired(
    context: &CommandContext<'_>,
    trigger: &Trigger,
    version: &PackageVersion,
    inputs: Map<String, Value>,
    key: String,
    origin: Origin,
) -> Result<(Execution, Changes)> {
    let after = match &origin {
        Origin::Trigger { after, .. } => *after,
        _ => None,
    };
    let mut execution = new_execution(version, trigger.environment_id, inputs, origin, context.now);
    settle_as_packaged(context.store, &mut execution, version).await?;
    let mut changes = Changes::none()
        .insert(Record::Execution(Box::new(execution.clone())))
        .event(Event::ExecutionPending { execution_id: execution.id })
        .event(Event::TriggerChanged { trigger_id: trigger.id });
    changes.writes.push(Write::FireTrigger(TriggerFiring {
        trigger_id: trigger.id,
        key,
        after,
        fired_at: context.now,
        execution_id: Some(execution.id),
        skipped: None,
    }));
    Ok((execution, changes))
}

/// Decides on the end of an execution that a trigger waits for: once, whatever the number of servers, since the firing
/// is unique and settles what was due in the same commit.
#[derive(Clone, Debug)]
pub(crate) struct FollowExecution {
    pub(crate) due: DueTrigger,
}

#[async_trait]
impl Command for FollowExecution {
    type Output = Option<Execution>;
    const NAME: &'static str = "trigger.follow";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Option<Execution>>> {
        let DueTrigger { trigger_id, execution_id } = self.due;
        let key = execution_id.to_string();
        if context.store.trigger_firing(trigger_id, &key).await?.is_some() {
            return Ok(Decision::unchanged(None));
        }
        let trigger = context.store.trigger(trigger_id).await?;
        let trigger = trigger.ok_or_else(|| Error::not_found("trigger", trigger_id))?;
        let ended = context.store.execution(execution_id).await?;
        let ended = ended.ok_or_else(|| Error::not_found("execution", execution_id))?;
        match self.decide(context, &trigger, &ended).await? {
            Ok((execution, changes)) => Ok(Decision::new(changes, Some(execution))),
            Err(reason) => {
                let mut changes = Changes::none().event(Event::TriggerChanged { trigger_id });
                changes.writes.push(Write::FireTrigger(TriggerFiring {
                    trigger_id,
                    key,
                    after: Some(execution_id),
                    fired_at: context.now,
                    execution_id: None,
                    skipped: Some(reason.to_owned()),
                }));
                Ok(Decision::new(changes, None))
            }
        }
    }
}

impl FollowExecution {
    /// The execution that follows, or why none does.
    async fn decide(
        &self,
        context: &CommandContext<'_>,
        trigger: &Trigger,
        ended: &Execution,
    ) -> Result<Result<(Execution, Changes), &'static str>> {
        if !trigger.is_live() || !trigger.source.states().contains(&ended.state) {
            return Ok(Err("inactive"));
        }
        let Some(depth) = ended.origin.next_depth() else {
            tracing::warn!(
                trigger = %trigger.id,
                execution = %ended.id,
                "a chain of executions is longer than {}; it ends here",
                Origin::MAX_DEPTH
            );
            return Ok(Err("depthLimit"));
        };
        let version = match version_for(context, trigger).await {
            Ok(version) => version,
            Err(error) if error.kind().is_retryable() => return Err(error),
            Err(error) if error.code() == "package.no_active_version" => return Ok(Err("noActiveVersion")),
            Err(_) => return Ok(Err("untrustedVersion")),
        };
        let inputs = mapped(trigger, &told_of(ended));
        // A file that the ended execution used may be passed on.
        let files = context.store.files_used(FileUser::Execution(ended.id)).await?;
        let files: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
        let environment = trigger.environment_id;
        let files = match check_foreign_inputs(context, &version, environment, &inputs, &files).await {
            Ok(files) => files,
            Err(error) if error.kind().is_retryable() => return Err(error),
            Err(error) => {
                let fields: Vec<&str> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
                tracing::warn!(trigger = %trigger.id, ?fields, "the inputs of a chained execution do not fit");
                return Ok(Err("invalidInputs"));
            }
        };
        let origin = Origin::Trigger { trigger_id: trigger.id, after: Some(ended.id), depth };
        let key = ended.id.to_string();
        let (execution, changes) = match fired(context, trigger, &version, inputs, key, origin).await {
            Ok(made) => made,
            Err(error) if error.kind().is_retryable() => return Err(error),
            Err(error) => {
                tracing::warn!(trigger = %trigger.id, %error, "a chained execution can't be placed");
                return Ok(Err("invalidOptions"));
            }
        };
        Ok(Ok((execution.clone(), changes.uses_if_any(FileUser::Execution(execution.id), files))))
    }
}

/// What the end of an execution tells a trigger, for its pointers.
fn told_of(ended: &Execution) -> Value {
    json!({
        "executionId": ended.id,
        "packageId": ended.package_id,
        "state": ended.state,
        "inputs": ended.inputs,
        "outputs": ended.outputs,
        "error": ended.error.as_ref().map(|error| json!({"kind": error.kind, "message": error.message})),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{TriggerSource, WebhookStyle};
    use crate::id::{PackageId, TriggerId, UserId};

    #[test]
    fn what_is_not_there_is_left_out() {
        let now = crate::clock::Timestamp::MIN_UTC;
        let pointers =
            [("whole", ""), ("number", "/a/1"), ("odd", "/x~1y/~0"), ("missing", "/b"), ("deep", "/a/1/2")];
        let mapping: BTreeMap<String, String> =
            pointers.into_iter().map(|(name, pointer)| (name.to_owned(), pointer.to_owned())).collect();
        let trigger = Trigger {
            id: TriggerId::new(),
            name: "hook".into(),
            package_id: PackageId::new(),
            environment_id: EnvironmentId::new(),
            source: TriggerSource::Webhook { style: WebhookStyle::Timestamped },
            inputs: Map::from_iter([("fixed".to_owned(), json!(true))]),
            mapping,
            is_active: true,
            sealed: None,
            created_by_id: UserId::new(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            revision: 0,
        };
        let told = json!({"a": [1, 2], "x/y": {"~": null}});
        let inputs = Value::Object(mapped(&trigger, &told));
        assert_eq!(inputs, json!({"fixed": true, "whole": told, "number": 2, "odd": null}));
    }
}
