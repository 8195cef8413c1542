//! Schedules and firings as the API takes and shows them.

use chrono::{DateTime, Utc};
use openautomate_core::command::schedule::ScheduleSettings;
use openautomate_core::domain::{ExecutionOptions, Firing, Schedule};
use openautomate_core::id::{EnvironmentId, ExecutionId, PackageId, ScheduleId, UserId};
use openautomate_core::schedule::{DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schema;

/// What a schedule shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ScheduleRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    pub(super) revision: Option<i64>,
    /// A name for people; the expression if left out of a new one.
    #[serde(default)]
    name: Option<String>,
    /// What is run: its active version at the due time.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Where; the default environment if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// When, as a crontab line.
    #[schema(example = "0 9 * * MON-FRI")]
    cron_expression: String,
    /// In which IANA time zone; UTC if left out.
    #[serde(default)]
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// What happens to a due time that the clock skips.
    #[serde(default)]
    #[schema(value_type = Option<schema::DstGap>)]
    dst_gap: DstGap,
    /// What happens to a due time that comes twice.
    #[serde(default)]
    #[schema(value_type = Option<schema::DstOverlap>)]
    dst_overlap: DstOverlap,
    /// What happens to due times that passed while no server ran.
    #[serde(default)]
    #[schema(value_type = Option<schema::MisfirePolicy>)]
    misfire: MisfirePolicy,
    /// At most this many of them are made up for.
    #[serde(default)]
    max_catchup: Option<u32>,
    /// Older ones than this are skipped, in milliseconds.
    #[serde(default)]
    catchup_window_ms: Option<u64>,
    /// What happens when the last execution still runs.
    #[serde(default)]
    #[schema(value_type = Option<schema::OverlapPolicy>)]
    overlap: OverlapPolicy,
    /// The inputs of each execution.
    #[serde(default)]
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// How its executions are placed and repeated, where not as the package says.
    #[serde(default)]
    #[schema(value_type = Option<schema::ExecutionOptions>)]
    options: ExecutionOptions,
    /// Not before.
    #[serde(default)]
    starts_at: Option<DateTime<Utc>>,
    /// Not at or after.
    #[serde(default)]
    ends_at: Option<DateTime<Utc>>,
    /// Whether it fires. Default: yes.
    #[serde(default)]
    is_active: Option<bool>,
}

impl ScheduleRequest {
    /// What is asked for; a changed schedule keeps its name and environment where none is given.
    pub(super) fn into_settings(self, present: Option<&Schedule>) -> ScheduleSettings {
        let name = self.name.or_else(|| present.map(|schedule| schedule.name.clone()));
        let name = name.unwrap_or_else(|| self.cron_expression.clone());
        let default = ScheduleSettings::new(name, self.package_id, self.cron_expression);
        ScheduleSettings {
            environment_id: self.environment_id.or_else(|| present.map(|schedule| schedule.environment_id)),
            time_zone: self.time_zone.unwrap_or(default.time_zone),
            dst_gap: self.dst_gap,
            dst_overlap: self.dst_overlap,
            misfire: self.misfire,
            max_catchup: self.max_catchup.unwrap_or(default.max_catchup),
            catchup_window_ms: self.catchup_window_ms.unwrap_or(default.catchup_window_ms),
            overlap: self.overlap,
            inputs: self.inputs,
            options: self.options,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            is_active: self.is_active.unwrap_or(default.is_active),
            name: default.name,
            package_id: default.package_id,
            cron_expression: default.cron_expression,
        }
    }
}

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Schedule)]
pub(super) struct ScheduleView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ScheduleId,
    /// A name for people.
    name: String,
    /// What is run.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// When, as a crontab line.
    cron_expression: String,
    /// Whether it fires.
    is_active: bool,
    /// Who made it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it was last changed by somebody.
    updated_at: DateTime<Utc>,
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// In which IANA time zone.
    time_zone: String,
    /// What happens to a due time that the clock skips.
    #[schema(value_type = schema::DstGap)]
    dst_gap: DstGap,
    /// What happens to a due time that comes twice.
    #[schema(value_type = schema::DstOverlap)]
    dst_overlap: DstOverlap,
    /// What happens to due times that passed while no server ran.
    #[schema(value_type = schema::MisfirePolicy)]
    misfire: MisfirePolicy,
    /// At most this many of them are made up for.
    max_catchup: u32,
    /// Older ones than this are skipped, in milliseconds.
    catchup_window_ms: u64,
    /// What happens when the last execution still runs.
    #[schema(value_type = schema::OverlapPolicy)]
    overlap: OverlapPolicy,
    /// The inputs of each execution.
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// How its executions are placed and repeated, where not as the package says.
    #[schema(value_type = schema::ExecutionOptions)]
    options: ExecutionOptions,
    /// Not before.
    starts_at: Option<DateTime<Utc>>,
    /// Not at or after.
    ends_at: Option<DateTime<Utc>>,
    /// The next due time; `null` if it is inactive or will never fire again.
    next_due: Option<DateTime<Utc>>,
    /// The last due time that was decided on.
    last_due: Option<DateTime<Utc>>,
    /// Raised with each change and each firing; the ETag.
    revision: i64,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        Self {
            id: schedule.id,
            name: schedule.name,
            package_id: schedule.package_id,
            cron_expression: schedule.cron_expression,
            is_active: schedule.is_active,
            created_by_id: schedule.created_by_id,
            created_at: schedule.created_at,
            updated_at: schedule.updated_at,
            environment_id: schedule.environment_id,
            time_zone: schedule.time_zone,
            dst_gap: schedule.dst_gap,
            dst_overlap: schedule.dst_overlap,
            misfire: schedule.misfire,
            max_catchup: schedule.max_catchup,
            catchup_window_ms: schedule.catchup_window_ms,
            overlap: schedule.overlap,
            inputs: schedule.inputs,
            options: schedule.options,
            starts_at: schedule.starts_at,
            ends_at: schedule.ends_at,
            next_due: schedule.next_due,
            last_due: schedule.last_due,
            revision: schedule.revision,
        }
    }
}

/// What became of one due time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Firing)]
pub(super) struct FiringView {
    /// The due time.
    due_at: DateTime<Utc>,
    /// When it was decided.
    fired_at: DateTime<Utc>,
    /// The execution that it made; `null` if it was skipped.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Why it was skipped: `overlap`, `misfire`, `noActiveVersion`, `invalidInputs` if the version that was active
    /// does not take the schedule's inputs, or `invalidOptions` if its executions can't be placed as is said.
    skipped: Option<String>,
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        Self {
            due_at: firing.due_at,
            fired_at: firing.fired_at,
            execution_id: firing.execution_id,
            skipped: firing.skipped,
        }
    }
}
