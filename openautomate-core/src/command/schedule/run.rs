//! Running a schedule at once.

use async_trait::async_trait;
use serde_json::json;

use super::{Decided, Firings, load, runnable};
use crate::changes::Record;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Execution, FiringCause};
use crate::error::{Error, Result};
use crate::id::ScheduleId;
use crate::permission::{Access, Permission};
use crate::schedule::OverlapPolicy;

/// Runs what a schedule runs, at once, paused or not. Its next due time stays.
#[derive(Clone, Debug)]
pub struct RunSchedule {
    /// Which.
    pub id: ScheduleId,
    /// What happens if an execution of it is open; `None` is what the schedule says. `Skip` and `QueueOne` refuse.
    pub overlap: Option<OverlapPolicy>,
}

#[async_trait]
impl Command for RunSchedule {
    type Output = Execution;
    const NAME: &'static str = "schedule.run";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        if self.overlap == Some(OverlapPolicy::QueueOne) {
            let message = "is not queueOne for a run at once; take allow, skip or cancelRunning";
            return Err(Error::invalid_field("overlap", message));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Execution>> {
        let mut schedule = load(context, self.id).await?;
        let runnable = runnable(context.store, &schedule, context.now).await?;
        let open = context.store.open_executions_of_schedule(schedule.id).await?;
        let policy = self.overlap.unwrap_or(schedule.overlap);
        let mut firings = Firings::due(&mut schedule, &runnable, open, context.now)
            .requested_by(context.actor.user_id(), FiringCause::RunNow);
        if let (OverlapPolicy::Skip | OverlapPolicy::QueueOne, Some(open)) = (policy, firings.first_open()) {
            let message =
                format!("the execution {} of the schedule has not ended; cancel it, or allow two", open.id);
            return Err(Error::conflict("schedule.overlap", message));
        }
        let Decided::Made(execution) = firings.take(context.now, policy) else {
            let why = runnable.err().map(super::NotRunnable::into_error);
            return Err(
                why.unwrap_or_else(|| Error::conflict("schedule.overlap", "the schedule can't run now"))
            );
        };
        let changes = firings.changes;
        let detail = json!({"name": schedule.name, "executionId": execution.id});
        // The row is written, so that of two runs at once the second sees the first.
        let changes = changes
            .update(Record::Schedule(Box::new(schedule)))
            .audited(context.audit("schedule", self.id, detail));
        Ok(Decision::new(changes, *execution))
    }
}
