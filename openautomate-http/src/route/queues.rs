//! `/api/queues`: work queues, and how they do.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use openautomate_core::Error;
use openautomate_core::command::work_queue::{
    CreateWorkQueue, DeleteWorkQueue, QueueSettings, UpdateWorkQueue,
};
use openautomate_core::domain::{QueueStatistics, WorkItemState, WorkQueue};
use openautomate_core::id::{EnvironmentId, UserId, WorkQueueId};
use openautomate_core::permission::Permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;

/// The longest window of statistics: thirty days.
const MAX_WINDOW_MINUTES: u32 = 30 * 24 * 60;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(statistics))
}

/// What a queue shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QueueRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// Where; the default environment if left out. It can't be changed.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The name, unique in its environment.
    #[schema(example = "invoices")]
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// How often an item is taken before it becomes a `DeadLetter`. Default 3.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    max_attempts: Option<u32>,
    /// The wait after the first application error in milliseconds; it doubles with each further one. Default a minute.
    #[serde(default)]
    backoff_ms: Option<u64>,
    /// Whether an item is tried again by itself. Default: yes.
    #[serde(default)]
    auto_retry: Option<bool>,
    /// How long an item is a caller's who took it through the API, in milliseconds. Default five minutes.
    #[serde(default)]
    lease_ms: Option<u64>,
    /// Whether references of items that are added from now on are unique in the queue. Default: no.
    #[serde(default)]
    unique_references: bool,
    /// What payloads of items that are added from now on look like, as JSON Schema (draft 2020-12).
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    payload_schema: Option<Value>,
}

impl QueueRequest {
    fn into_settings(self) -> QueueSettings {
        let default = QueueSettings::new(self.name);
        QueueSettings {
            description: self.description,
            max_attempts: self.max_attempts.unwrap_or(default.max_attempts),
            backoff_ms: self.backoff_ms.unwrap_or(default.backoff_ms),
            auto_retry: self.auto_retry.unwrap_or(default.auto_retry),
            lease_ms: self.lease_ms.unwrap_or(default.lease_ms),
            unique_references: self.unique_references,
            payload_schema: self.payload_schema,
            name: default.name,
        }
    }
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkQueue)]
struct QueueView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: WorkQueueId,
    /// Where it is.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The name.
    name: String,
    /// What it is for.
    description: String,
    /// How often an item is taken before it becomes a `DeadLetter`.
    max_attempts: u32,
    /// The wait after the first application error in milliseconds.
    backoff_ms: u64,
    /// Whether an item is tried again by itself.
    auto_retry: bool,
    /// How long an item is a caller's, in milliseconds.
    lease_ms: u64,
    /// Whether references are unique.
    unique_references: bool,
    /// What payloads look like.
    #[schema(value_type = Option<Object>)]
    payload_schema: Option<Value>,
    /// Who made it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<WorkQueue> for QueueView {
    fn from(queue: WorkQueue) -> Self {
        Self {
            id: queue.id,
            environment_id: queue.environment_id,
            name: queue.name,
            description: queue.description,
            max_attempts: queue.max_attempts,
            backoff_ms: queue.backoff_ms,
            auto_retry: queue.auto_retry,
            lease_ms: queue.lease_ms,
            unique_references: queue.unique_references,
            payload_schema: queue.payload_schema,
            created_by_id: queue.created_by_id,
            created_at: queue.created_at,
            updated_at: queue.updated_at,
            revision: queue.revision,
        }
    }
}

/// Makes a work queue.
#[utoipa::path(post, path = "/api/queues", tag = "queues", request_body = QueueRequest,
    responses((status = 201, description = "The queue.", body = QueueView)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteQueues>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<QueueRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new queue has none").into());
    }
    let command = CreateWorkQueue { environment_id: value.environment_id, settings: value.into_settings() };
    let queue = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/queues/{}", queue.id);
    Ok(super::created(&location, Tagged::new(queue.revision, QueueView::from(queue))))
}

/// Which queues.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// In this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Lists work queues, newest first.
#[utoipa::path(get, path = "/api/queues", tag = "queues", params(ListParams, PageParams),
    responses((status = 200, description = "A page of queues.", body = Listed<QueueView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadQueues>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<QueueView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |environment, page| store.work_queues(environment, page);
    let page = can.page((params.environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(QueueView::from).into()))
}

/// Shows a work queue.
#[utoipa::path(get, path = "/api/queues/{id}", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue.")),
    responses((status = 200, description = "The queue.", body = QueueView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadQueues>,
    Path(id): Path<WorkQueueId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let queue = state.orchestrator().allowed_queue(&can.actor, Permission::ReadQueues, id).await?;
    Ok(Tagged::new(queue.revision, QueueView::from(queue)).unless_known(&headers))
}

/// Replaces the settings of a work queue; what is left out becomes the default.
#[utoipa::path(put, path = "/api/queues/{id}", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue.")), request_body = QueueRequest,
    responses((status = 200, description = "The queue.", body = QueueView)))]
async fn update(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteQueues>,
    Path(id): Path<WorkQueueId>,
    if_match: IfMatch,
    Body { value, .. }: Body<QueueRequest>,
) -> Result<Tagged<QueueView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let present = state.orchestrator().allowed_queue(&actor, Permission::WriteQueues, id).await?;
    if value.environment_id.is_some_and(|environment| environment != present.environment_id) {
        let message = "is another one than the queue's; make a queue of the same name there";
        return Err(Error::invalid_field("environmentId", message).into());
    }
    let command = UpdateWorkQueue { id, revision, settings: value.into_settings() };
    let queue = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(queue.revision, queue.into()))
}

/// Deletes a work queue in which nothing is left to do; its ended items stay as history.
#[utoipa::path(delete, path = "/api/queues/{id}", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteQueues>,
    Path(id): Path<WorkQueueId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteWorkQueue { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Of what time.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct WindowParams {
    /// The last so many minutes. Default 60.
    #[param(minimum = 1, maximum = 43200)]
    minutes: Option<u32>,
}

/// How a queue does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatisticsView {
    /// How many items are in each state.
    #[schema(value_type = Object, example = json!({"New": 12, "InProgress": 1, "Successful": 0}))]
    counts: std::collections::BTreeMap<String, u64>,
    /// How many of the `New` ones could be taken now.
    available: u64,
    /// When the oldest of the `New` ones was added.
    oldest_new_at: Option<DateTime<Utc>>,
    /// The window, in minutes.
    minutes: u32,
    /// How many became `Successful` in the window.
    succeeded: u64,
    /// How many ended otherwise in the window.
    failed: u64,
    /// How long those that succeeded took from their last take on, on average, in milliseconds.
    mean_handling_ms: Option<u64>,
}

/// Counts the items of a queue, and what ended of late.
#[utoipa::path(get, path = "/api/queues/{id}/statistics", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), WindowParams),
    responses((status = 200, description = "The numbers.", body = StatisticsView)))]
async fn statistics(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadQueues>,
    Path(id): Path<WorkQueueId>,
    Query(params): Query<WindowParams>,
) -> Result<Json<StatisticsView>, Problem> {
    let minutes = params.minutes.unwrap_or(60);
    if !(1..=MAX_WINDOW_MINUTES).contains(&minutes) {
        let message = format!("is not between 1 and {MAX_WINDOW_MINUTES}");
        return Err(Error::invalid_field("minutes", message).into());
    }
    state.orchestrator().allowed_queue(&can.actor, Permission::ReadQueues, id).await?;
    let now = state.now();
    let since = now - TimeDelta::minutes(i64::from(minutes));
    let QueueStatistics { counts, available, oldest_new_at, succeeded, failed, mean_handling_ms } =
        state.orchestrator().store().queue_statistics(id, since, now).await?;
    let count =
        |state: WorkItemState| (format!("{state:?}"), counts.get(&state).copied().unwrap_or_default());
    let counts = WorkItemState::ALL.map(count).into_iter().collect();
    Ok(Json(StatisticsView {
        counts,
        available,
        oldest_new_at,
        minutes,
        succeeded,
        failed,
        mean_handling_ms,
    }))
}
