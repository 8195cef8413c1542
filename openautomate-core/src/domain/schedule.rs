//! Schedules.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::{ActorRef, ExecutionOptions};
use crate::id::{CalendarId, EnvironmentId, PackageId, ScheduleId, UserId};
use crate::schedule::{CalendarRule, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};

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
    /// The longest delay after a due time, in milliseconds; see [`jitter`](crate::schedule::jitter).
    #[serde(default)]
    pub jitter_ms: u64,
    /// The calendar of days without work that it looks at.
    pub calendar_id: Option<CalendarId>,
    /// What happens to due times on those days.
    #[serde(default)]
    pub calendar_rule: CalendarRule,
    /// After so many executions in a row that failed or ran out of time, it pauses by itself.
    pub pause_after_failures: Option<u32>,
    /// An inactive schedule does not fire.
    pub is_active: bool,
    /// Who made it inactive, when and why; `None` while it is active.
    pub pause: Option<Pause>,
    /// When it was last made active again: failures before that count no more.
    pub resumed_at: Option<Timestamp>,
    /// The next due time; `None` if it is inactive or will never fire again.
    pub next_due: Option<Timestamp>,
    /// How long after `next_due` it fires, in milliseconds: the jitter of that due time.
    #[serde(default)]
    pub delay_ms: u64,
    /// A due time that waits for the running execution to end.
    pub queued_due: Option<Timestamp>,
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

/// Why a schedule rests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// Who paused it: a person, or the orchestrator after failures.
    pub by: ActorRef,
    /// Why, in their words.
    pub reason: String,
}

impl Schedule {
    /// When it fires next: the next due time, and its jitter.
    #[must_use]
    pub fn next_fire(&self) -> Option<Timestamp> {
        let delay = chrono::TimeDelta::milliseconds(self.delay_ms.min(u64::from(u32::MAX)).cast_signed());
        self.next_due.map(|due| due + delay)
    }
}
