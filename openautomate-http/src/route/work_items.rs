//! `/api/queues/{id}/items`: the items of a work queue.

mod import;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use openautomate_core::Error;
use openautomate_core::command::work_item::{
    AddWorkItem, DeleteWorkItem, EndWorkItem, ItemEnd, RenewWorkItem, ReprocessWorkItem,
};
use openautomate_core::domain::{ItemErrorKind, WorkItem, WorkItemError, WorkItemState};
use openautomate_core::id::{WorkItemId, WorkQueueId};
use openautomate_core::permission::{Actor, Permission};
use openautomate_core::query::WorkItemFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
};
use crate::problem::Problem;
use crate::state::AppState;
use view::{ChildRequest, ItemRequest, ItemSummary, ItemView, TakenList};

pub(crate) use import::uploads;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(add, list))
        .routes(routes!(get, delete))
        .routes(routes!(take))
        .routes(routes!(complete))
        .routes(routes!(fail))
        .routes(routes!(release))
        .routes(routes!(renew))
        .routes(routes!(reprocess))
        .routes(routes!(reprocess_many))
        .routes(routes!(delete_many))
}

/// Adds an item.
#[utoipa::path(post, path = "/api/queues/{id}/items", tag = "queues", request_body = ItemRequest,
    params(("id" = Uuid, Path, description = "The queue.")),
    responses((status = 201, description = "The item.", body = ItemView)))]
async fn add(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(id): Path<WorkQueueId>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<ItemRequest>,
) -> Result<Response, Problem> {
    let command = AddWorkItem { queue_id: id, item: value.into() };
    let item = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/queues/{id}/items/{}", item.id);
    Ok(super::created(&location, Tagged::new(item.revision, ItemView::from(item))))
}

/// Which items.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// In one of these states, with commas between, as in `Failed,DeadLetter`; without it all but the deleted ones.
    state: Option<String>,
    /// With exactly this reference.
    reference: Option<String>,
    /// Added by the completion of this item.
    #[param(value_type = Option<Uuid>)]
    parent_id: Option<WorkItemId>,
}

impl ListParams {
    fn into_filter(self) -> Result<WorkItemFilter, Error> {
        let states = states(self.state.as_deref().unwrap_or_default())?;
        Ok(WorkItemFilter { states, reference: self.reference, parent_id: self.parent_id })
    }
}

fn states(text: &str) -> Result<Vec<WorkItemState>, Error> {
    let known = |name: &str| WorkItemState::ALL.into_iter().find(|state| format!("{state:?}") == name);
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            known(name).ok_or_else(|| {
                let all = WorkItemState::ALL.map(|state| format!("{state:?}")).join(", ");
                Error::invalid_field("state", format!("holds a word that is no state; the states are {all}"))
            })
        })
        .collect()
}

/// Lists items, newest first, without payloads and outputs.
#[utoipa::path(get, path = "/api/queues/{id}/items", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ListParams, PageParams),
    responses((status = 200, description = "A page of items.", body = Listed<ItemSummary>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadQueues>,
    Path(id): Path<WorkQueueId>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ItemSummary>>, Problem> {
    let filter = params.into_filter()?;
    state.orchestrator().allowed_queue(&can.actor, Permission::ReadQueues, id).await?;
    let page = state.orchestrator().store().work_items(id, &filter, page).await?;
    Ok(Json(page.map(ItemSummary::from).into()))
}

/// A place under a queue.
#[derive(Deserialize)]
struct ItemPath {
    id: WorkQueueId,
    item: WorkItemId,
}

/// Shows an item.
#[utoipa::path(get, path = "/api/queues/{id}/items/{item}", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadQueues>,
    Path(path): Path<ItemPath>,
) -> Result<Tagged<ItemView>, Problem> {
    let item = state.orchestrator().store().work_item(path.item).await?;
    let item = item.filter(|item| item.queue_id == path.id);
    let missing = || Error::not_found("work item", path.item);
    let item = item.ok_or_else(missing)?;
    // The items of a queue that was deleted are still shown.
    let queue = state.orchestrator().store().work_queue(item.queue_id).await?.ok_or_else(missing)?;
    can.check(queue.environment_id, missing)?;
    Ok(tagged(item))
}

fn tagged(item: WorkItem) -> Tagged<ItemView> {
    Tagged::new(item.revision, item.into())
}

/// Deletes an item that nobody works on: payload, output and files are gone, its reference is free again.
#[utoipa::path(delete, path = "/api/queues/{id}/items/{item}", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
) -> Result<StatusCode, Problem> {
    let command = DeleteWorkItem { queue_id: path.id, id: path.item };
    state.orchestrator().execute(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TakeRequest {
    /// At most so many. Default 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Takes items to work on: the highest priority first, then the earliest due date, then the oldest. Each is the
/// caller's until `leaseUntil`; complete, fail, renew or release it before.
#[utoipa::path(post, path = "/api/queues/{id}/items/take", tag = "queues", request_body = TakeRequest,
    params(("id" = Uuid, Path, description = "The queue.")),
    responses((status = 200, description = "The items; none if there is nothing to do.", body = TakenList)))]
async fn take(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(id): Path<WorkQueueId>,
    Body { value, .. }: Body<TakeRequest>,
) -> Result<Json<TakenList>, Problem> {
    let taken = state.orchestrator().take_items(&actor, id, value.limit.unwrap_or(1)).await?;
    Ok(Json(TakenList { items: taken.into_iter().map(ItemView::from).collect() }))
}

async fn end(
    state: &AppState,
    actor: &Actor,
    path: &ItemPath,
    epoch: u32,
    end: ItemEnd,
) -> Result<Tagged<ItemView>, Problem> {
    let command = EndWorkItem { id: path.item, queue_id: Some(path.id), epoch, lease: None, end };
    Ok(tagged(state.orchestrator().execute(actor, command).await?))
}

/// The item is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CompleteRequest {
    /// The `leaseEpoch` under which it was taken.
    epoch: u32,
    /// What came of it.
    #[serde(default)]
    output: Option<Value>,
    /// Items that are added with it: all of it is there, or nothing.
    #[serde(default)]
    children: Vec<ChildRequest>,
}

/// Completes an item that the caller took, with its output and new items in one transaction. The same again changes
/// nothing.
#[utoipa::path(post, path = "/api/queues/{id}/items/{item}/complete", tag = "queues",
    request_body = CompleteRequest,
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn complete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
    Body { value, .. }: Body<CompleteRequest>,
) -> Result<Tagged<ItemView>, Problem> {
    let children = value.children.into_iter().map(ChildRequest::into_child).collect::<Result<_, _>>()?;
    end(&state, &actor, &path, value.epoch, ItemEnd::Complete { output: value.output, children }).await
}

/// The item failed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FailRequest {
    /// The `leaseEpoch` under which it was taken.
    epoch: u32,
    /// `business` if the item itself is wrong, so that trying again would not help; `application` otherwise.
    #[schema(value_type = crate::schema::ItemErrorKind)]
    kind: ItemErrorKind,
    /// A word of your own, as in `INVALID_IBAN`.
    #[serde(default)]
    code: Option<String>,
    /// What happened.
    message: String,
}

/// Fails an item that the caller took: a business error ends it, an application error has it tried again as the queue
/// says.
#[utoipa::path(post, path = "/api/queues/{id}/items/{item}/fail", tag = "queues", request_body = FailRequest,
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn fail(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
    Body { value, .. }: Body<FailRequest>,
) -> Result<Tagged<ItemView>, Problem> {
    let error = WorkItemError { kind: value.kind, code: value.code, message: value.message };
    end(&state, &actor, &path, value.epoch, ItemEnd::Fail(error)).await
}

/// Under which take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EpochRequest {
    /// The `leaseEpoch` under which it was taken.
    epoch: u32,
}

/// Gives an item that the caller took back untouched; no attempt is counted.
#[utoipa::path(post, path = "/api/queues/{id}/items/{item}/release", tag = "queues", request_body = EpochRequest,
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn release(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
    Body { value, .. }: Body<EpochRequest>,
) -> Result<Tagged<ItemView>, Problem> {
    end(&state, &actor, &path, value.epoch, ItemEnd::Release).await
}

/// Prolongs the caller's lease of an item by another lease time from now on.
#[utoipa::path(post, path = "/api/queues/{id}/items/{item}/renew", tag = "queues", request_body = EpochRequest,
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn renew(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
    Body { value, .. }: Body<EpochRequest>,
) -> Result<Tagged<ItemView>, Problem> {
    let command = RenewWorkItem { queue_id: path.id, id: path.item, epoch: value.epoch };
    Ok(tagged(state.orchestrator().execute(&actor, command).await?))
}

/// Puts an item that ended badly back into the queue, with all its attempts before it.
#[utoipa::path(post, path = "/api/queues/{id}/items/{item}/reprocess", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ("item" = Uuid, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = ItemView)))]
async fn reprocess(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(path): Path<ItemPath>,
) -> Result<Tagged<ItemView>, Problem> {
    let command = ReprocessWorkItem { queue_id: path.id, id: path.item };
    Ok(tagged(state.orchestrator().execute(&actor, command).await?))
}

/// How many items were moved.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MovedView {
    /// So many; at most 10,000 a call.
    count: u64,
}

/// Puts all items of a filter that ended badly back into the queue, oldest first, at most 10,000 a call.
#[utoipa::path(post, path = "/api/queues/{id}/items/reprocess", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ListParams),
    responses((status = 200, description = "How many.", body = MovedView)))]
async fn reprocess_many(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(id): Path<WorkQueueId>,
    Query(params): Query<ListParams>,
) -> Result<Json<MovedView>, Problem> {
    let count = state.orchestrator().reprocess_items(&actor, id, params.into_filter()?).await?;
    Ok(Json(MovedView { count }))
}

/// Deletes all items of a filter that nobody works on, oldest first, at most 10,000 a call.
#[utoipa::path(post, path = "/api/queues/{id}/items/delete", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ListParams),
    responses((status = 200, description = "How many.", body = MovedView)))]
async fn delete_many(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(id): Path<WorkQueueId>,
    Query(params): Query<ListParams>,
) -> Result<Json<MovedView>, Problem> {
    let count = state.orchestrator().delete_items(&actor, id, params.into_filter()?).await?;
    Ok(Json(MovedView { count }))
}
