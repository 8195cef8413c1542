//! Why a schedule does not fire, or did not, as data.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::command::schedule::{NotRunnable, calendar_of, runnable};
use crate::domain::{ActorRef, Calendar, ExecutionState, Firing, Schedule};
use crate::error::{Error, Result};
use crate::id::{CalendarId, ExecutionId, ScheduleId};
use crate::permission::{Access, Actor, Permission, authorize_somewhere, authorize_thing};
use crate::query::FiringFilter;
use crate::schedule::{CalendarRule, OverlapPolicy};

const DECISIONS: u32 = 20;
/// A due time is decided on within moments; more than this is worth a word.
const MOMENTS: TimeDelta = TimeDelta::seconds(10);

/// What holds a schedule back at this moment, and what became of its last due times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleExplanation {
    /// Which schedule.
    pub schedule_id: ScheduleId,
    /// At which instant.
    pub at: Timestamp,
    /// The next due time.
    pub next_due: Option<Timestamp>,
    /// When it fires then: after its jitter.
    pub next_fire: Option<Timestamp>,
    /// Every reason for which a due time now would make no execution, or for which there is none. Empty if it fires.
    pub holds: Vec<ScheduleHold>,
    /// The last firings, latest due time first.
    pub decisions: Vec<Firing>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ScheduleHold {
    /// Somebody paused it, or it paused by itself after failures.
    Paused {
        /// Since when; not known of one that an older version paused.
        at: Option<Timestamp>,
        /// Who.
        by: Option<ActorRef>,
        /// Why.
        reason: Option<String>,
    },
    /// Its start has not come.
    NotStarted {
        /// The start.
        starts_at: Timestamp,
    },
    /// Its end is over.
    Ended {
        /// The end.
        ends_at: Timestamp,
    },
    /// It is active, and nothing is due any more.
    NothingDue,
    /// The expression names a due time on a day without work before the next one.
    Calendar {
        /// The calendar.
        calendar_id: CalendarId,
        /// Its name.
        name: String,
        /// The due time that the expression alone has.
        due_at: Timestamp,
        /// What happens to it.
        rule: CalendarRule,
    },
    /// An execution has not ended, and the overlap policy lets no other run beside it.
    Overlap {
        /// Which.
        execution_id: ExecutionId,
        /// Where it stands.
        state: ExecutionState,
        /// The policy.
        policy: OverlapPolicy,
    },
    /// A due time waits for the running execution to end.
    Queued {
        /// Which due time.
        due_at: Timestamp,
    },
    /// The package has no active version in the environment.
    NoActiveVersion,
    /// No author signed the active version whom the environment trusts.
    UntrustedVersion,
    /// The active version does not take the inputs.
    InvalidInputs {
        /// Which, as in `inputs.invoice.total`.
        fields: Vec<String>,
    },
    /// Its executions can't be placed or repeated as the package and the schedule say.
    InvalidOptions {
        /// What is wrong.
        message: String,
    },
    /// The due time has passed and nobody decided on it: no server fires schedules, or it can't keep up.
    Late {
        /// Which due time.
        due_at: Timestamp,
        /// By how much, in milliseconds.
        late_ms: u64,
    },
}

impl Orchestrator {
    /// Tells why a schedule does not fire, and what became of its last due times.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not see schedules; `NotFound` if there is no such schedule; `Unavailable` if the
    /// store does not answer.
    pub async fn explain_schedule(&self, actor: &Actor, id: ScheduleId) -> Result<ScheduleExplanation> {
        authorize_somewhere(actor, Access::Permission(Permission::ReadSchedules))?;
        let (store, now) = (self.store(), self.clock().now());
        let schedule = store.schedule(id).await?.filter(|schedule| schedule.deleted_at.is_none());
        let missing = || Error::not_found("schedule", id);
        let schedule = schedule.ok_or_else(missing)?;
        authorize_thing(actor, Permission::ReadSchedules, schedule.environment_id, missing)?;
        let calendar = calendar_of(store, schedule.calendar_id).await?;
        let mut holds = holds_of_time(&schedule, calendar.as_ref(), now)?;
        holds.extend(match runnable(store, &schedule, now).await? {
            Ok(_) => None,
            Err(NotRunnable::NoActiveVersion) => Some(ScheduleHold::NoActiveVersion),
            Err(NotRunnable::UntrustedVersion) => Some(ScheduleHold::UntrustedVersion),
            Err(NotRunnable::InvalidInputs { fields }) => Some(ScheduleHold::InvalidInputs { fields }),
            Err(NotRunnable::InvalidOptions { message }) => Some(ScheduleHold::InvalidOptions { message }),
        });
        let policy = schedule.overlap;
        if matches!(policy, OverlapPolicy::Skip | OverlapPolicy::QueueOne) {
            let open = store.open_executions_of_schedule(id).await?.into_iter();
            let overlap = |row: crate::domain::Execution| ScheduleHold::Overlap {
                execution_id: row.id,
                state: row.state,
                policy,
            };
            holds.extend(open.map(overlap));
        }
        holds.extend(schedule.queued_due.map(|due_at| ScheduleHold::Queued { due_at }));
        Ok(ScheduleExplanation {
            schedule_id: id,
            at: now,
            next_due: schedule.next_due,
            next_fire: schedule.next_fire(),
            holds,
            decisions: store.firings(id, FiringFilter::default(), DECISIONS).await?,
        })
    }
}

/// What holds it back by the clock and by the will of people.
fn holds_of_time(
    schedule: &Schedule,
    calendar: Option<&Calendar>,
    now: Timestamp,
) -> Result<Vec<ScheduleHold>> {
    let mut holds = Vec::new();
    if !schedule.is_active {
        let pause = schedule.pause.clone();
        holds.push(ScheduleHold::Paused {
            at: pause.as_ref().map(|pause| pause.at),
            by: pause.as_ref().map(|pause| pause.by.clone()),
            reason: pause.map(|pause| pause.reason),
        });
    }
    holds.extend(
        schedule
            .starts_at
            .filter(|start| *start > now)
            .map(|starts_at| ScheduleHold::NotStarted { starts_at }),
    );
    match schedule.ends_at.filter(|end| *end <= now) {
        Some(ends_at) => holds.push(ScheduleHold::Ended { ends_at }),
        None if schedule.is_active && schedule.next_due.is_none() => holds.push(ScheduleHold::NothingDue),
        None => {}
    }
    if let Some(calendar) = calendar {
        let (with, without) = (schedule.due_times(Some(calendar))?, schedule.due_times(None)?);
        let named =
            without.next_after(now).filter(|named| with.next_after(now).is_none_or(|due| due > *named));
        holds.extend(named.map(|due_at| ScheduleHold::Calendar {
            calendar_id: calendar.id,
            name: calendar.name.clone(),
            due_at,
            rule: schedule.calendar_rule,
        }));
    }
    if let (Some(due_at), Some(fire)) = (schedule.next_due, schedule.next_fire())
        && now - fire > MOMENTS
    {
        let late_ms = (now - fire).num_milliseconds().cast_unsigned();
        holds.push(ScheduleHold::Late { due_at, late_ms });
    }
    Ok(holds)
}
