//! What a run has done by the orchestrator, and the answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{ApprovalQuestion, ExecutionState, RunError};
use crate::error::ErrorKind;
use crate::id::ExecutionId;

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
    /// It is refused.
    Refused {
        /// What kind of reason.
        error: ErrorKind,
        /// The reason.
        message: String,
    },
}
