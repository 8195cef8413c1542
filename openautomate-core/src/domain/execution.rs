//! Executions: one wish to run one package version, whatever number of attempts it takes.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::{
    Concurrency, FiringCause, Lease, Requirements, RetryPolicy, RunError, RunResult, RunStatus,
};
use crate::id::{AgentId, EnvironmentId, ExecutionId, PackageId, ScheduleId, TriggerId, UserId, VersionId};

/// Where an execution stands. The legal changes are in `transition.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ExecutionState {
    /// Waits for an agent with a free slot.
    Pending,
    /// Leased to an agent that has not said yet that it began.
    Assigned,
    /// Runs.
    Running,
    /// Waits for its next attempt (back-off) or an answer.
    Waiting,
    /// Ended well.
    Succeeded,
    /// Ended with an error, or its agent was lost.
    Failed,
    /// Ended by a cancel.
    Cancelled,
    /// Ended by its time limit.
    TimedOut,
}

impl ExecutionState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Assigned,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
    ];

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut)
    }

    /// Whether an agent holds the lease.
    #[must_use]
    pub const fn is_leased(self) -> bool {
        matches!(self, Self::Assigned | Self::Running)
    }
}

/// What happens when the agent of an execution vanishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnAgentLost {
    /// The execution fails with the reason: most automations are not safe to repeat.
    #[default]
    Fail,
    /// It is tried again by its retry policy.
    Retry,
}

/// Who or what asked for an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Origin {
    /// A person or program through the API.
    Manual {
        /// Who.
        user_id: UserId,
    },
    /// A schedule that was due.
    Schedule {
        /// Which.
        schedule_id: ScheduleId,
        /// For which due time.
        due_at: Timestamp,
        /// Why it fired.
        #[serde(default, skip_serializing_if = "FiringCause::is_due")]
        cause: FiringCause,
    },
    /// A person who asked for an ended execution once more.
    Retry {
        /// Who.
        user_id: UserId,
        /// Which execution is repeated.
        of: ExecutionId,
    },
    /// Something that a trigger waited for.
    Trigger {
        /// Which trigger.
        trigger_id: TriggerId,
        /// The execution that ended, where that is what it waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ExecutionId>,
        /// How many executions stand before it in its chain.
        #[serde(default)]
        depth: u32,
    },
    /// A run of another execution.
    Child {
        /// Which execution.
        parent: ExecutionId,
        /// How many executions stand before it.
        depth: u32,
    },
    /// A program that embeds the orchestrator.
    Embedded,
}

impl Origin {
    /// The most executions that may stand before one: those that triggers chained and those that runs asked for,
    /// taken together.
    pub const MAX_DEPTH: u32 = 8;

    /// How many executions stand before this one, by chaining or by asking.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        match self {
            Self::Trigger { depth, .. } | Self::Child { depth, .. } => *depth,
            Self::Manual { .. } | Self::Schedule { .. } | Self::Retry { .. } | Self::Embedded => 0,
        }
    }

    /// The depth of what follows; `None` where nothing may.
    #[must_use]
    pub const fn next_depth(&self) -> Option<u32> {
        let depth = self.depth();
        if depth < Self::MAX_DEPTH { Some(depth + 1) } else { None }
    }
}

/// How far a run says it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// 0 to 1.
    pub fraction: f64,
    /// What it does at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The id.
    pub id: ExecutionId,
    /// Of which package.
    pub package_id: PackageId,
    /// The exact version.
    pub version_id: VersionId,
    /// Where.
    pub environment_id: EnvironmentId,
    /// Where it stands.
    pub state: ExecutionState,
    /// Higher goes first.
    pub priority: i32,
    /// The labels that its agent must have; sorted.
    pub labels: Vec<String>,
    /// The one agent that may run it, where it is pinned.
    pub pinned_agent_id: Option<AgentId>,
    /// What else it asks of its agent.
    #[serde(default)]
    pub requirements: Requirements,
    /// The group of which only so many run at once.
    #[serde(default)]
    pub concurrency: Option<Concurrency>,
    /// The inputs by name.
    pub inputs: Map<String, Value>,
    /// The outputs by name, once it succeeded.
    pub outputs: Option<Map<String, Value>>,
    /// Why it failed.
    pub error: Option<RunError>,
    /// Who or what asked for it.
    pub origin: Origin,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// The time limit of one attempt in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How long it may wait for its first attempt from `run_at` on, in milliseconds.
    #[serde(default)]
    pub queue_timeout_ms: Option<u64>,
    /// Not before this instant.
    pub run_at: Timestamp,
    /// The number of the last grant; 0 before the first. The fencing token.
    pub lease_epoch: u32,
    /// The agent of the last grant.
    pub agent_id: Option<AgentId>,
    /// Until when the grant holds; `Some` exactly while the state is Assigned or Running.
    pub lease_until: Option<Timestamp>,
    /// How many attempts failed or were lost.
    pub failed_attempts: u32,
    /// How far the run says it is.
    pub progress: Option<Progress>,
    /// When a cancel was asked for.
    pub cancel_requested_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Raised with each change, those of the hot path too.
    pub revision: i64,
}

impl Execution {
    /// The `run_at` of an execution that waits for an answer, and that no back-off ends: the last second of the year
    /// 9999.
    ///
    /// # Panics
    /// Never: the instant is in the calendar.
    #[must_use]
    pub fn never() -> Timestamp {
        Timestamp::from_timestamp(253_402_300_799, 0).expect("invariant: it is in the calendar")
    }

    /// Whether it waits for an answer, and not for its back-off.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.state == ExecutionState::Waiting && self.run_at >= Self::never()
    }

    /// The current lease; `None` before the first grant.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        (self.lease_epoch > 0).then_some(Lease { execution: self.id, epoch: self.lease_epoch })
    }
}

/// Where an execution goes after an attempt; stores apply it in their own transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterAttempt {
    /// The next state: an end, or `Waiting` for the back-off.
    pub state: ExecutionState,
    /// When it is due again; meaningful for `Waiting`.
    pub run_at: Timestamp,
    /// The count of failed attempts afterwards.
    pub failed_attempts: u32,
}

impl Execution {
    /// Decides what follows an attempt that ended with `result` at `now`.
    ///
    /// A success or a cancel ends the execution; a suspended one waits for its answer, however long, and a cancel
    /// that was asked for ends it. A failure or a timeout is retried while the policy allows
    /// it and nobody asked for a cancel; a loss only if the policy says so for vanished agents too. A run
    /// that can't be retried ends as what its last attempt was; a loss ends it as `Failed`.
    #[must_use]
    pub fn after_attempt(&self, result: &RunResult, now: Timestamp) -> AfterAttempt {
        let ended = |state, failed_attempts| AfterAttempt { state, run_at: self.run_at, failed_attempts };
        let cancelled = self.cancel_requested_at.is_some();
        let end = match result.status {
            RunStatus::Succeeded => return ended(ExecutionState::Succeeded, self.failed_attempts),
            RunStatus::Cancelled => return ended(ExecutionState::Cancelled, self.failed_attempts),
            RunStatus::Suspended if cancelled => {
                return ended(ExecutionState::Cancelled, self.failed_attempts);
            }
            RunStatus::Suspended => {
                let (state, run_at) = (ExecutionState::Waiting, Self::never());
                return AfterAttempt { state, run_at, failed_attempts: self.failed_attempts };
            }
            RunStatus::Lost if cancelled => return ended(ExecutionState::Cancelled, self.failed_attempts),
            RunStatus::TimedOut => ExecutionState::TimedOut,
            RunStatus::Failed | RunStatus::Lost => ExecutionState::Failed,
        };
        let failed = self.failed_attempts + 1;
        if cancelled || !self.retry.covers(result) || failed >= self.retry.max_attempts {
            return ended(end, failed);
        }
        let wait = TimeDelta::from_std(self.retry.wait(self.id, failed)).unwrap_or(TimeDelta::MAX);
        AfterAttempt { state: ExecutionState::Waiting, run_at: now + wait, failed_attempts: failed }
    }

    /// When it ends as timed out while it waits for its first attempt; `None` if it is not `Pending`, has begun
    /// before, or may wait for ever.
    #[must_use]
    pub fn start_by(&self) -> Option<Timestamp> {
        let waits = self.state == ExecutionState::Pending && self.started_at.is_none();
        let most = self.queue_timeout_ms.filter(|_| waits)?;
        self.run_at.checked_add_signed(TimeDelta::try_milliseconds(i64::try_from(most).ok()?)?)
    }

    /// Whether it waits for its first attempt and has waited too long.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.start_by().is_some_and(|start_by| start_by <= now)
    }

    /// It as it ends because it waited too long at `now`.
    #[must_use]
    pub fn ended_overdue(mut self, now: Timestamp) -> Self {
        self.state = ExecutionState::TimedOut;
        self.ended_at = Some(now);
        self.error = Some(Self::queue_timeout_error());
        self.revision += 1;
        self
    }

    /// The error of an execution that waited too long.
    #[must_use]
    pub fn queue_timeout_error() -> RunError {
        RunError::new(
            "QueueTimeout",
            "no attempt began within the time that it may wait; see what held it back, or let it wait longer",
        )
    }

    /// The error of an attempt whose lease ran out.
    #[must_use]
    pub fn agent_lost_error() -> RunError {
        RunError::new(
            "AgentLost",
            "the agent was not heard of before its lease ran out; nobody knows how far the run came",
        )
    }
}

/// An execution as lists show it: without inputs, outputs and traceback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSummary {
    /// The id.
    pub id: ExecutionId,
    /// Of which package.
    pub package_id: PackageId,
    /// Its name.
    pub package_name: String,
    /// The exact version.
    pub version_id: VersionId,
    /// Its number.
    pub version_number: String,
    /// Where.
    pub environment_id: EnvironmentId,
    /// Where it stands.
    pub state: ExecutionState,
    /// Higher goes first.
    pub priority: i32,
    /// Who or what asked for it.
    pub origin: Origin,
    /// The agent of the last grant.
    pub agent_id: Option<AgentId>,
    /// The number of the last grant.
    pub lease_epoch: u32,
    /// The message of its error.
    pub error_message: Option<String>,
    /// How far the run says it is.
    pub progress: Option<Progress>,
    /// When a cancel was asked for.
    pub cancel_requested_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}
