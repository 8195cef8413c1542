//! `/api/agent-pools`: named sets of agents.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::agent_pool::{CreateAgentPool, DeleteAgentPool, UpdateAgentPool};
use openautomate_core::domain::AgentPool;
use openautomate_core::id::{EnvironmentId, PoolId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, update, delete))
}

/// A pool of agents. Which agents are in it stands with each agent, as `poolIds`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentPool)]
struct PoolView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: PoolId,
    /// Of which environment.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The name, by which packages, triggers and schedules ask for it.
    name: String,
    /// What it is for.
    description: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<AgentPool> for PoolView {
    fn from(pool: AgentPool) -> Self {
        let AgentPool { id, environment_id, name, description, created_at, deleted_at: _, revision } = pool;
        Self { id, environment_id, name, description, created_at, revision }
    }
}

/// A new pool.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateAgentPoolRequest)]
struct CreateRequest {
    /// The name.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Of which environment; the default one if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Makes a pool; agents are put into it by changing them.
#[utoipa::path(post, path = "/api/agent-pools", tag = "agents", request_body = CreateRequest,
    responses((status = 201, description = "The pool.", body = PoolView)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageAgents>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<CreateRequest>,
) -> Result<Response, Problem> {
    let CreateRequest { name, description, environment_id } = value;
    let command = CreateAgentPool { name, description, environment_id };
    let pool = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/agent-pools/{}", pool.id);
    Ok(super::created(&location, Tagged::new(pool.revision, PoolView::from(pool))))
}

/// Which pools.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Of this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Lists pools.
#[utoipa::path(get, path = "/api/agent-pools", tag = "agents", params(ListParams, PageParams),
    responses((status = 200, description = "A page of pools.", body = Listed<PoolView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAgents>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<PoolView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |environment, page| store.agent_pools(environment, page);
    let page = can.page((params.environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(PoolView::from).into()))
}

/// Shows a pool.
#[utoipa::path(get, path = "/api/agent-pools/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The pool.")),
    responses((status = 200, description = "The pool.", body = PoolView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAgents>,
    Path(id): Path<PoolId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pool = state.orchestrator().store().agent_pool(id).await?.filter(|pool| pool.deleted_at.is_none());
    let missing = || Error::not_found("agent pool", id);
    let pool = pool.ok_or_else(missing)?;
    can.check(pool.environment_id, missing)?;
    Ok(Tagged::new(pool.revision, PoolView::from(pool)).unless_known(&headers))
}

/// What shall change of a pool; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateAgentPoolRequest)]
struct UpdateRequest {
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name.
    #[serde(default)]
    name: Option<String>,
    /// What it is for.
    #[serde(default)]
    description: Option<String>,
}

/// Changes a pool. What waits for it goes on waiting for it, whatever its name is.
#[utoipa::path(put, path = "/api/agent-pools/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The pool.")), request_body = UpdateRequest,
    responses((status = 200, description = "The pool.", body = PoolView)))]
async fn update(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageAgents>,
    Path(id): Path<PoolId>,
    if_match: IfMatch,
    Body { value, .. }: Body<UpdateRequest>,
) -> Result<Tagged<PoolView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let command = UpdateAgentPool { id, revision, name: value.name, description: value.description };
    let pool = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(pool.revision, pool.into()))
}

/// Deletes a pool that no agent is in and no execution waits for.
#[utoipa::path(delete, path = "/api/agent-pools/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The pool.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageAgents>,
    Path(id): Path<PoolId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteAgentPool { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
