//! What a run asks of a work queue, and the answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AssignedFile;
use crate::clock::Timestamp;
use crate::domain::{ChildItem, NewItem, WorkItemError};
use crate::error::ErrorKind;
use crate::id::WorkItemId;

/// What a run wants of a queue. Queues are named as in the environment of its execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum QueueCall {
    /// The next item.
    Take {
        /// Of which queue.
        queue: String,
        /// The items that the run has at hand.
        #[serde(default)]
        holding: Vec<WorkItemId>,
    },
    /// The item is done.
    Complete {
        /// Which.
        item: WorkItemId,
        /// Under which epoch it was taken.
        epoch: u32,
        /// What came of it.
        #[serde(default)]
        output: Option<Value>,
        /// What is to be done next.
        #[serde(default)]
        children: Vec<ChildItem>,
    },
    /// The item failed.
    Fail {
        /// Which.
        item: WorkItemId,
        /// Under which epoch it was taken.
        epoch: u32,
        /// Why.
        error: WorkItemError,
    },
    /// The item is given back untouched.
    Release {
        /// Which.
        item: WorkItemId,
        /// Under which epoch it was taken.
        epoch: u32,
    },
    /// A new item.
    Put {
        /// For which queue.
        queue: String,
        /// Its id: asked for twice it is added once.
        #[serde(default = "WorkItemId::new")]
        id: WorkItemId,
        /// What it is.
        item: NewItem,
    },
}

/// What came of a [`QueueCall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum QueueReply {
    /// The item that was taken; none if there is nothing to do at the moment.
    Item {
        /// It.
        item: Option<Box<TakenItem>>,
    },
    /// It is done.
    Done,
    /// It was added.
    Added {
        /// Its id.
        id: WorkItemId,
    },
}

/// An item that a run took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TakenItem {
    /// The id.
    pub id: WorkItemId,
    /// The epoch under which the run has it.
    pub epoch: u32,
    /// The name of its queue.
    pub queue: String,
    /// What is to be done.
    pub payload: Value,
    /// Its files; their pointers are empty.
    #[serde(default)]
    pub files: Vec<AssignedFile>,
    /// What people know it by.
    pub reference: Option<String>,
    /// Higher goes first.
    pub priority: i32,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
    /// The how-manieth attempt this is, from 1.
    pub attempt: u32,
    /// How many there are at most.
    pub max_attempts: u32,
}

/// The answer to a [`QueueCall`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueueAnswer {
    /// What came of it.
    Reply(QueueReply),
    /// Why it is refused.
    Refused {
        /// What kind of reason.
        kind: ErrorKind,
        /// The reason.
        message: String,
    },
}
