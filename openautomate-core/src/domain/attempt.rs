//! One try at an execution, the lease under which it runs, and how it ended.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::RunReport;
use crate::id::{AgentId, ExecutionId};

/// The right to run an execution: the epoch is the fencing token, raised by one with each grant.
///
/// A write that carries an older epoch is refused (Kleppmann, "How to do distributed locking", 2016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The execution.
    pub execution: ExecutionId,
    /// The grant's number, from 1; it is the attempt's number too.
    pub epoch: u32,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttemptState {
    /// Given to an agent that has not said yet that it began.
    Assigned,
    /// The agent's process runs.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by a cancel.
    Cancelled,
    /// Ended by its time limit.
    TimedOut,
    /// The agent vanished or gave it up; nobody knows how far it came.
    Lost,
    /// Taken back before it began; it does not count as a try.
    Released,
}

impl AttemptState {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Assigned | Self::Running)
    }
}

/// One try at an execution. Keyed by execution and epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Which execution, which grant.
    pub lease: Lease,
    /// The agent that holds or held the lease.
    pub agent_id: AgentId,
    /// Where it stands.
    pub state: AttemptState,
    /// When the lease was granted.
    pub assigned_at: Timestamp,
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// The exit code of the process, where there was one.
    pub exit_code: Option<i32>,
    /// What the agent saw of the run from outside.
    pub report: Option<RunReport>,
    /// The highest contiguous log line stored.
    pub stored_log_seq: u64,
    /// The last log line there is, told by the agent when it finished.
    pub final_log_seq: Option<u64>,
}

impl Attempt {
    /// Whether every line that the agent took is stored.
    #[must_use]
    pub fn is_log_complete(&self) -> bool {
        self.final_log_seq.is_some_and(|last| self.stored_log_seq >= last)
    }
}

/// How a run ended, as the runner tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunStatus {
    /// The entry point returned.
    Succeeded,
    /// It raised, exited with another code than 0, crashed or could not be started.
    Failed,
    /// It was stopped by a cancel.
    Cancelled,
    /// It was stopped by its time limit.
    TimedOut,
    /// The agent can't tell: it was restarted meanwhile, or had to give the lease up.
    Lost,
    /// It asked for an approval and ended, to go on as a new attempt once there is an answer.
    Suspended,
}

impl RunStatus {
    /// The attempt's final state.
    #[must_use]
    pub const fn attempt_state(self) -> AttemptState {
        match self {
            // It did what it could so far. The execution's state says that it is not over.
            Self::Succeeded | Self::Suspended => AttemptState::Succeeded,
            Self::Failed => AttemptState::Failed,
            Self::Cancelled => AttemptState::Cancelled,
            Self::TimedOut => AttemptState::TimedOut,
            Self::Lost => AttemptState::Lost,
        }
    }
}

/// One line of a traceback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceFrame {
    /// The file, relative to the package where it lies in it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: String,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunError {
    /// The exception's class (`ValueError`) or one of our own kinds: `ExitCode`, `Signal`, `Timeout`,
    /// `Cancelled`, `AgentLost`, `StartFailed`, `PackageInvalid`, `QueueTimeout`.
    pub kind: String,
    /// The message, secrets masked.
    pub message: String,
    /// The traceback as Python prints it, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
    /// The traceback as structure, outermost call first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<TraceFrame>,
}

impl RunError {
    /// An error without a traceback.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), traceback: None, frames: Vec::new() }
    }
}

/// How a run ended and what it left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// How it ended.
    pub status: RunStatus,
    /// The named outputs.
    #[serde(default)]
    pub outputs: Map<String, Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// The exit code of the process, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What the agent saw of the run from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<RunReport>,
}

impl RunResult {
    /// A run that ended well.
    #[must_use]
    pub fn succeeded(outputs: Map<String, Value>) -> Self {
        Self { status: RunStatus::Succeeded, outputs, error: None, exit_code: None, report: None }
    }

    /// A run that asked for an approval and goes on as a new attempt.
    #[must_use]
    pub fn suspended() -> Self {
        Self { status: RunStatus::Suspended, ..Self::succeeded(Map::new()) }
    }

    /// A run that ended otherwise.
    #[must_use]
    pub fn ended(status: RunStatus, error: RunError) -> Self {
        Self { status, outputs: Map::new(), error: Some(error), exit_code: None, report: None }
    }
}
