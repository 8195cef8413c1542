//! `/api/environments`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::command::environment::{CreateEnvironment, UpdateEnvironment};
use openautomate_core::domain::Environment;
use openautomate_core::id::EnvironmentId;
use openautomate_core::package::signature::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Body, Can, IdempotencyKey, IfMatch, Path, Tagged, may, revision_of};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(update))
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
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Raised with each change.
    revision: i64,
}

impl From<Environment> for EnvironmentView {
    fn from(environment: Environment) -> Self {
        let Environment {
            id,
            name,
            is_default,
            author_keys,
            max_concurrent,
            four_eyes,
            created_at,
            revision,
        } = environment;
        Self { id, name, is_default, author_keys, max_concurrent, four_eyes, created_at, revision }
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
    _: Can<may::ReadEnvironments>,
) -> Result<Json<EnvironmentList>, Problem> {
    let environments = state.orchestrator().store().environments().await?;
    Ok(Json(EnvironmentList { items: environments.into_iter().map(EnvironmentView::from).collect() }))
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
    Ok((StatusCode::CREATED, Tagged::new(environment.revision, environment.into())))
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
    Ok(Tagged::new(environment.revision, environment.into()))
}
