//! `/api/triggers`: what makes executions when something happens, and what each of them did.

mod explain;
mod source;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use openautomate_core::Error;
use openautomate_core::command::trigger::{CreateTrigger, DeleteTrigger, RotateSecret, UpdateTrigger};
use openautomate_core::domain::Trigger;
use openautomate_core::id::{PackageId, TriggerId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IfMatch, Listed, Needed, PageParams, PageQuery, Path, Query, Tagged, may, revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;
use view::{NewTriggerView, TriggerFiringView, TriggerRequest, TriggerView};

const MAX_FIRINGS: u32 = 200;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate_secret))
        .routes(routes!(firings))
        .routes(routes!(explain::explain))
}

/// Makes a trigger. The secret of a webhook is shown in this answer and never again, so that the answer is not kept
/// for an `Idempotency-Key`.
#[utoipa::path(post, path = "/api/triggers", tag = "triggers", request_body = TriggerRequest,
    responses((status = 201, description = "The trigger.", body = NewTriggerView)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteTriggers>,
    Body { value, .. }: Body<TriggerRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new trigger has none").into());
    }
    let command = CreateTrigger { settings: value.into_settings(None) };
    let made = state.orchestrator().execute(&actor, command).await?;
    let location = format!("/api/triggers/{}", made.trigger.id);
    Ok(super::created(&location, Tagged::new(made.trigger.revision, NewTriggerView::from(made))))
}

/// Which triggers.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// That run this package.
    #[param(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
}

/// Lists triggers.
#[utoipa::path(get, path = "/api/triggers", tag = "triggers", params(ListParams, PageParams),
    responses((status = 200, description = "A page of triggers.", body = Listed<TriggerView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadTriggers>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<TriggerView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |page| store.triggers(params.package_id, page);
    let page = can.sift(page, |row| *row.id.as_uuid(), |row| row.environment_id, fetch).await?;
    Ok(Json(page.map(TriggerView::from).into()))
}

/// One in whose environment the caller may do what the route does.
async fn load<P: Needed>(state: &AppState, can: &CanSomewhere<P>, id: TriggerId) -> Result<Trigger, Error> {
    let missing = || Error::not_found("trigger", id);
    let trigger = state.orchestrator().store().trigger(id).await?;
    let trigger = trigger.filter(|trigger| trigger.deleted_at.is_none()).ok_or_else(missing)?;
    can.check(trigger.environment_id, missing)?;
    Ok(trigger)
}

/// Shows a trigger.
#[utoipa::path(get, path = "/api/triggers/{id}", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger.")),
    responses((status = 200, description = "The trigger.", body = TriggerView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadTriggers>,
    Path(id): Path<TriggerId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let trigger = load(&state, &can, id).await?;
    Ok(Tagged::new(trigger.revision, TriggerView::from(trigger)).unless_known(&headers))
}

/// Replaces the settings of a trigger; what is left out becomes the default. A webhook keeps its secret.
#[utoipa::path(put, path = "/api/triggers/{id}", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger.")), request_body = TriggerRequest,
    responses((status = 200, description = "The trigger.", body = TriggerView)))]
async fn update(
    State(state): State<AppState>,
    can: CanSomewhere<may::WriteTriggers>,
    Path(id): Path<TriggerId>,
    if_match: IfMatch,
    Body { value, .. }: Body<TriggerRequest>,
) -> Result<Tagged<TriggerView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let present = load(&state, &can, id).await?;
    let command = UpdateTrigger { id, revision, settings: value.into_settings(Some(&present)) };
    let trigger = state.orchestrator().execute(&can.actor, command).await?;
    Ok(Tagged::new(trigger.revision, trigger.into()))
}

/// Deletes a trigger; its executions stay.
#[utoipa::path(delete, path = "/api/triggers/{id}", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteTriggers>,
    Path(id): Path<TriggerId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteTrigger { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook a new secret, shown in this answer alone; the old one is good no more.
#[utoipa::path(post, path = "/api/triggers/{id}/secret", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger.")),
    responses((status = 200, description = "The trigger with its secret.", body = NewTriggerView)))]
async fn rotate_secret(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteTriggers>,
    Path(id): Path<TriggerId>,
) -> Result<Tagged<NewTriggerView>, Problem> {
    let made = state.orchestrator().execute(&actor, RotateSecret { id }).await?;
    Ok(Tagged::new(made.trigger.revision, made.into()))
}

/// How many firings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FiringParams {
    /// At most so many. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What a trigger did last.
#[derive(Serialize, ToSchema)]
struct TriggerFiringList {
    /// The latest first.
    items: Vec<TriggerFiringView>,
}

/// Lists what a trigger did last. It is kept for 90 days.
#[utoipa::path(get, path = "/api/triggers/{id}/firings", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger."), FiringParams),
    responses((status = 200, description = "The firings.", body = TriggerFiringList)))]
async fn firings(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadTriggers>,
    Path(id): Path<TriggerId>,
    Query(params): Query<FiringParams>,
) -> Result<Json<TriggerFiringList>, Problem> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=MAX_FIRINGS).contains(&limit) {
        return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_FIRINGS}")).into());
    }
    load(&state, &can, id).await?;
    let firings = state.orchestrator().store().trigger_firings(id, limit).await?;
    Ok(Json(TriggerFiringList { items: firings.into_iter().map(TriggerFiringView::from).collect() }))
}
