//! `/api/schedules`: schedules, their firings, and what an expression would mean.

mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::schedule::{CreateSchedule, DeleteSchedule, UpdateSchedule, fire_times};
use openautomate_core::domain::Schedule;
use openautomate_core::id::{PackageId, ScheduleId};
use openautomate_core::schedule::{DstGap, DstOverlap};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{
    Body, Can, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Query, Tagged, may, revision_of,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;
use view::{FiringView, ScheduleRequest, ScheduleView};

const MAX_FIRINGS: u32 = 200;
const MAX_PREVIEW: usize = 100;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(firings))
        .routes(routes!(preview))
}

/// Makes a schedule.
#[utoipa::path(post, path = "/api/schedules", tag = "schedules", request_body = ScheduleRequest,
    responses((status = 201, description = "The schedule.", body = ScheduleView)))]
async fn create(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WriteSchedules>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<ScheduleRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new schedule has none").into());
    }
    let command = CreateSchedule { settings: value.into_settings(None) };
    let schedule = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/schedules/{}", schedule.id);
    Ok(super::created(&location, Tagged::new(schedule.revision, ScheduleView::from(schedule))))
}

/// Which schedules.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Of this package.
    #[param(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
}

/// Lists schedules.
#[utoipa::path(get, path = "/api/schedules", tag = "schedules", params(ListParams, PageParams),
    responses((status = 200, description = "A page of schedules.", body = Listed<ScheduleView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadSchedules>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ScheduleView>>, Problem> {
    let page = state.orchestrator().store().schedules(params.package_id, page).await?;
    Ok(Json(page.map(ScheduleView::from).into()))
}

async fn load(state: &AppState, id: ScheduleId) -> Result<Schedule, Error> {
    let schedule = state.orchestrator().store().schedule(id).await?;
    schedule.filter(|schedule| schedule.deleted_at.is_none()).ok_or_else(|| Error::not_found("schedule", id))
}

/// Shows a schedule.
#[utoipa::path(get, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 200, description = "The schedule.", body = ScheduleView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let schedule = load(&state, id).await?;
    Ok(Tagged::new(schedule.revision, ScheduleView::from(schedule)).unless_known(&headers))
}

/// Replaces the settings of a schedule; what is left out becomes the default. The next due time is counted
/// from now on.
#[utoipa::path(put, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")), request_body = ScheduleRequest,
    responses((status = 200, description = "The schedule.", body = ScheduleView)))]
async fn update(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
    if_match: IfMatch,
    Body { value, .. }: Body<ScheduleRequest>,
) -> Result<Tagged<ScheduleView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let present = load(&state, id).await?;
    let command = UpdateSchedule { id, revision, settings: value.into_settings(Some(&present)) };
    let schedule = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(schedule.revision, schedule.into()))
}

/// Deletes a schedule; its executions stay.
#[utoipa::path(delete, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    Can(actor, _): Can<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteSchedule { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many firings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FiringParams {
    /// At most so many. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The last firings of a schedule.
#[derive(Serialize, ToSchema)]
struct FiringList {
    /// The latest due time first.
    items: Vec<FiringView>,
}

/// Lists what became of the last due times of a schedule.
#[utoipa::path(get, path = "/api/schedules/{id}/firings", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule."), FiringParams),
    responses((status = 200, description = "The firings.", body = FiringList)))]
async fn firings(
    State(state): State<AppState>,
    _: Can<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
    Query(params): Query<FiringParams>,
) -> Result<Json<FiringList>, Problem> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=MAX_FIRINGS).contains(&limit) {
        return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_FIRINGS}")).into());
    }
    load(&state, id).await?;
    let firings = state.orchestrator().store().firings(id, limit).await?;
    Ok(Json(FiringList { items: firings.into_iter().map(FiringView::from).collect() }))
}

/// An expression to try.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreviewRequest {
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
    /// How many due times, at most 100; 5 if left out.
    #[serde(default)]
    count: Option<usize>,
}

/// What an expression means.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PreviewView {
    /// The next due times.
    due_times: Vec<DateTime<Utc>>,
}

/// Tells when an expression would be due. Nothing is kept.
#[utoipa::path(post, path = "/api/schedules/preview", tag = "schedules", request_body = PreviewRequest,
    responses((status = 200, description = "The due times.", body = PreviewView)))]
async fn preview(
    State(state): State<AppState>,
    _: Can<may::ReadSchedules>,
    Body { value, .. }: Body<PreviewRequest>,
) -> Result<Json<PreviewView>, Problem> {
    let count = value.count.unwrap_or(5);
    if !(1..=MAX_PREVIEW).contains(&count) {
        return Err(Error::invalid_field("count", format!("is not between 1 and {MAX_PREVIEW}")).into());
    }
    let zone = value.time_zone.as_deref().unwrap_or("UTC");
    let times = fire_times(&value.cron_expression, zone, value.dst_gap, value.dst_overlap)?;
    Ok(Json(PreviewView { due_times: times.preview(state.now(), count) }))
}
