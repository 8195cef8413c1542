//! Deciding on the due times of one schedule, in one commit.

use chrono::TimeDelta;

use super::Scheduler;
use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::schedule::{Decided, Firings, NotRunnable, calendar_of, runnable};
use crate::domain::Schedule;
use crate::error::Result;
use crate::schedule::OverlapPolicy;

impl Scheduler {
    /// Decides on the due times of a schedule that have come, and on one that waits. Says how many executions it made.
    pub(super) async fn fire(&self, mut schedule: Schedule, now: Timestamp) -> Result<usize> {
        let store = self.orchestrator.store();
        if self.is_failing(&schedule).await? {
            self.pause_failing(schedule, now).await?;
            return Ok(0);
        }
        // Read after the schedule: who changes a calendar changes its schedules in the same commit, so with an older one
        // this commit is stale.
        let calendar = calendar_of(store, schedule.calendar_id).await?;
        let times = schedule.due_times(calendar.as_ref())?;
        let plan = schedule.plan(&times, now);
        let (first, queued) = (schedule.next_due, schedule.queued_due);
        if plan.fire.is_empty() && plan.skipped == 0 && plan.next_due == first && queued.is_none() {
            return Ok(0);
        }
        let runnable = runnable(store, &schedule, now).await?;
        match &runnable {
            Err(NotRunnable::InvalidInputs { fields }) => tracing::warn!(
                schedule = %schedule.id,
                ?fields,
                "the active version does not take the inputs of a schedule; change them"
            ),
            Err(NotRunnable::InvalidOptions { message }) => tracing::warn!(
                schedule = %schedule.id,
                message,
                "an execution of a schedule can't be placed as is said"
            ),
            _ => {}
        }
        let open = store.open_executions_of_schedule(schedule.id).await?;
        let (overlap, id) = (schedule.overlap, schedule.id);
        let mut firings = Firings::due(&mut schedule, &runnable, open, now);
        firings.take_queued();
        if let Some(first) = first.filter(|first| plan.skipped > 0 && !plan.fire.contains(first)) {
            tracing::warn!(schedule = %id, skipped = plan.skipped, "due times were missed and skipped");
            firings.skip_many(first, plan.skipped, "misfire");
        }
        let newest = plan.fire.last().copied();
        for due in &plan.fire {
            // Each would cancel the one before it, so only the newest is made.
            if overlap == OverlapPolicy::CancelRunning && Some(*due) != newest && runnable.is_ok() {
                firings.skip(*due, "overlap");
            } else if let Decided::Skipped(reason) = firings.take(*due, overlap) {
                tracing::debug!(schedule = %id, %due, reason, "a due time was skipped");
            }
        }
        let changes = firings.changes;
        let late = self.lateness(&schedule, now);
        if first.is_some() && plan.next_due != first {
            schedule.last_due = schedule.last_due.max(newest.or(first));
        }
        schedule.set_next_due(plan.next_due);
        let mut changes = changes
            .update(Record::Schedule(Box::new(schedule)))
            .event(Event::ScheduleChanged { schedule_id: id });
        if let Some(late) = late {
            changes = changes.event(late);
        }
        self.commit(changes).await
    }

    /// Commits; says how many executions that made.
    pub(super) async fn commit(&self, mut changes: Changes) -> Result<usize> {
        let events = std::mem::take(&mut changes.events);
        self.orchestrator.store().commit(changes).await?;
        let made = events.iter().filter(|event| matches!(event, Event::ExecutionPending { .. })).count();
        for event in events {
            self.orchestrator.publish(event);
        }
        Ok(made)
    }

    /// The event of a schedule whose next due time should have been decided on long ago.
    fn lateness(&self, schedule: &Schedule, now: Timestamp) -> Option<Event> {
        let due_at = schedule.next_due?;
        let late = now - schedule.next_fire()?;
        let bound = TimeDelta::from_std(self.orchestrator.settings().schedule_late_after).ok()?;
        if late <= bound {
            return None;
        }
        let late_ms = late.num_milliseconds().cast_unsigned();
        tracing::warn!(schedule = %schedule.id, %due_at, late_ms, "a schedule fires late; was no server running?");
        Some(Event::ScheduleLate { schedule_id: schedule.id, due_at, late_ms })
    }
}
