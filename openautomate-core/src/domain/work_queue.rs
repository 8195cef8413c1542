//! Work queues: what becomes of the items in them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::{OnAgentLost, RetryPolicy};
use crate::id::{EnvironmentId, UserId, WorkQueueId};

/// A named queue of work items in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkQueue {
    /// The id.
    pub id: WorkQueueId,
    /// Where it is.
    pub environment_id: EnvironmentId,
    /// The name, unique in its environment without regard to ASCII case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How often an item is taken before it becomes a `DeadLetter`; at least 1.
    pub max_attempts: u32,
    /// The wait after the first application error in milliseconds; it doubles with each further attempt.
    pub backoff_ms: u64,
    /// Whether an item is tried again by itself; if not, its first application error ends it as `Failed`.
    pub auto_retry: bool,
    /// How long an item is a caller's who took it through the API, in milliseconds. An execution keeps what it
    /// took as long as its own lease holds.
    pub lease_ms: u64,
    /// Whether no two items that are added from now on have the same reference, deleted ones aside.
    pub unique_references: bool,
    /// What payloads look like, as JSON Schema (draft 2020-12); `None` takes any.
    pub payload_schema: Option<Value>,
    /// Who made it.
    pub created_by_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; the row stays, since its items name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

impl WorkQueue {
    /// The wait after an application error of the `attempt`-th attempt (from 1).
    #[must_use]
    pub fn backoff(&self, attempt: u32) -> Duration {
        let retry = RetryPolicy::new(self.max_attempts, self.backoff_ms, OnAgentLost::Retry);
        retry.backoff(attempt)
    }
}
