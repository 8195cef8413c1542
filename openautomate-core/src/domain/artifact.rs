//! Files that executions leave.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ArtifactId, ExecutionId};

/// A file that an execution left; its content is a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The id.
    pub id: ArtifactId,
    /// Which execution left it.
    pub execution_id: ExecutionId,
    /// In which attempt.
    pub epoch: u32,
    /// Its name, unique in its attempt; a plain file name for people, never used as a path.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hex.
    pub sha256: String,
    /// When it was kept.
    pub created_at: Timestamp,
}
