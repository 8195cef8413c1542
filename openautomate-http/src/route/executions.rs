//! `/api/executions`: triggering, watching, cancelling and repeating executions.

mod bulk;
mod explanation;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::child::MAX_CHILDREN;
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution, RetryExecution};
use openautomate_core::domain::{Execution, ExecutionOptions, ExecutionState};
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, PackageId, ScheduleId, VersionId};
use openautomate_core::query::ExecutionFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;
use explanation::ExplanationView;
pub(super) use view::ExecutionDetail;
use view::{AttemptView, ChildView, ExecutionView};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(enqueue, list))
        .merge(bulk::router())
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(retry))
        .routes(routes!(attempts))
        .routes(routes!(children))
        .routes(routes!(explain))
}

/// An execution to run.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnqueueRequest {
    /// Of which package; or give `packageName`.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
    /// Of the package with this name.
    #[serde(default)]
    package_name: Option<String>,
    /// Of which version; the active one if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    version_id: Option<VersionId>,
    /// Where; the default environment if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The inputs by name; the version's `inputsSchema` says what it takes.
    #[serde(default)]
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// Higher goes first; what the package says if left out.
    #[serde(default)]
    priority: Option<i32>,
    /// Labels that the agent must have, besides those of the package.
    #[serde(default)]
    labels: Vec<String>,
    /// The one agent that may run it.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// The time limit of an attempt in milliseconds; what the package says if left out.
    #[serde(default)]
    timeout_ms: Option<u64>,
    /// Not before this instant.
    #[serde(default)]
    run_at: Option<DateTime<Utc>>,
    /// How it is placed and repeated, where not as the package says.
    #[serde(default)]
    #[schema(value_type = Option<schema::ExecutionOptions>)]
    options: ExecutionOptions,
}

impl EnqueueRequest {
    async fn command(self, state: &AppState) -> Result<EnqueueExecution, Error> {
        Ok(EnqueueExecution {
            package_id: named_package(state, self.package_id, self.package_name.as_deref()).await?,
            version_id: self.version_id,
            environment_id: self.environment_id,
            inputs: self.inputs,
            priority: self.priority,
            labels: self.labels,
            agent_id: self.agent_id,
            timeout_ms: self.timeout_ms,
            run_at: self.run_at,
            options: self.options,
        })
    }
}

async fn named_package(
    state: &AppState,
    id: Option<PackageId>,
    name: Option<&str>,
) -> Result<PackageId, Error> {
    match (id, name) {
        (Some(id), None) => Ok(id),
        (None, Some(name)) => {
            let package = state.orchestrator().store().package_by_name(name).await?;
            package
                .map(|package| package.id)
                .ok_or_else(|| Error::invalid_field("packageName", "names no package; list them first"))
        }
        (Some(_), Some(_)) => {
            Err(Error::invalid_field("packageName", "is given beside packageId; give one of the two"))
        }
        (None, None) => Err(Error::invalid_field("packageId", "is missing; give it or packageName")),
    }
}

/// Triggers an execution.
#[utoipa::path(post, path = "/api/executions", tag = "executions", request_body = EnqueueRequest,
    responses((status = 201, description = "The execution.", body = ExecutionDetail)))]
async fn enqueue(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<EnqueueRequest>,
) -> Result<Response, Problem> {
    let command = value.command(&state).await?;
    let execution = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    made(&state, execution).await
}

pub(super) async fn made(state: &AppState, execution: Execution) -> Result<Response, Problem> {
    let location = format!("/api/executions/{}", execution.id);
    let revision = execution.revision;
    Ok(super::created(&location, Tagged::new(revision, ExecutionDetail::new(state, execution).await?)))
}

/// Which executions.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Of this package.
    #[param(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
    /// In one of these states, with commas between, as in `Running,Failed`.
    state: Option<String>,
    /// Last leased to this agent.
    #[param(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Made by this schedule.
    #[param(value_type = Option<Uuid>)]
    schedule_id: Option<ScheduleId>,
    /// In this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

fn states(text: &str) -> Result<Vec<ExecutionState>, Error> {
    let known = |name: &str| ExecutionState::ALL.into_iter().find(|state| format!("{state:?}") == name);
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            known(name).ok_or_else(|| {
                let all = ExecutionState::ALL.map(|state| format!("{state:?}")).join(", ");
                Error::invalid_field("state", format!("holds a word that is no state; the states are {all}"))
            })
        })
        .collect()
}

/// Lists executions, newest first, without inputs and outputs.
#[utoipa::path(get, path = "/api/executions", tag = "executions", params(ListParams, PageParams),
    responses((status = 200, description = "A page of executions.", body = Listed<ExecutionView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ExecutionView>>, Problem> {
    let filter = ExecutionFilter {
        package_id: params.package_id,
        environment_id: None,
        agent_id: params.agent_id,
        schedule_id: params.schedule_id,
        states: states(params.state.as_deref().unwrap_or_default())?,
    };
    let store = state.orchestrator().store();
    let fetch = |environment_id, page| {
        let filter = ExecutionFilter { environment_id, ..filter.clone() };
        async move { store.executions(&filter, page).await }
    };
    let page = can.page((params.environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(ExecutionView::from).into()))
}

/// An execution that the caller may see.
pub(super) async fn load(
    state: &AppState,
    can: &CanSomewhere<may::ReadExecutions>,
    id: ExecutionId,
) -> Result<Execution, Error> {
    let missing = || Error::not_found("execution", id);
    let execution = state.orchestrator().store().execution(id).await?.ok_or_else(missing)?;
    can.check(execution.environment_id, missing)?;
    Ok(execution)
}

/// Shows an execution with its attempts.
#[utoipa::path(get, path = "/api/executions/{id}", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 200, description = "The execution. Its artifacts change without the revision, so there \
        is no 304.", body = ExecutionDetail)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<Tagged<ExecutionDetail>, Problem> {
    let execution = load(&state, &can, id).await?;
    Ok(Tagged::new(execution.revision, ExecutionDetail::of(&state, execution).await?))
}

/// Asks for the end of an execution. What runs is told to stop, and killed if it does not.
#[utoipa::path(post, path = "/api/executions/{id}/cancel", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 202, description = "The cancel is asked for.", body = ExecutionDetail)))]
async fn cancel(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::CancelExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<(StatusCode, Tagged<ExecutionDetail>), Problem> {
    let execution = state.orchestrator().execute(&actor, CancelExecution { id }).await?;
    let revision = execution.revision;
    Ok((StatusCode::ACCEPTED, Tagged::new(revision, ExecutionDetail::of(&state, execution).await?)))
}

/// What is different the next time.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetryRequest {
    /// Other inputs; those of the old execution if left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    inputs: Option<Map<String, Value>>,
    /// Whether the version that is active by now is run, in place of the same.
    #[serde(default)]
    active_version: bool,
}

/// Runs an ended execution once more: a new execution, of the same version with the same inputs unless the body says
/// otherwise.
#[utoipa::path(post, path = "/api/executions/{id}/retry", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    request_body(content = Option<RetryRequest>),
    responses((status = 201, description = "The new execution.", body = ExecutionDetail)))]
async fn retry(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    Path(id): Path<ExecutionId>,
    key: IdempotencyKey,
    body: Option<Body<RetryRequest>>,
) -> Result<Response, Problem> {
    let Body { value, bytes } = body.unwrap_or_default();
    let command = RetryExecution { id, inputs: value.inputs, active_version: value.active_version };
    let execution = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    made(&state, execution).await
}

/// The attempts of an execution.
#[derive(Serialize, ToSchema)]
struct AttemptList {
    /// First to last.
    items: Vec<AttemptView>,
}

/// Lists the attempts of an execution.
#[utoipa::path(get, path = "/api/executions/{id}/attempts", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 200, description = "The attempts.", body = AttemptList)))]
async fn attempts(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<Json<AttemptList>, Problem> {
    load(&state, &can, id).await?;
    let attempts = state.orchestrator().store().attempts(id).await?;
    Ok(Json(AttemptList { items: attempts.into_iter().map(AttemptView::from).collect() }))
}

/// The executions that another one asked for.
#[derive(Serialize, ToSchema)]
struct ChildList {
    /// First to last.
    items: Vec<ChildView>,
}

/// Lists the executions that the runs of an execution asked for.
#[utoipa::path(get, path = "/api/executions/{id}/children", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 200, description = "The children, at most 1,000.", body = ChildList)))]
async fn children(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<Json<ChildList>, Problem> {
    load(&state, &can, id).await?;
    let store = state.orchestrator().store();
    let mut items = Vec::new();
    for child in store.children(id, MAX_CHILDREN).await? {
        items.extend(store.execution(child).await?.map(ChildView::from));
    }
    Ok(Json(ChildList { items }))
}

/// Says what holds an execution back at this moment.
#[utoipa::path(get, path = "/api/executions/{id}/explain", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution.")),
    responses((status = 200, description = "The reasons.", body = ExplanationView)))]
async fn explain(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
) -> Result<Json<ExplanationView>, Problem> {
    load(&state, &can, id).await?;
    Ok(Json(state.orchestrator().explain(id).await?.into()))
}
