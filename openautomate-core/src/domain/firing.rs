//! Firings: what became of the due times of schedules.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ExecutionId, ScheduleId, UserId};

/// Why a schedule fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FiringCause {
    /// It was due.
    #[default]
    Due,
    /// Somebody asked for a due time that had passed.
    Backfill,
    /// Somebody asked for a run at once; the due time is the instant at which they did.
    RunNow,
}

impl FiringCause {
    /// Whether it is the ordinary cause, which is not written down.
    #[must_use]
    pub fn is_due(&self) -> bool {
        *self == Self::Due
    }
}

/// What became of one due time. Unique by schedule and due time: that is why a schedule fires once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Firing {
    /// Which schedule.
    pub schedule_id: ScheduleId,
    /// Which due time.
    pub due_at: Timestamp,
    /// When it was decided.
    pub fired_at: Timestamp,
    /// The execution that it made; `None` if it was skipped.
    pub execution_id: Option<ExecutionId>,
    /// Why it was skipped: `overlap`; `misfire`; `paused`; `noActiveVersion`; `untrustedVersion`, if no author signed
    /// the active version that the environment trusts; `invalidInputs`, if the version does not take the schedule's
    /// inputs; `invalidOptions`, if its executions can't be placed as is said.
    pub skipped: Option<String>,
    /// Why it fired.
    pub cause: FiringCause,
    /// Who asked for it, where somebody did.
    pub requested_by: Option<UserId>,
    /// How many due times it stands for: more than one where many were missed and skipped together.
    pub due_times: u64,
    /// The revision of the schedule that it was decided by; `None` if an older version decided.
    pub schedule_revision: Option<i64>,
}

impl Firing {
    /// One due time of a schedule at a revision, skipped for no reason yet.
    #[must_use]
    pub fn new(
        schedule_id: ScheduleId,
        schedule_revision: i64,
        due_at: Timestamp,
        fired_at: Timestamp,
    ) -> Self {
        Self {
            schedule_id,
            due_at,
            fired_at,
            execution_id: None,
            skipped: None,
            cause: FiringCause::Due,
            requested_by: None,
            due_times: 1,
            schedule_revision: Some(schedule_revision),
        }
    }

    /// The same, with the execution that was made.
    #[must_use]
    pub fn made(self, execution: ExecutionId) -> Self {
        Self { execution_id: Some(execution), ..self }
    }

    /// The same, skipped for a reason.
    #[must_use]
    pub fn skipped(self, reason: &str) -> Self {
        Self { skipped: Some(reason.to_owned()), ..self }
    }
}
