//! When a schedule would be due: saved, or to try.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::schedule::{DueTimes, calendar_of, fire_times};
use openautomate_core::domain::Schedule;
use openautomate_core::id::{CalendarId, ScheduleId};
use openautomate_core::schedule::{
    CalendarRule, CalendarUse, ClockChange, ClockChangeEffect, DstGap, DstOverlap, zone_database_version,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::load;
use crate::extract::{Body, CanSomewhere, Path, Query, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

const MAX_PREVIEW: usize = 100;
const DEFAULT_PREVIEW: usize = 10;

/// Settings to try.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PreviewRequest {
    /// The crontab line.
    #[schema(example = "0 9 * * MON-FRI")]
    cron_expression: String,
    /// The IANA time zone; UTC if left out.
    #[serde(default)]
    time_zone: Option<String>,
    /// What happens to a due time that the clock skips.
    #[serde(default)]
    #[schema(value_type = Option<schema::DstGap>)]
    dst_gap: DstGap,
    /// What happens to a due time that comes twice.
    #[serde(default)]
    #[schema(value_type = Option<schema::DstOverlap>)]
    dst_overlap: DstOverlap,
    /// The calendar of days without work.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    calendar_id: Option<CalendarId>,
    /// What happens to due times on those days.
    #[serde(default)]
    #[schema(value_type = Option<schema::CalendarRule>)]
    calendar_rule: CalendarRule,
    /// Not before.
    #[serde(default)]
    starts_at: Option<DateTime<Utc>>,
    /// Not at or after.
    #[serde(default)]
    ends_at: Option<DateTime<Utc>>,
    /// From when; now if left out.
    #[serde(default)]
    from: Option<DateTime<Utc>>,
    /// How many due times, at most 100; 10 if left out.
    #[serde(default)]
    count: Option<usize>,
}

/// A change of a zone's clocks, and what it does to the schedule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClockChange)]
pub(super) struct ClockChangeView {
    /// The first instant with the new offset.
    at: DateTime<Utc>,
    /// Seconds ahead of UTC before it.
    offset_before: i32,
    /// Seconds ahead of UTC from it on.
    offset_after: i32,
    /// The first wall-clock time that the schedule names among those that the change skips or repeats.
    named: Option<NaiveDateTime>,
    /// What becomes of it.
    #[schema(value_type = schema::ClockChangeEffect)]
    effect: ClockChangeEffect,
}

/// What to know before keeping such a schedule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScheduleWarning)]
pub(super) struct WarningView {
    /// A stable name: `schedule.clockChange`.
    code: &'static str,
    /// What, for people.
    message: String,
}

/// What the settings mean.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SchedulePreview)]
pub(super) struct PreviewView {
    /// The next due times.
    due_times: Vec<DateTime<Utc>>,
    /// When it fires at each of them: after its jitter. Only of a saved schedule, on whose id the jitter depends.
    #[serde(skip_serializing_if = "Option::is_none")]
    fire_times: Option<Vec<DateTime<Utc>>>,
    /// The next two changes of the zone's clocks, within two years.
    clock_changes: Vec<ClockChangeView>,
    /// What they do to it.
    warnings: Vec<WarningView>,
    /// The shortest time between two due times by the wall clock, in seconds.
    shortest_interval_seconds: Option<u64>,
    /// The version of the IANA time zone database that was looked into.
    zone_database: &'static str,
}

/// The warnings of a schedule that was saved at this instant.
pub(super) async fn warnings(state: &AppState, schedule: &Schedule) -> Result<Vec<WarningView>, Error> {
    let calendar = calendar_of(state.orchestrator().store(), schedule.calendar_id).await?;
    Ok(warnings_of(&schedule.due_times(calendar.as_ref())?.clock_changes(state.now())))
}

fn warnings_of(changes: &[ClockChange]) -> Vec<WarningView> {
    let messages = changes.iter().filter_map(ClockChange::warning);
    messages.map(|message| WarningView { code: "schedule.clockChange", message }).collect()
}

fn counted(count: Option<usize>) -> Result<usize, Error> {
    let count = count.unwrap_or(DEFAULT_PREVIEW);
    if (1..=MAX_PREVIEW).contains(&count) {
        return Ok(count);
    }
    Err(Error::invalid_field("count", format!("is not between 1 and {MAX_PREVIEW}")))
}

fn view(times: &DueTimes, from: DateTime<Utc>, count: usize) -> PreviewView {
    let changes = times.clock_changes(from);
    let warnings = warnings_of(&changes);
    let change = |change: ClockChange| ClockChangeView {
        at: change.at,
        offset_before: change.offset_before,
        offset_after: change.offset_after,
        named: change.named,
        effect: change.effect,
    };
    PreviewView {
        due_times: times.preview(from, count),
        fire_times: None,
        clock_changes: changes.into_iter().map(change).collect(),
        warnings,
        shortest_interval_seconds: times.times.expression.shortest_interval(),
        zone_database: zone_database_version(),
    }
}

/// Tells when a schedule with these settings would be due. Nothing is kept.
#[utoipa::path(post, path = "/api/schedules/preview", tag = "schedules", request_body = PreviewRequest,
    responses((status = 200, description = "The due times.", body = PreviewView)))]
pub(super) async fn preview(
    State(state): State<AppState>,
    _: CanSomewhere<may::ReadSchedules>,
    Body { value, .. }: Body<PreviewRequest>,
) -> Result<Json<PreviewView>, Problem> {
    let count = counted(value.count)?;
    let zone = value.time_zone.as_deref().unwrap_or("UTC");
    let mut times = fire_times(&value.cron_expression, zone, value.dst_gap, value.dst_overlap)?;
    if let Some(id) = value.calendar_id {
        let calendar = state.orchestrator().store().calendar(id).await?;
        let calendar = calendar
            .ok_or_else(|| Error::invalid_field("calendarId", "names no calendar; list them first"))?;
        let days = Arc::new(calendar.working_days());
        times.calendar = Some(CalendarUse { days, rule: value.calendar_rule });
    }
    let times = DueTimes { times, starts_at: value.starts_at, ends_at: value.ends_at };
    Ok(Json(view(&times, value.from.unwrap_or_else(|| state.now()), count)))
}

/// How many due times.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewParams {
    /// At most so many. Default 10.
    #[param(minimum = 1, maximum = 100)]
    count: Option<usize>,
}

/// Tells when a schedule is due next, as if it were not paused.
#[utoipa::path(get, path = "/api/schedules/{id}/preview", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule."), PreviewParams),
    responses((status = 200, description = "The due times.", body = PreviewView)))]
pub(super) async fn preview_saved(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
    Query(params): Query<PreviewParams>,
) -> Result<Json<PreviewView>, Problem> {
    let count = counted(params.count)?;
    let schedule = load(&state, &can, id).await?;
    let calendar = calendar_of(state.orchestrator().store(), schedule.calendar_id).await?;
    let times = schedule.due_times(calendar.as_ref())?;
    let mut view =
        view(&times, schedule.last_due.map_or_else(|| state.now(), |last| last.max(state.now())), count);
    view.fire_times = Some(view.due_times.iter().map(|due| *due + schedule.delay_of(*due)).collect());
    Ok(Json(view))
}
