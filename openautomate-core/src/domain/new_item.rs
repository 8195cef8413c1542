//! What is added to a work queue.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::{FileId, WorkQueueId};

/// An item to add.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewItem {
    /// What is to be done: any JSON.
    #[serde(default)]
    pub payload: Value,
    /// Uploaded files that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileId>,
    /// What people know it by, 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Higher goes first; 0 if nothing is said.
    #[serde(default)]
    pub priority: i32,
    /// Until when it should be done; earlier goes first among those of one priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Not before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defer_until: Option<Timestamp>,
}

impl NewItem {
    /// An item with this payload and everything else by default.
    #[must_use]
    pub fn new(payload: Value) -> Self {
        Self { payload, ..Self::default() }
    }
}

/// A queue by its id, or by its name in the environment of whoever names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum QueueRef {
    /// By its id.
    Id(WorkQueueId),
    /// By its name.
    Name(String),
}

/// An item that is added with the completion of another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildItem {
    /// To which queue.
    pub queue: QueueRef,
    /// What it is. It may have files of the item that is completed.
    pub item: NewItem,
}
