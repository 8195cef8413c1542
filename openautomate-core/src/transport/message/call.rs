//! What a run has done by the orchestrator, and the answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::{ApprovalQuestion, BucketObject, ExecutionState, ObjectCondition, RunError};
use crate::error::ErrorKind;
use crate::id::{AssetId, ExecutionId, ObjectId};

/// What a run wants of the orchestrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RunCall {
    /// Start another execution. The answer is `Started`.
    StartChild {
        /// The number of the call in the run, from 1.
        call: u32,
        /// The name of the package.
        package: String,
        /// The inputs by name.
        #[serde(default)]
        inputs: Map<String, Value>,
    },
    /// Tell how an execution that it started ended. The answer is `Ended`, or `Running` after a while: ask again.
    AwaitChild {
        /// Which.
        execution: ExecutionId,
    },
    /// Ask people. The answer is `Answered`, or `Waiting`: then the run ends, and goes on as a new attempt.
    Approval(ApprovalQuestion),
    /// Work with a storage bucket. The answer is `Object` or `Objects`.
    Bucket {
        /// What.
        call: BucketCall,
    },
    /// Give an asset that is a file. The answer is `AssetFile`.
    AssetFile {
        /// The asset's name.
        name: String,
    },
}

/// What a run wants of a storage bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BucketCall {
    /// Tell of an object. The answer is `Object`, with none if there is none.
    Find {
        /// In which bucket.
        bucket: String,
        /// Under which key.
        key: String,
    },
    /// List objects by key. The answer is `Objects`.
    List {
        /// Of which bucket.
        bucket: String,
        /// Those whose key begins with this.
        #[serde(default)]
        prefix: String,
        /// Where the page begins: what the one before told.
        #[serde(default)]
        from: Option<String>,
        /// How many at most.
        limit: u32,
    },
    /// Delete an object. The answer is `Object` with what was deleted.
    Delete {
        /// In which bucket.
        bucket: String,
        /// Under which key.
        key: String,
    },
    /// Write an object. The agent does it: it never goes to the server. The answer is `Object`.
    Put {
        /// In which bucket.
        bucket: String,
        /// Under which key.
        key: String,
        /// The file with the content; absolute.
        path: String,
        /// Its media type.
        #[serde(default)]
        content_type: Option<String>,
        /// What must hold of the key.
        #[serde(default)]
        condition: PutCondition,
    },
    /// Fetch the content of an object. The agent does it: it never goes to the server. The answer is `Object` with the path
    /// of a file that is the run's to move or remove; with none if there is none.
    Get {
        /// In which bucket.
        bucket: String,
        /// Under which key.
        key: String,
    },
}

impl BucketCall {
    /// The name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match self {
            Self::Find { bucket, .. }
            | Self::List { bucket, .. }
            | Self::Delete { bucket, .. }
            | Self::Put { bucket, .. }
            | Self::Get { bucket, .. } => bucket,
        }
    }
}

/// What must hold of a key that a run writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PutCondition {
    /// Nothing.
    #[default]
    Any,
    /// There is no object.
    Absent,
    /// There is one with this SHA-256.
    Sha256(String),
}

impl From<PutCondition> for ObjectCondition {
    fn from(condition: PutCondition) -> Self {
        match condition {
            PutCondition::Any => Self::Any,
            PutCondition::Absent => Self::Absent,
            PutCondition::Sha256(sha256) => Self::Sha256(sha256),
        }
    }
}

/// What a run is told of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectInfo {
    /// The id of its content, under which it is fetched.
    pub id: ObjectId,
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hex.
    pub sha256: String,
    /// Its media type.
    pub content_type: String,
    /// When it was written.
    pub written_at: Timestamp,
}

impl From<BucketObject> for ObjectInfo {
    fn from(object: BucketObject) -> Self {
        Self {
            id: object.id,
            key: object.key,
            size: object.size,
            sha256: object.sha256,
            content_type: object.content_type,
            written_at: object.written_at,
        }
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallAnswer {
    /// The execution was started.
    Started {
        /// Its id.
        execution: ExecutionId,
    },
    /// The execution has not ended.
    Running,
    /// The execution has ended.
    Ended {
        /// How.
        state: ExecutionState,
        /// Its outputs.
        #[serde(default)]
        outputs: Map<String, Value>,
        /// Why it failed.
        #[serde(default)]
        error: Option<RunError>,
    },
    /// Nobody has answered yet.
    Waiting,
    /// Somebody has answered, or the default was taken.
    Answered {
        /// Whether it is a yes.
        approved: bool,
        /// What they said of it.
        comment: String,
        /// The name of who answered; absent for the default.
        #[serde(default)]
        answered_by: Option<String>,
    },
    /// What is known of an object.
    Object {
        /// It; none if there is none.
        #[serde(default)]
        object: Option<ObjectInfo>,
        /// Where its content was put, if it was asked for.
        #[serde(default)]
        path: Option<String>,
    },
    /// Objects by key.
    Objects {
        /// They.
        objects: Vec<ObjectInfo>,
        /// Where the next page begins; absent on the last.
        #[serde(default)]
        next: Option<String>,
    },
    /// An asset that is a file.
    AssetFile {
        /// Under which id it is fetched.
        asset: AssetId,
        /// Its name; a plain file name.
        file_name: String,
        /// Where the agent put it.
        #[serde(default)]
        path: Option<String>,
    },
    /// It is refused.
    Refused {
        /// What kind of reason.
        error: ErrorKind,
        /// The reason.
        message: String,
    },
}
