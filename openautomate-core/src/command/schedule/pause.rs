//! Pausing schedules, with the reason, and resuming them.

use async_trait::async_trait;
use serde_json::json;

use super::{calendar_of, detail, load};
use crate::changes::{Changes, Event, Record, Write};
use crate::clock::Timestamp;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{ActorRef, Firing, Pause, Schedule};
use crate::error::{Error, Result};
use crate::id::ScheduleId;
use crate::permission::{Access, Permission};

/// The longest reason of a pause, in characters.
pub const MAX_REASON_CHARS: usize = 500;

/// Checks the reason of a pause.
pub(crate) fn check_reason(reason: &str) -> Result<()> {
    let chars = reason.trim().chars().count();
    if !(1..=MAX_REASON_CHARS).contains(&chars) || reason.chars().any(char::is_control) {
        let message = format!("is not 1 to {MAX_REASON_CHARS} characters without control characters");
        return Err(Error::invalid_field("reason", message));
    }
    Ok(())
}

/// Pauses a schedule: nothing is due until somebody resumes it. What runs goes on; a due time that waits is skipped.
#[derive(Clone, Debug)]
pub struct PauseSchedule {
    /// Which.
    pub id: ScheduleId,
    /// Why.
    pub reason: String,
}

#[async_trait]
impl Command for PauseSchedule {
    type Output = Schedule;
    const NAME: &'static str = "schedule.pause";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        check_reason(&self.reason)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Schedule>> {
        let mut schedule = load(context, self.id).await?;
        if let Some(pause) = schedule.pause.as_ref().filter(|_| !schedule.is_active) {
            let message = format!("the schedule is paused already, by {}; resume it first", pause.by.name);
            return Err(Error::conflict("schedule.paused", message));
        }
        let reason = self.reason.trim().to_owned();
        let changes = pause(&mut schedule, context.actor.to_ref(), reason.clone(), context.now);
        let entry = context.audit("schedule", schedule.id, json!({"name": schedule.name, "reason": reason}));
        schedule.revision += 1;
        Ok(Decision::new(changes.audited(entry), schedule))
    }
}

/// Makes a schedule inactive. The changes hold the row.
pub(crate) fn pause(schedule: &mut Schedule, by: ActorRef, reason: String, now: Timestamp) -> Changes {
    let changes = drop_queued(schedule, now);
    schedule.is_active = false;
    schedule.pause = Some(Pause { at: now, by, reason });
    schedule.set_next_due(None);
    changes
        .update(Record::Schedule(Box::new(schedule.clone())))
        .event(Event::ScheduleChanged { schedule_id: schedule.id })
}

/// Skips the due time that waits, if there is one.
pub(super) fn drop_queued(schedule: &mut Schedule, now: Timestamp) -> Changes {
    let mut changes = Changes::none();
    if let Some(due) = schedule.queued_due.take() {
        let firing = Firing::new(schedule.id, schedule.revision, due, now).skipped("paused");
        changes.writes.push(Write::Fire(firing));
    }
    changes
}

/// Resumes a schedule. It is due from now on: what it would have run meanwhile is not made up for, unless by a
/// backfill.
#[derive(Clone, Debug)]
pub struct ResumeSchedule {
    /// Which.
    pub id: ScheduleId,
}

#[async_trait]
impl Command for ResumeSchedule {
    type Output = Schedule;
    const NAME: &'static str = "schedule.resume";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Schedule>> {
        let mut schedule = load(context, self.id).await?;
        if schedule.is_active {
            return Ok(Decision::unchanged(schedule));
        }
        let calendar = calendar_of(context.store, schedule.calendar_id).await?;
        schedule.is_active = true;
        schedule.pause = None;
        schedule.resumed_at = Some(context.now);
        let from = schedule.last_due.unwrap_or(context.now).max(context.now);
        let times = schedule.due_times(calendar.as_ref())?;
        schedule.renew_next_due(&times, from);
        let changes = Changes::none()
            .update(Record::Schedule(Box::new(schedule.clone())))
            .found_with(calendar)
            .audited(context.audit("schedule", schedule.id, detail(&schedule)))
            .event(Event::ScheduleChanged { schedule_id: schedule.id });
        schedule.revision += 1;
        Ok(Decision::new(changes, schedule))
    }
}
