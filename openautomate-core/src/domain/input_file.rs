//! Files that people upload as inputs.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AgentReleaseId, ExecutionId, FileId, ScheduleId, UserId, WorkItemId};

/// An uploaded file; its content is a blob.
///
/// It lives as long as an execution, a schedule, a work item or a release uses it, and at least until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputFile {
    /// The id.
    pub id: FileId,
    /// Its name: a plain file name for people and for the run, never used as a path of the server.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hex.
    pub sha256: String,
    /// Who uploaded it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is removed if nothing uses it.
    pub expires_at: Timestamp,
    /// When it was removed; its content goes soon after, and then its row. Nothing uses it.
    pub removed_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// What keeps files alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileUser {
    /// An execution, through its inputs.
    Execution(ExecutionId),
    /// A schedule, through the inputs of its executions.
    Schedule(ScheduleId),
    /// A work item that is not deleted.
    WorkItem(WorkItemId),
    /// A release of the agent program that is not deleted.
    AgentRelease(AgentReleaseId),
}
