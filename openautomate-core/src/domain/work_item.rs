//! Work items: one piece of work in a queue, from its adding to its end.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::{Lease, WorkQueue};
use crate::id::{FileId, UserId, WorkItemId, WorkQueueId};

/// Where an item stands. The legal changes are in `transition.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WorkItemState {
    /// Waits to be taken, for the first time or once more.
    New,
    /// Somebody took it and works on it.
    InProgress,
    /// Done.
    Successful,
    /// Ended by an application error, in a queue that does not try again by itself.
    Failed,
    /// Ended by a business error: trying again would not help.
    BusinessFailed,
    /// Ended by an application error in the last attempt that its queue allows.
    DeadLetter,
    /// Deleted: payload, output and files are gone, and its reference is free again.
    Deleted,
}

impl WorkItemState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::InProgress,
        Self::Successful,
        Self::Failed,
        Self::BusinessFailed,
        Self::DeadLetter,
        Self::Deleted,
    ];

    /// Whether nothing follows by itself.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        !matches!(self, Self::New | Self::InProgress)
    }

    /// Whether it may be put back into the queue.
    #[must_use]
    pub const fn is_reprocessable(self) -> bool {
        matches!(self, Self::Failed | Self::BusinessFailed | Self::DeadLetter)
    }
}

/// Whose fault it was that an item failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemErrorKind {
    /// Of the automation or of what it works with; another attempt may succeed.
    Application,
    /// Of the item itself: its data are wrong. It is not tried again.
    Business,
    /// Whoever had taken it neither ended it nor gave it back.
    Abandoned,
}

/// Why an attempt at an item failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkItemError {
    /// Whose fault it was.
    pub kind: ItemErrorKind,
    /// A word of the automation's own, as in `INVALID_IBAN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened.
    pub message: String,
}

impl WorkItemError {
    /// The error of items whose execution ended while it held them.
    #[must_use]
    pub fn execution_ended() -> Self {
        Self::abandoned("the execution that had taken the item ended before it said what became of it")
    }

    /// The error of items whose lease ran out.
    #[must_use]
    pub fn lease_ran_out() -> Self {
        Self::abandoned("whoever had taken the item neither ended it nor renewed its lease in time")
    }

    fn abandoned(message: &str) -> Self {
        Self { kind: ItemErrorKind::Abandoned, code: None, message: message.to_owned() }
    }
}

/// Who took an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ItemHolder {
    /// A run. The item is its own as long as this lease of the execution is held.
    Execution {
        /// Under which lease.
        lease: Lease,
    },
    /// A person or program through the API; `None` is the program that embeds the orchestrator.
    Caller {
        /// Who.
        user_id: Option<UserId>,
    },
}

impl ItemHolder {
    /// The lease of the execution, if it is one.
    #[must_use]
    pub const fn lease(&self) -> Option<Lease> {
        match self {
            Self::Execution { lease } => Some(*lease),
            Self::Caller { .. } => None,
        }
    }
}

/// An item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkItem {
    /// The id.
    pub id: WorkItemId,
    /// In which queue.
    pub queue_id: WorkQueueId,
    /// What is to be done: any JSON. `null` in lists.
    pub payload: Value,
    /// The uploaded files that belong to it, each once.
    pub files: Vec<FileId>,
    /// What people know it by, as in `INV-2026-0815`.
    pub reference: Option<String>,
    /// Whether no other item of the queue may have its reference.
    pub is_unique: bool,
    /// Higher goes first.
    pub priority: i32,
    /// Until when it should be done; earlier goes first among those of one priority.
    pub due_at: Option<Timestamp>,
    /// Not before this instant, by the wish of whoever added it.
    pub defer_until: Option<Timestamp>,
    /// From when on it may be taken: the end of the wish, or of the back-off.
    pub available_at: Timestamp,
    /// Where it stands.
    pub state: WorkItemState,
    /// How often it was taken; what was released does not count.
    pub attempts: u32,
    /// The number of the last take; 0 before the first. The fencing token.
    pub lease_epoch: u32,
    /// Who took it last; `Some` from the first take on.
    pub holder: Option<ItemHolder>,
    /// Until when it is the caller's; `Some` exactly while it is `InProgress` and no execution holds it.
    pub lease_until: Option<Timestamp>,
    /// What came of it; `null` in lists.
    pub output: Option<Value>,
    /// Why the last attempt failed; none after a success.
    pub error: Option<WorkItemError>,
    /// The item whose completion added this one.
    pub parent_id: Option<WorkItemId>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last taken.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

impl WorkItem {
    /// Whether it was taken by this holder under this epoch and is still theirs.
    #[must_use]
    pub fn is_held(&self, epoch: u32, holder: &ItemHolder) -> bool {
        self.state == WorkItemState::InProgress && self.is_of(epoch, holder)
    }

    /// Whether the last take was this one.
    #[must_use]
    pub fn is_of(&self, epoch: u32, holder: &ItemHolder) -> bool {
        self.lease_epoch == epoch && self.holder.as_ref() == Some(holder)
    }

    /// Ends it well.
    pub fn succeed(&mut self, output: Option<Value>, now: Timestamp) {
        self.end(WorkItemState::Successful, now);
        self.output = output;
        self.error = None;
    }

    /// Ends the attempt with an error: a business error for good, any other by what the queue says. An abandoned
    /// item is back at once, one with an application error after the back-off.
    pub fn fail(&mut self, error: WorkItemError, queue: &WorkQueue, now: Timestamp) {
        let kind = error.kind;
        self.error = Some(error);
        if kind == ItemErrorKind::Business {
            return self.end(WorkItemState::BusinessFailed, now);
        }
        if !queue.auto_retry {
            return self.end(WorkItemState::Failed, now);
        }
        if self.attempts >= queue.max_attempts {
            return self.end(WorkItemState::DeadLetter, now);
        }
        let wait = match kind {
            ItemErrorKind::Abandoned => TimeDelta::zero(),
            _ => TimeDelta::from_std(queue.backoff(self.attempts)).unwrap_or(TimeDelta::MAX),
        };
        self.back(now + wait);
    }

    /// Gives it back untouched: the attempt does not count.
    pub fn release(&mut self, until: Timestamp) {
        self.attempts = self.attempts.saturating_sub(1);
        self.back(until);
    }

    /// Puts an ended item back into its queue, with all its attempts before it.
    pub fn reprocess(&mut self, now: Timestamp) {
        self.attempts = 0;
        self.error = None;
        self.output = None;
        self.ended_at = None;
        self.back(now);
    }

    /// Deletes it: what it held is gone, its row tells that it was.
    pub fn delete(&mut self, now: Timestamp) {
        self.end(WorkItemState::Deleted, now);
        (self.payload, self.output, self.error) = (Value::Null, None, None);
        self.files.clear();
    }

    fn end(&mut self, state: WorkItemState, now: Timestamp) {
        self.state = state;
        self.lease_until = None;
        self.ended_at = Some(now);
    }

    fn back(&mut self, available_at: Timestamp) {
        self.state = WorkItemState::New;
        self.lease_until = None;
        self.available_at = available_at;
    }
}

/// How a queue does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatistics {
    /// How many items are in each state; states without any are left out.
    pub counts: std::collections::BTreeMap<WorkItemState, u64>,
    /// How many of the `New` ones could be taken now.
    pub available: u64,
    /// When the oldest of the `New` ones was added.
    pub oldest_new_at: Option<Timestamp>,
    /// How many became `Successful` in the window that was asked for.
    pub succeeded: u64,
    /// How many ended otherwise in it, deleted ones aside.
    pub failed: u64,
    /// How long those that succeeded took from their last take on, on average, in milliseconds.
    pub mean_handling_ms: Option<u64>,
}
