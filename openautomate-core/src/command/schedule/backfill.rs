//! Running due times that have passed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Decided, Firings, calendar_of, load, runnable};
use crate::changes::Record;
use crate::clock::Timestamp;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Firing, FiringCause, Schedule};
use crate::error::{Error, Result};
use crate::id::{ExecutionId, ScheduleId};
use crate::permission::{Access, Permission};
use crate::query::FiringFilter;
use crate::schedule::OverlapPolicy;

/// How many due times a backfill takes, where nothing is said.
pub const DEFAULT_BACKFILL: u32 = 100;
/// The most due times of one backfill.
pub const MAX_BACKFILL: u32 = 1_000;
/// Firings of a range are read whole: its due times, and the runs at once between them.
const MAX_FIRINGS: u32 = 10_000;

/// Runs the due times of a range that have no execution, each once for ever: those that were skipped, and those that
/// came before the schedule was there or while it was paused.
#[derive(Clone, Debug)]
pub struct BackfillSchedule {
    /// Which.
    pub id: ScheduleId,
    /// The first instant of the range.
    pub from: Timestamp,
    /// The end of the range, which does not belong to it.
    pub to: Timestamp,
    /// More due times than these are refused.
    pub limit: u32,
    /// What happens while an execution of the schedule is open: with `Allow` all run at once, with `Skip` the first
    /// runs, and only if none is open. Others are refused.
    pub overlap: OverlapPolicy,
}

/// What a backfill did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backfill {
    /// The executions that were made, oldest due time first.
    pub executions: Vec<ExecutionId>,
    /// The due times that had an execution already.
    pub had_one: u32,
    /// The due times that were left because of the overlap policy.
    pub skipped: u32,
}

#[async_trait]
impl Command for BackfillSchedule {
    type Output = Backfill;
    const NAME: &'static str = "schedule.backfill";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        if self.from >= self.to {
            return Err(Error::invalid_field("to", "is not after from"));
        }
        if !(1..=MAX_BACKFILL).contains(&self.limit) {
            return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_BACKFILL}")));
        }
        if !matches!(self.overlap, OverlapPolicy::Allow | OverlapPolicy::Skip) {
            return Err(Error::invalid_field(
                "overlap",
                "is neither allow nor skip; a backfill takes only those",
            ));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Backfill>> {
        let mut schedule = load(context, self.id).await?;
        let due = self.due_times(context, &schedule).await?;
        let filter = FiringFilter { from: Some(self.from), before: Some(self.to) };
        let decided = context.store.firings(schedule.id, filter, MAX_FIRINGS).await?;
        if decided.len() == MAX_FIRINGS as usize {
            return Err(Error::invalid_field(
                "to",
                "is too far from the start: too many firings lie in between; bring them closer",
            ));
        }
        let has_execution = |due: &Timestamp| {
            decided.iter().any(|firing| firing.due_at == *due && firing.execution_id.is_some())
        };
        let (had_one, rest): (Vec<_>, Vec<_>) = due.into_iter().partition(has_execution);
        let mut done = Backfill { had_one: count(&had_one), ..Backfill::default() };
        let skipped: Vec<Timestamp> = decided.iter().filter(is_skipped).map(|firing| firing.due_at).collect();
        let runnable = runnable(context.store, &schedule, context.now).await?;
        if let (Err(reason), false) = (&runnable, rest.is_empty()) {
            return Err(reason.clone().into_error());
        }
        let open = context.store.open_executions_of_schedule(schedule.id).await?;
        let mut firings = Firings::due(&mut schedule, &runnable, open, context.now)
            .requested_by(context.actor.user_id(), FiringCause::Backfill)
            .again(skipped);
        for due in &rest {
            // What would be skipped stays as it is, so that it may be asked for again.
            if self.overlap == OverlapPolicy::Skip && firings.first_open().is_some() {
                done.skipped += 1;
            } else if let Decided::Made(execution) = firings.take(*due, OverlapPolicy::Allow) {
                done.executions.push(execution.id);
            }
        }
        if done.executions.is_empty() {
            return Ok(Decision::unchanged(done));
        }
        let changes = firings.changes;
        // A clock that goes back must not make them due again.
        schedule.last_due = schedule.last_due.max(rest.last().copied());
        let detail = json!({
            "name": schedule.name, "from": self.from, "to": self.to, "executions": done.executions.len(),
        });
        let changes = changes
            .update(Record::Schedule(Box::new(schedule)))
            .audited(context.audit("schedule", self.id, detail));
        Ok(Decision::new(changes, done))
    }
}

impl BackfillSchedule {
    /// The due times of the range, within start and end of the schedule, that have passed. Those that the scheduler has
    /// not decided on yet are its own.
    async fn due_times(&self, context: &CommandContext<'_>, schedule: &Schedule) -> Result<Vec<Timestamp>> {
        let tick = chrono::TimeDelta::microseconds(1);
        let calendar = calendar_of(context.store, schedule.calendar_id).await?;
        let times = schedule.due_times(calendar.as_ref())?.times;
        let ends = [schedule.next_due, schedule.ends_at].into_iter().flatten();
        let end = ends.fold(self.to.min(context.now + tick), Timestamp::min);
        let start = schedule.starts_at.map_or(self.from, |start| start.max(self.from));
        if start >= end {
            return Ok(Vec::new());
        }
        let (after, until) = (start - tick, end - tick);
        let there = times.count_between(after, until);
        if there > u64::from(self.limit) {
            let message = format!(
                "is too far from the start: there are {there} due times in between, and {} may run at most; bring \
                 them closer or raise the limit",
                self.limit
            );
            return Err(Error::invalid_field("to", message));
        }
        let mut due = times.newest_between(after, until, self.limit as usize);
        due.retain(|due| Some(*due) != schedule.queued_due);
        Ok(due)
    }
}

fn is_skipped(firing: &&Firing) -> bool {
    firing.execution_id.is_none()
}

fn count(due: &[Timestamp]) -> u32 {
    u32::try_from(due.len()).unwrap_or(u32::MAX)
}
