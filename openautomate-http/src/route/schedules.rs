//! `/api/schedules`: schedules, what becomes of their due times, and what an expression would mean.

mod action;
mod history;
mod preview;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use openautomate_core::Error;
use openautomate_core::command::schedule::{CreateSchedule, DeleteSchedule, UpdateSchedule};
use openautomate_core::domain::Schedule;
use openautomate_core::id::{PackageId, ScheduleId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, IfMatch, Listed, Needed, PageParams, PageQuery, Path, Query, Tagged,
    may, revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;
pub(crate) use history::PausedByView;
use view::{SavedSchedule, ScheduleRequest, ScheduleView};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(action::pause))
        .routes(routes!(action::resume))
        .routes(routes!(action::run))
        .routes(routes!(action::backfill))
        .routes(routes!(history::firings))
        .routes(routes!(history::explain))
        .routes(routes!(preview::preview_saved))
        .routes(routes!(preview::preview))
}

/// Makes a schedule.
#[utoipa::path(post, path = "/api/schedules", tag = "schedules", request_body = ScheduleRequest,
    responses((status = 201, description = "The schedule, and what to know of it.", body = SavedSchedule)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteSchedules>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<ScheduleRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new schedule has none").into());
    }
    let command = CreateSchedule { settings: value.into_settings(None) };
    let schedule = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/schedules/{}", schedule.id);
    Ok(super::created(&location, saved(&state, schedule).await?))
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
    can: CanSomewhere<may::ReadSchedules>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ScheduleView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |page| store.schedules(params.package_id, page);
    let page = can.sift(page, |row| *row.id.as_uuid(), |row| row.environment_id, fetch).await?;
    Ok(Json(page.map(ScheduleView::from).into()))
}

async fn saved(state: &AppState, schedule: Schedule) -> Result<Tagged<SavedSchedule>, Error> {
    let warnings = preview::warnings(state, &schedule).await?;
    Ok(Tagged::new(schedule.revision, SavedSchedule { schedule: schedule.into(), warnings }))
}

/// One in whose environment the caller may do what the route does.
async fn load<P: Needed>(state: &AppState, can: &CanSomewhere<P>, id: ScheduleId) -> Result<Schedule, Error> {
    let missing = || Error::not_found("schedule", id);
    let schedule = state.orchestrator().store().schedule(id).await?;
    let schedule = schedule.filter(|schedule| schedule.deleted_at.is_none()).ok_or_else(missing)?;
    can.check(schedule.environment_id, missing)?;
    Ok(schedule)
}

/// Shows a schedule.
#[utoipa::path(get, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 200, description = "The schedule.", body = ScheduleView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let schedule = load(&state, &can, id).await?;
    Ok(Tagged::new(schedule.revision, ScheduleView::from(schedule)).unless_known(&headers))
}

/// Replaces the settings of a schedule; what is left out becomes the default, but name, environment and whether it is
/// active, which stay. The next due time is counted from now on.
#[utoipa::path(put, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")), request_body = ScheduleRequest,
    responses((status = 200, description = "The schedule, and what to know of it.", body = SavedSchedule)))]
async fn update(
    State(state): State<AppState>,
    can: CanSomewhere<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
    if_match: IfMatch,
    Body { value, .. }: Body<ScheduleRequest>,
) -> Result<Tagged<SavedSchedule>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let present = load(&state, &can, id).await?;
    let command = UpdateSchedule { id, revision, settings: value.into_settings(Some(&present)) };
    let schedule = state.orchestrator().execute(&can.actor, command).await?;
    Ok(saved(&state, schedule).await?)
}

/// Deletes a schedule; its executions stay.
#[utoipa::path(delete, path = "/api/schedules/{id}", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteSchedules>,
    Path(id): Path<ScheduleId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteSchedule { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
