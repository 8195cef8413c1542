//! Schedules as the API takes and shows them.

use chrono::{DateTime, Utc};
use openautomate_core::command::schedule::ScheduleSettings;
use openautomate_core::domain::{ExecutionOptions, Pause, Schedule};
use openautomate_core::id::{CalendarId, EnvironmentId, PackageId, ScheduleId, UserId};
use openautomate_core::schedule::{CalendarRule, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::history::PausedByView;
use super::preview::WarningView;
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
    /// The longest delay after a due time, in milliseconds: at most 30 minutes, and shorter than the time between two
    /// due times. Each due time has its own, always the same.
    #[serde(default)]
    jitter_ms: u64,
    /// The calendar of days without work that it looks at.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    calendar_id: Option<CalendarId>,
    /// What happens to due times on those days.
    #[serde(default)]
    #[schema(value_type = Option<schema::CalendarRule>)]
    calendar_rule: CalendarRule,
    /// After so many executions in a row that failed or ran out of time, it pauses by itself; 1 to 1000.
    #[serde(default)]
    pause_after_failures: Option<u32>,
    /// Whether it fires. If left out, a new one does, and a changed one stays as it is.
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
            jitter_ms: self.jitter_ms,
            calendar_id: self.calendar_id,
            calendar_rule: self.calendar_rule,
            pause_after_failures: self.pause_after_failures,
            is_active: self.is_active,
            name: default.name,
            package_id: default.package_id,
            cron_expression: default.cron_expression,
        }
    }
}

/// Why a schedule rests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pause)]
struct PauseView {
    /// Since when.
    at: DateTime<Utc>,
    /// Who paused it; the system does after failures.
    by: PausedByView,
    /// Why, in their words.
    reason: String,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        Self { at: pause.at, by: pause.by.into(), reason: pause.reason }
    }
}

/// A schedule that was saved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SavedSchedule {
    #[serde(flatten)]
    pub(super) schedule: ScheduleView,
    /// What to know of it, as of due times that fall into one of the next two changes of the clocks.
    pub(super) warnings: Vec<WarningView>,
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
    /// The longest delay after a due time, in milliseconds.
    jitter_ms: u64,
    /// The calendar of days without work that it looks at.
    #[schema(value_type = Option<Uuid>)]
    calendar_id: Option<CalendarId>,
    /// What happens to due times on those days.
    #[schema(value_type = schema::CalendarRule)]
    calendar_rule: CalendarRule,
    /// After so many executions in a row that failed or ran out of time, it pauses by itself.
    pause_after_failures: Option<u32>,
    /// Who paused it, when and why; `null` while it is active.
    pause: Option<PauseView>,
    /// The next due time; `null` if it is inactive or will never fire again.
    next_due: Option<DateTime<Utc>>,
    /// When it fires then: after its jitter.
    next_fire: Option<DateTime<Utc>>,
    /// A due time that waits for the running execution to end.
    queued_due: Option<DateTime<Utc>>,
    /// The last due time that was decided on.
    last_due: Option<DateTime<Utc>>,
    /// Raised with each change and each firing; the ETag.
    revision: i64,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        Self {
            next_fire: schedule.next_fire(),
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
            jitter_ms: schedule.jitter_ms,
            calendar_id: schedule.calendar_id,
            calendar_rule: schedule.calendar_rule,
            pause_after_failures: schedule.pause_after_failures,
            pause: schedule.pause.map(PauseView::from),
            next_due: schedule.next_due,
            queued_due: schedule.queued_due,
            last_due: schedule.last_due,
            revision: schedule.revision,
        }
    }
}
