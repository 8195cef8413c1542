//! Many executions in one request.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use openautomate_core::Error;
use openautomate_core::command::execution::EnqueueExecutions;
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, PackageId, ScheduleId};
use openautomate_core::orchestrator::{BulkOutcome, Selection};
use openautomate_core::query::ExecutionFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{EnqueueRequest, states};
use crate::access::routes;
use crate::extract::{Body, CanSomewhere, IdempotencyKey, may};
use crate::problem::Problem;
use crate::state::AppState;

/// How many a filter selects if nothing is said.
const DEFAULT_LIMIT: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(enqueue_all)).routes(routes!(cancel_all)).routes(routes!(retry_all))
}

/// Executions to run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnqueueAllRequest {
    /// What to run, 1 to 1,000.
    items: Vec<EnqueueRequest>,
}

/// The executions that were made.
#[derive(Serialize, ToSchema)]
struct EnqueuedView {
    /// Their ids, in the order of the request.
    #[schema(value_type = Vec<Uuid>)]
    ids: Vec<ExecutionId>,
}

/// Triggers several executions: all of them, or none.
#[utoipa::path(post, path = "/api/executions/bulk", tag = "executions", request_body = EnqueueAllRequest,
    responses((status = 201, description = "The executions.", body = EnqueuedView)))]
async fn enqueue_all(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<EnqueueAllRequest>,
) -> Result<(StatusCode, Json<EnqueuedView>), Problem> {
    let mut items = Vec::with_capacity(value.items.len());
    for (index, item) in value.items.into_iter().enumerate() {
        let command = item.command(&state).await;
        items.push(command.map_err(|error| error.within(&format!("items[{index}]")))?);
    }
    let command = EnqueueExecutions { items };
    let ids = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    Ok((StatusCode::CREATED, Json(EnqueuedView { ids })))
}

/// Which executions: `ids`, or a filter of the other fields.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SelectionRequest {
    /// These, up to 10,000.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    ids: Option<Vec<ExecutionId>>,
    /// Of this package.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    package_id: Option<PackageId>,
    /// In this environment.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// Last leased to this agent.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Made by this schedule.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    schedule_id: Option<ScheduleId>,
    /// In one of these states, with commas between.
    #[serde(default)]
    state: Option<String>,
    /// How many at most, up to 10,000; the newest. Default 1,000.
    #[serde(default)]
    limit: Option<usize>,
}

impl SelectionRequest {
    fn selection(self) -> Result<Selection, Error> {
        let filter = ExecutionFilter {
            package_id: self.package_id,
            environment_id: self.environment_id,
            agent_id: self.agent_id,
            schedule_id: self.schedule_id,
            states: states(self.state.as_deref().unwrap_or_default())?,
        };
        match self.ids {
            Some(ids) if filter == ExecutionFilter::default() && self.limit.is_none() => {
                Ok(Selection::Ids(ids))
            }
            Some(_) => Err(Error::invalid_field("ids", "are given beside a filter; give one of the two")),
            None => Ok(Selection::Matching { filter, limit: self.limit.unwrap_or(DEFAULT_LIMIT) }),
        }
    }
}

/// What became of executions that were selected.
#[derive(Serialize, ToSchema)]
struct BulkView {
    /// The executions that were cancelled, or the new ones.
    #[schema(value_type = Vec<Uuid>)]
    done: Vec<ExecutionId>,
    /// What could not be done.
    refused: Vec<RefusedView>,
    /// Whether the filter finds more than the limit allowed: ask again.
    more: bool,
}

/// An execution to which it could not be done.
#[derive(Serialize, ToSchema)]
struct RefusedView {
    /// Which.
    #[schema(value_type = Uuid)]
    id: ExecutionId,
    /// Why, for programs.
    code: &'static str,
    /// Why.
    detail: String,
}

impl From<BulkOutcome> for BulkView {
    fn from(outcome: BulkOutcome) -> Self {
        let refused = outcome.refused.into_iter();
        let refused = refused.map(|(id, error)| RefusedView {
            id,
            code: error.code(),
            detail: error.message().to_owned(),
        });
        Self { done: outcome.done, refused: refused.collect(), more: outcome.more }
    }
}

/// Executions to cancel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CancelAllRequest {
    /// Which.
    select: SelectionRequest,
}

/// Asks for the end of all executions that are selected and have not ended.
#[utoipa::path(post, path = "/api/executions/cancel", tag = "executions", request_body = CancelAllRequest,
    responses((status = 200, description = "What became of them.", body = BulkView)))]
async fn cancel_all(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::CancelExecutions>,
    Body { value, .. }: Body<CancelAllRequest>,
) -> Result<Json<BulkView>, Problem> {
    Ok(Json(state.orchestrator().cancel_all(&actor, value.select.selection()?).await?.into()))
}

/// Executions to run once more.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetryAllRequest {
    /// Which.
    select: SelectionRequest,
    /// Whether the version that is active by now is run, in place of the same.
    #[serde(default)]
    active_version: bool,
}

/// Runs all executions once more that are selected and ended other than well. With an `Idempotency-Key` the same
/// request makes none a second time.
#[utoipa::path(post, path = "/api/executions/retry", tag = "executions", request_body = RetryAllRequest,
    responses((status = 200, description = "What became of them.", body = BulkView)))]
async fn retry_all(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::RunExecutions>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<RetryAllRequest>,
) -> Result<Json<BulkView>, Problem> {
    let (key, selection) = (key.over(&bytes)?, value.select.selection()?);
    Ok(Json(state.orchestrator().retry_all(&actor, key, selection, value.active_version).await?.into()))
}
