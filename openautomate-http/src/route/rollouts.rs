//! `/api/rollouts`, and how versions are promoted and rolled back: how a version came to be the active one of an
//! environment, or did not.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::rollout::{AnswerRollout, PromoteVersion, RollBack, RolloutAnswer};
use openautomate_core::domain::{Rollout, RolloutKind, RolloutState};
use openautomate_core::id::{EnvironmentId, PackageId, RolloutId, UserId, VersionId};
use openautomate_core::query::RolloutFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(promote))
        .routes(routes!(roll_back))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(withdraw))
}

/// A wish to make a version the active one of an environment, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Rollout)]
struct RolloutView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: RolloutId,
    /// Of which package.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// Which version.
    #[schema(value_type = Uuid)]
    version_id: VersionId,
    /// Why.
    #[schema(value_type = schema::RolloutKind)]
    kind: RolloutKind,
    /// Where it is promoted from.
    #[schema(value_type = Option<Uuid>)]
    from_environment_id: Option<EnvironmentId>,
    /// The version that it replaced, or would have replaced when it was asked for.
    #[schema(value_type = Option<Uuid>)]
    previous_version_id: Option<VersionId>,
    /// Where it stands.
    #[schema(value_type = schema::RolloutState)]
    state: RolloutState,
    /// Who asked for it.
    #[schema(value_type = Uuid)]
    requested_by_id: UserId,
    /// When.
    requested_at: DateTime<Utc>,
    /// Who decided.
    #[schema(value_type = Option<Uuid>)]
    decided_by_id: Option<UserId>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// What whoever decided said.
    comment: String,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<Rollout> for RolloutView {
    fn from(rollout: Rollout) -> Self {
        Self {
            id: rollout.id,
            package_id: rollout.package_id,
            environment_id: rollout.environment_id,
            version_id: rollout.version_id,
            kind: rollout.kind,
            from_environment_id: rollout.from_environment_id,
            previous_version_id: rollout.previous_version_id,
            state: rollout.state,
            requested_by_id: rollout.requested_by,
            requested_at: rollout.requested_at,
            decided_by_id: rollout.decided_by,
            decided_at: rollout.decided_at,
            comment: rollout.comment,
            revision: rollout.revision,
        }
    }
}

fn made(rollout: Rollout) -> Response {
    let location = format!("/api/rollouts/{}", rollout.id);
    super::created(&location, Tagged::new(rollout.revision, RolloutView::from(rollout)))
}

/// What is promoted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PromoteRequest {
    /// The environment whose active version it is.
    #[schema(value_type = Uuid)]
    from: EnvironmentId,
    /// Where it shall be the active one, too.
    #[schema(value_type = Uuid)]
    to: EnvironmentId,
}

/// Makes the version that is active in one environment the active one of another. Where that environment asks for
/// four eyes, the rollout waits.
#[utoipa::path(post, path = "/api/packages/{id}/promote", tag = "packages", request_body = PromoteRequest,
    params(("id" = Uuid, Path, description = "The package.")),
    responses((status = 201, description = "The rollout.", body = RolloutView)))]
async fn promote(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::DeployVersions>,
    Path(package_id): Path<PackageId>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<PromoteRequest>,
) -> Result<Response, Problem> {
    let command = PromoteVersion { package_id, from: value.from, to: value.to };
    Ok(made(state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?))
}

/// Where it is rolled back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RollBackRequest {
    /// Where; the default environment if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Makes the version the active one again that was before the present one came; a second time leads one further back.
#[utoipa::path(post, path = "/api/packages/{id}/rollback", tag = "packages",
    request_body(content = Option<RollBackRequest>),
    params(("id" = Uuid, Path, description = "The package.")),
    responses((status = 201, description = "The rollout.", body = RolloutView)))]
async fn roll_back(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::DeployVersions>,
    Path(package_id): Path<PackageId>,
    key: IdempotencyKey,
    body: Option<Body<RollBackRequest>>,
) -> Result<Response, Problem> {
    let Body { value, bytes } = body.unwrap_or_default();
    let command = RollBack { package_id, environment_id: value.environment_id };
    Ok(made(state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?))
}

/// Which rollouts.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Of this package.
    #[param(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
    /// To this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// Of this version.
    #[param(value_type = Option<Uuid>)]
    version_id: Option<VersionId>,
    /// In this state.
    #[param(value_type = Option<schema::RolloutState>)]
    state: Option<RolloutState>,
}

/// Lists rollouts, newest first: what came when into which environment, and what waits for somebody's word.
#[utoipa::path(get, path = "/api/rollouts", tag = "packages", params(ListParams, PageParams),
    responses((status = 200, description = "A page of rollouts.", body = Listed<RolloutView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadPackages>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<RolloutView>>, Problem> {
    let ListParams { package_id, environment_id, version_id, state: wanted } = params;
    let store = state.orchestrator().store();
    let fetch = |environment_id, page| async move {
        let filter = RolloutFilter { package_id, environment_id, version_id, state: wanted };
        store.rollouts(&filter, page).await
    };
    let page = can.page((environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(RolloutView::from).into()))
}

/// Shows a rollout.
#[utoipa::path(get, path = "/api/rollouts/{id}", tag = "packages",
    params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadPackages>,
    Path(id): Path<RolloutId>,
) -> Result<Tagged<RolloutView>, Problem> {
    let rollout = state.orchestrator().store().rollout(id).await?;
    let missing = || Error::not_found("rollout", id);
    let rollout = rollout.ok_or_else(missing)?;
    can.check(rollout.environment_id, missing)?;
    Ok(Tagged::new(rollout.revision, rollout.into()))
}

/// What somebody says to a rollout.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnswerRolloutRequest)]
struct AnswerRequest {
    /// Why; at most 4,000 bytes.
    #[serde(default)]
    comment: String,
}

async fn answer(
    state: &AppState,
    CanSomewhere { actor, .. }: CanSomewhere<may::DeployVersions>,
    id: RolloutId,
    answer: RolloutAnswer,
    body: Option<Body<AnswerRequest>>,
) -> Result<Tagged<RolloutView>, Problem> {
    let comment = body.unwrap_or_default().value.comment;
    let rollout = state.orchestrator().execute(&actor, AnswerRollout { id, answer, comment }).await?;
    Ok(Tagged::new(rollout.revision, rollout.into()))
}

/// Agrees to a rollout that somebody else asked for: the version becomes the active one.
#[utoipa::path(post, path = "/api/rollouts/{id}/approve", tag = "packages",
    request_body(content = Option<AnswerRequest>), params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView)))]
async fn approve(
    State(state): State<AppState>,
    can: CanSomewhere<may::DeployVersions>,
    Path(id): Path<RolloutId>,
    body: Option<Body<AnswerRequest>>,
) -> Result<Tagged<RolloutView>, Problem> {
    answer(&state, can, id, RolloutAnswer::Approve, body).await
}

/// Refuses a rollout that somebody else asked for.
#[utoipa::path(post, path = "/api/rollouts/{id}/reject", tag = "packages",
    request_body(content = Option<AnswerRequest>), params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView)))]
async fn reject(
    State(state): State<AppState>,
    can: CanSomewhere<may::DeployVersions>,
    Path(id): Path<RolloutId>,
    body: Option<Body<AnswerRequest>>,
) -> Result<Tagged<RolloutView>, Problem> {
    answer(&state, can, id, RolloutAnswer::Reject, body).await
}

/// Takes back a rollout that one asked for oneself.
#[utoipa::path(post, path = "/api/rollouts/{id}/withdraw", tag = "packages",
    request_body(content = Option<AnswerRequest>), params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView)))]
async fn withdraw(
    State(state): State<AppState>,
    can: CanSomewhere<may::DeployVersions>,
    Path(id): Path<RolloutId>,
    body: Option<Body<AnswerRequest>>,
) -> Result<Tagged<RolloutView>, Problem> {
    answer(&state, can, id, RolloutAnswer::Withdraw, body).await
}
