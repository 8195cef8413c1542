//! Items as the API takes and shows them.

use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::domain::{
    ChildItem, ItemErrorKind, ItemHolder, NewItem, QueueRef, WorkItem, WorkItemError, WorkItemState,
};
use openautomate_core::id::{ExecutionId, FileId, UserId, WorkItemId, WorkQueueId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema;

/// An item to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ItemRequest {
    /// What is to be done: any JSON, at most 128 KiB.
    #[serde(default)]
    payload: Value,
    /// Uploaded files that belong to it.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>)]
    files: Vec<FileId>,
    /// What people know it by, 1 to 200 characters.
    #[serde(default)]
    reference: Option<String>,
    /// Higher goes first. Default 0.
    #[serde(default)]
    priority: i32,
    /// Until when it should be done; earlier goes first among those of one priority.
    #[serde(default)]
    due_at: Option<DateTime<Utc>>,
    /// Not before this instant.
    #[serde(default)]
    defer_until: Option<DateTime<Utc>>,
}

impl From<ItemRequest> for NewItem {
    fn from(request: ItemRequest) -> Self {
        Self {
            payload: request.payload,
            files: request.files,
            reference: request.reference,
            priority: request.priority,
            due_at: request.due_at,
            defer_until: request.defer_until,
        }
    }
}

/// An item to add with the completion of another one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChildRequest {
    /// To which queue; or give `queueName`.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    queue_id: Option<WorkQueueId>,
    /// To the queue with this name in the same environment.
    #[serde(default)]
    queue_name: Option<String>,
    /// What it is.
    item: ItemRequest,
}

impl ChildRequest {
    pub(super) fn into_child(self) -> Result<ChildItem, Error> {
        let queue = match (self.queue_id, self.queue_name) {
            (Some(id), None) => QueueRef::Id(id),
            (None, Some(name)) => QueueRef::Name(name),
            _ => {
                let message = "holds an item without a queue, or with two; give queueId or queueName";
                return Err(Error::invalid_field("children", message));
            }
        };
        Ok(ChildItem { queue, item: self.item.into() })
    }
}

/// Why an attempt at an item failed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkItemError)]
pub(super) struct ErrorView {
    /// Whose fault it was.
    #[schema(value_type = schema::ItemErrorKind)]
    kind: ItemErrorKind,
    /// A word of the automation's own.
    code: Option<String>,
    /// What happened.
    message: String,
}

impl From<WorkItemError> for ErrorView {
    fn from(error: WorkItemError) -> Self {
        Self { kind: error.kind, code: error.code, message: error.message }
    }
}

/// An item in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkItemSummary)]
pub(super) struct ItemSummary {
    /// The id.
    #[schema(value_type = Uuid)]
    id: WorkItemId,
    /// In which queue.
    #[schema(value_type = Uuid)]
    queue_id: WorkQueueId,
    /// Where it stands.
    #[schema(value_type = schema::WorkItemState)]
    state: WorkItemState,
    /// What people know it by.
    reference: Option<String>,
    /// Higher goes first.
    priority: i32,
    /// Until when it should be done.
    due_at: Option<DateTime<Utc>>,
    /// Not before this instant, by the wish of whoever added it.
    defer_until: Option<DateTime<Utc>>,
    /// From when on it may be taken: the end of the wish, or of the back-off.
    available_at: DateTime<Utc>,
    /// How often it was taken; what was released does not count.
    attempts: u32,
    /// The number of the last take; 0 before the first.
    lease_epoch: u32,
    /// The execution that took it last, if one did.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Who took it last through the API, if somebody did.
    #[schema(value_type = Option<Uuid>)]
    taken_by_id: Option<UserId>,
    /// Until when it is the caller's who took it.
    lease_until: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    error: Option<ErrorView>,
    /// The item whose completion added this one.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<WorkItemId>,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// When it was last taken.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<WorkItem> for ItemSummary {
    fn from(item: WorkItem) -> Self {
        let (execution_id, taken_by_id) = match item.holder {
            Some(ItemHolder::Execution { lease }) => (Some(lease.execution), None),
            Some(ItemHolder::Caller { user_id }) => (None, user_id),
            None => (None, None),
        };
        Self {
            id: item.id,
            queue_id: item.queue_id,
            state: item.state,
            reference: item.reference,
            priority: item.priority,
            due_at: item.due_at,
            defer_until: item.defer_until,
            available_at: item.available_at,
            attempts: item.attempts,
            lease_epoch: item.lease_epoch,
            execution_id,
            taken_by_id,
            lease_until: item.lease_until,
            error: item.error.map(ErrorView::from),
            parent_id: item.parent_id,
            created_at: item.created_at,
            started_at: item.started_at,
            ended_at: item.ended_at,
            revision: item.revision,
        }
    }
}

/// An item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkItem)]
pub(super) struct ItemView {
    #[serde(flatten)]
    summary: ItemSummary,
    /// What is to be done.
    payload: Value,
    /// What came of it.
    output: Option<Value>,
    /// The uploaded files that belong to it.
    #[schema(value_type = Vec<Uuid>)]
    files: Vec<FileId>,
}

impl From<WorkItem> for ItemView {
    fn from(mut item: WorkItem) -> Self {
        let (payload, output, files) =
            (std::mem::take(&mut item.payload), item.output.take(), std::mem::take(&mut item.files));
        Self { summary: item.into(), payload, output, files }
    }
}

/// Items that were taken.
#[derive(Serialize, ToSchema)]
pub(super) struct TakenList {
    /// In the order in which they should be worked on.
    pub(super) items: Vec<ItemView>,
}
