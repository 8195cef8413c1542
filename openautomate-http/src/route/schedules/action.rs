//! Pausing, resuming, running and backfilling schedules.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::command::schedule::{
    Backfill, BackfillSchedule, DEFAULT_BACKFILL, PauseSchedule, ResumeSchedule, RunSchedule,
};
use openautomate_core::id::{ExecutionId, ScheduleId};
use openautomate_core::schedule::OverlapPolicy;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::ScheduleView;
use crate::extract::{Body, CanSomewhere, IdempotencyKey, Path, Query, Tagged, may};
use crate::problem::Problem;
use crate::route::executions::made;
use crate::schema;
use crate::state::AppState;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PauseRequest {
    /// For those who find it paused, 1 to 500 characters.
    reason: String,
}

/// Pauses a schedule: nothing is due until it is resumed. What runs goes on.
#[utoipa::path(post, path = "/api/schedules/{id}/pause", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")), request_body = PauseRequest,
    responses((status = 200, description = "The schedule.", body = ScheduleView)))]
pub(super) async fn pause(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<PauseRequest>,
) -> Result<Tagged<ScheduleView>, Problem> {
    let command = PauseSchedule { id, reason: value.reason };
    let schedule = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    Ok(Tagged::new(schedule.revision, schedule.into()))
}

/// Resumes a schedule. It is due from now on: what it would have run meanwhile is left to a backfill.
#[utoipa::path(post, path = "/api/schedules/{id}/resume", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 200, description = "The schedule.", body = ScheduleView)))]
pub(super) async fn resume(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
    key: IdempotencyKey,
) -> Result<Tagged<ScheduleView>, Problem> {
    let schedule = state.orchestrator().execute_once(&actor, key.over(b"")?, ResumeSchedule { id }).await?;
    Ok(Tagged::new(schedule.revision, schedule.into()))
}

/// How it is run.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunParams {
    /// What happens if an execution of it is open: `allow`, `skip` (the run is refused) or `cancelRunning`; what the
    /// schedule says if left out.
    #[param(value_type = Option<schema::OverlapPolicy>)]
    overlap: Option<OverlapPolicy>,
}

/// Runs a schedule at once, paused or not. Its next due time stays.
#[utoipa::path(post, path = "/api/schedules/{id}/run", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule."), RunParams),
    responses((status = 201, description = "The execution.", body = crate::route::executions::ExecutionDetail)))]
pub(super) async fn run(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Path(id): Path<ScheduleId>,
    Query(params): Query<RunParams>,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    let command = RunSchedule { id, overlap: params.overlap };
    let execution = state.orchestrator().execute_once(&actor, key.over(b"")?, command).await?;
    made(&state, execution).await
}

/// Which due times.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BackfillRequest {
    /// The first instant of the range.
    from: DateTime<Utc>,
    /// The end of the range, which does not belong to it.
    to: DateTime<Utc>,
    /// A range with more due times is refused; at most 1000, 100 if left out.
    #[serde(default)]
    limit: Option<u32>,
    /// With `allow`, which is the default, all run at once; with `skip` the first runs, and only if no execution of
    /// the schedule is open.
    #[serde(default)]
    #[schema(value_type = Option<schema::OverlapPolicy>)]
    overlap: Option<OverlapPolicy>,
}

/// What a backfill did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Backfill)]
pub(super) struct BackfillView {
    /// The executions that were made, oldest due time first.
    #[schema(value_type = Vec<Uuid>)]
    executions: Vec<ExecutionId>,
    /// The due times that had an execution already.
    had_one: u32,
    /// The due times that were left because of the overlap policy.
    skipped: u32,
}

/// Runs the due times of a past range that have no execution: those that were skipped, and those that came while the
/// schedule was paused or not there yet. Each runs once, however often it is asked for.
#[utoipa::path(post, path = "/api/schedules/{id}/backfill", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")), request_body = BackfillRequest,
    responses((status = 200, description = "What was done.", body = BackfillView)))]
pub(super) async fn backfill(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<BackfillRequest>,
) -> Result<Json<BackfillView>, Problem> {
    let command = BackfillSchedule {
        id,
        from: value.from,
        to: value.to,
        limit: value.limit.unwrap_or(DEFAULT_BACKFILL),
        overlap: value.overlap.unwrap_or(OverlapPolicy::Allow),
    };
    let done = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let Backfill { executions, had_one, skipped } = done;
    Ok(Json(BackfillView { executions, had_one, skipped }))
}
