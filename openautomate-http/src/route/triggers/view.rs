//! Triggers and firings as the API takes and shows them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use openautomate_core::command::trigger::{NewTrigger, TriggerSettings};
use openautomate_core::domain::{Trigger, TriggerFiring, TriggerSource};
use openautomate_core::id::{EnvironmentId, ExecutionId, PackageId, TriggerId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::source::SourceView;

/// What a trigger shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TriggerRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    pub(super) revision: Option<i64>,
    /// A name for people.
    name: String,
    /// What is run: its active version when it fires.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Where; the default environment if left out of a new one.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// What it waits for.
    source: SourceView,
    /// Inputs that are the same each time.
    #[serde(default)]
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// Further inputs by name, each with a JSON Pointer (RFC 6901) to its value in what the source tells. What is not
    /// there is left out.
    #[serde(default)]
    #[schema(example = json!({"total": "/outputs/total"}))]
    mapping: BTreeMap<String, String>,
    /// Whether it fires. Default: yes.
    #[serde(default)]
    is_active: Option<bool>,
}

impl TriggerRequest {
    /// What is asked for; a changed trigger keeps its environment where none is given.
    pub(super) fn into_settings(self, present: Option<&Trigger>) -> TriggerSettings {
        TriggerSettings {
            name: self.name,
            package_id: self.package_id,
            environment_id: self.environment_id.or_else(|| present.map(|trigger| trigger.environment_id)),
            source: self.source.into(),
            inputs: self.inputs,
            mapping: self.mapping,
            is_active: self.is_active.unwrap_or(true),
        }
    }
}

/// A trigger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Trigger)]
pub(super) struct TriggerView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: TriggerId,
    /// A name for people.
    name: String,
    /// What is run.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// What it waits for.
    #[schema(value_type = SourceView)]
    source: TriggerSource,
    /// Where a webhook is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_path: Option<String>,
    /// Inputs that are the same each time.
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// Further inputs by name, each with a JSON Pointer to its value.
    mapping: BTreeMap<String, String>,
    /// Whether it fires.
    is_active: bool,
    /// Who made it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<Trigger> for TriggerView {
    fn from(trigger: Trigger) -> Self {
        let is_hook = matches!(trigger.source, TriggerSource::Webhook { .. });
        Self {
            id: trigger.id,
            name: trigger.name,
            package_id: trigger.package_id,
            environment_id: trigger.environment_id,
            hook_path: is_hook.then(|| format!("/api/hooks/{}", trigger.id)),
            source: trigger.source,
            inputs: trigger.inputs,
            mapping: trigger.mapping,
            is_active: trigger.is_active,
            created_by_id: trigger.created_by_id,
            created_at: trigger.created_at,
            updated_at: trigger.updated_at,
            revision: trigger.revision,
        }
    }
}

/// A trigger with what is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewTrigger)]
pub(super) struct NewTriggerView {
    #[serde(flatten)]
    trigger: TriggerView,
    /// What the sender of a webhook signs with. It is never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<NewTrigger> for NewTriggerView {
    fn from(made: NewTrigger) -> Self {
        let secret = made.secret.map(|secret| secret.expose().clone());
        Self { trigger: made.trigger.into(), secret }
    }
}

/// What a trigger made of one happening.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TriggerFiring)]
pub(super) struct TriggerFiringView {
    /// What happened: the signature of a webhook, the id of the execution that ended, the number of a look at a queue
    /// with that of the execution (`7.1`), the fingerprint of a file. It counts once.
    key: String,
    /// When it was decided.
    fired_at: DateTime<Utc>,
    /// The execution that it made; `null` if it made none.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Why it made none: `inactive`, `noActiveVersion`, `untrustedVersion`, `invalidInputs`, `invalidOptions`
    /// if it can't be placed as the package says, or `depthLimit` if too many executions stand before it.
    skipped: Option<String>,
}

impl From<TriggerFiring> for TriggerFiringView {
    fn from(firing: TriggerFiring) -> Self {
        Self {
            key: firing.key,
            fired_at: firing.fired_at,
            execution_id: firing.execution_id,
            skipped: firing.skipped,
        }
    }
}
