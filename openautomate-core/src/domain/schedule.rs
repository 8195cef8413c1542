//! Schedules, and the firings that they leave.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::ExecutionOptions;
use crate::id::{EnvironmentId, ExecutionId, PackageId, ScheduleId, UserId};
use crate::schedule::{DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};

/// A schedule: when a package is run by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The id.
    pub id: ScheduleId,
    /// A name for people.
    pub name: String,
    /// What is run: its active version at the due time.
    pub package_id: PackageId,
    /// Where.
    pub environment_id: EnvironmentId,
    /// When, in the crontab dialect of `crate::schedule`.
    pub cron_expression: String,
    /// In which IANA time zone.
    pub time_zone: String,
    /// What happens to a due time that the clock skips.
    pub dst_gap: DstGap,
    /// What happens to a due time that comes twice.
    pub dst_overlap: DstOverlap,
    /// What happens to due times that passed while no server ran.
    pub misfire: MisfirePolicy,
    /// At most this many of them are made up for.
    pub max_catchup: u32,
    /// Older ones than this are skipped, in milliseconds.
    pub catchup_window_ms: u64,
    /// What happens when the last execution still runs.
    pub overlap: OverlapPolicy,
    /// The inputs of each execution.
    pub inputs: Map<String, Value>,
    /// How its executions are placed and repeated, where not as the package says.
    #[serde(default)]
    pub options: ExecutionOptions,
    /// Not before.
    pub starts_at: Option<Timestamp>,
    /// Not at or after.
    pub ends_at: Option<Timestamp>,
    /// An inactive schedule does not fire.
    pub is_active: bool,
    /// The next due time; `None` if it is inactive or will never fire again.
    pub next_due: Option<Timestamp>,
    /// The last due time that was decided on; it only rises.
    pub last_due: Option<Timestamp>,
    /// Who made it.
    pub created_by_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed by somebody.
    pub updated_at: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change and each firing.
    pub revision: i64,
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
    /// Why it was skipped: `overlap`, `misfire`, `noActiveVersion`, `invalidInputs` if the version that was
    /// active does not take the schedule's inputs, or `invalidOptions` if its executions can't be placed as is said.
    pub skipped: Option<String>,
}
