//! `/api/environments`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::command::environment::{
    CreateEnvironment, PauseEnvironment, ResumeEnvironment, UpdateEnvironment,
};
use openautomate_core::domain::{Environment, EnvironmentPause};
use openautomate_core::id::EnvironmentId;
use openautomate_core::package::signature::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, Can, CanSomewhere, IdempotencyKey, IfMatch, Path, Tagged, may, revision_of};
use crate::problem::Problem;
use crate::route::schedules::PausedByView;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// An environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Environment)]
struct EnvironmentView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: EnvironmentId,
    /// The name.
    name: String,
    /// Whether it is meant where a request names none.
    is_default: bool,
    /// The authors whose versions are deployed and run here, by their Ed25519 keys in base64url without padding;
    /// if there are none, everybody's are.
    #[schema(value_type = Vec<String>)]
    author_keys: Vec<PublicKey>,
    /// How many executions may be with agents at once; `null` for no limit.
    max_concurrent: Option<u32>,
    /// Whether somebody else than who asks has to agree to what is deployed here.
    four_eyes: bool,
    /// Why nothing is given to its agents; `null` if it is not paused.
    pause: Option<PauseView>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Raised with each change.
    revision: i64,
}

/// Why nothing is given to the agents of an environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EnvironmentPause)]
struct PauseView {
    /// Since when.
    at: DateTime<Utc>,
    /// Who paused it.
    by: PausedByView,
    /// Why, in their words.
    reason: String,
    /// When it ends by itself; `null` until somebody resumes it.
    until: Option<DateTime<Utc>>,
}

impl From<EnvironmentPause> for PauseView {
    fn from(pause: EnvironmentPause) -> Self {
        Self { at: pause.at, by: pause.by.into(), reason: pause.reason, until: pause.until }
    }
}

impl EnvironmentView {
    fn new(state: &AppState, environment: Environment) -> Self {
        let pause = environment.paused(state.orchestrator().clock().now()).cloned().map(PauseView::from);
        Self {
            id: environment.id,
            name: environment.name,
            is_default: environment.is_default,
            author_keys: environment.author_keys,
            max_concurrent: environment.max_concurrent,
            four_eyes: environment.four_eyes,
            pause,
            created_at: environment.created_at,
            revision: environment.revision,
        }
    }

    fn tagged(state: &AppState, environment: Environment) -> Tagged<Self> {
        Tagged::new(environment.revision, Self::new(state, environment))
    }
}

/// All environments.
#[derive(Serialize, ToSchema)]
struct EnvironmentList {
    /// Oldest first.
    items: Vec<EnvironmentView>,
}

/// Lists environments.
#[utoipa::path(get, path = "/api/environments", tag = "environments",
    responses((status = 200, description = "The environments.", body = EnvironmentList)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadEnvironments>,
) -> Result<Json<EnvironmentList>, Problem> {
    let environments = state.orchestrator().store().environments().await?;
    let theirs = environments.into_iter().filter(|environment| can.is_theirs(environment.id));
    let items = theirs.map(|environment| EnvironmentView::new(&state, environment));
    Ok(Json(EnvironmentList { items: items.collect() }))
}

/// A new environment.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateEnvironmentRequest)]
struct CreateRequest {
    /// The name.
    name: String,
    /// The keys of the authors whose versions are deployed and run here; none for everybody's.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    author_keys: Vec<PublicKey>,
    /// Whether somebody else than who asks has to agree to what is deployed here.
    #[serde(default)]
    four_eyes: bool,
    /// How many executions may be with agents at once; no limit if left out.
    #[serde(default)]
    max_concurrent: Option<u32>,
}

/// Makes an environment.
#[utoipa::path(post, path = "/api/environments", tag = "environments", request_body = CreateRequest,
    responses((status = 201, description = "The environment.", body = EnvironmentView)))]
async fn create(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageEnvironments>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<CreateRequest>,
) -> Result<(StatusCode, Tagged<EnvironmentView>), Problem> {
    let CreateRequest { name, author_keys, four_eyes, max_concurrent } = value;
    let command = CreateEnvironment { name, author_keys, four_eyes, max_concurrent };
    let environment = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    Ok((StatusCode::CREATED, EnvironmentView::tagged(&state, environment)))
}

/// What shall change of an environment; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateEnvironmentRequest)]
struct UpdateRequest {
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// Another name.
    #[serde(default)]
    name: Option<String>,
    /// Whether it is meant where a request names none. To end that, make another one the default.
    #[serde(default)]
    is_default: Option<bool>,
    /// Whether somebody else than who asks has to agree to what is deployed here.
    #[serde(default)]
    four_eyes: Option<bool>,
    /// The keys of the authors whose versions are deployed and run here; none for everybody's.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    author_keys: Option<Vec<PublicKey>>,
    /// How many executions may be with agents at once; 0 for no limit.
    #[serde(default)]
    max_concurrent: Option<u32>,
}

/// Changes an environment.
#[utoipa::path(put, path = "/api/environments/{id}", tag = "environments",
    params(("id" = Uuid, Path, description = "The environment.")), request_body = UpdateRequest,
    responses((status = 200, description = "The environment.", body = EnvironmentView)))]
async fn update(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageEnvironments>,
    Path(id): Path<EnvironmentId>,
    if_match: IfMatch,
    Body { value, .. }: Body<UpdateRequest>,
) -> Result<Tagged<EnvironmentView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let UpdateRequest { name, is_default, four_eyes, author_keys, max_concurrent, .. } = value;
    let command =
        UpdateEnvironment { id, revision, name, is_default, author_keys, max_concurrent, four_eyes };
    let environment = state.orchestrator().execute(&actor, command).await?;
    Ok(EnvironmentView::tagged(&state, environment))
}

/// Why, and for how long.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PauseEnvironmentRequest)]
struct PauseRequest {
    /// For those who find it paused, 1 to 500 characters.
    reason: String,
    /// When it ends by itself; if left out, when somebody resumes it.
    #[serde(default)]
    until: Option<DateTime<Utc>>,
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
}

/// Pauses an environment: nothing new is given to its agents. What runs goes on; what schedules, triggers and people ask
/// for waits, and says why when it is asked to explain.
#[utoipa::path(post, path = "/api/environments/{id}/pause", tag = "environments",
    params(("id" = Uuid, Path, description = "The environment.")), request_body = PauseRequest,
    responses((status = 200, description = "The environment.", body = EnvironmentView)))]
async fn pause(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::PauseEnvironments>,
    Path(id): Path<EnvironmentId>,
    if_match: IfMatch,
    key: IdempotencyKey,
    Body { value, bytes }: Body<PauseRequest>,
) -> Result<Tagged<EnvironmentView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let command = PauseEnvironment { id, revision, reason: value.reason, until: value.until };
    let environment = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    Ok(EnvironmentView::tagged(&state, environment))
}

/// Resumes an environment: what waits is given to its agents at once.
#[utoipa::path(post, path = "/api/environments/{id}/resume", tag = "environments",
    params(("id" = Uuid, Path, description = "The environment.")),
    responses((status = 200, description = "The environment.", body = EnvironmentView)))]
async fn resume(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::PauseEnvironments>,
    Path(id): Path<EnvironmentId>,
    if_match: IfMatch,
    key: IdempotencyKey,
) -> Result<Tagged<EnvironmentView>, Problem> {
    let command = ResumeEnvironment { id, revision: revision_of(if_match, None)? };
    let environment = state.orchestrator().execute_once(&actor, key.over(b"")?, command).await?;
    Ok(EnvironmentView::tagged(&state, environment))
}
