//! Tells of executions that schedules asked for and that nothing began.

use chrono::TimeDelta;

use crate::changes::Event;
use crate::clock::Timestamp;
use crate::domain::Origin;
use crate::error::Result;
use crate::orchestrator::Orchestrator;

/// Within one look; half of what subscribers may lag behind.
const MOST: u32 = 2_000;

/// Looks for executions that wait for longer than they should. Each server tells of each once, if it came to wait too
/// long while the server ran.
#[derive(Debug)]
pub(super) struct LateWatch {
    /// Executions that wait since then or before were told of.
    told: Timestamp,
}

impl LateWatch {
    pub(super) fn new(orchestrator: &Orchestrator) -> Self {
        Self { told: Self::bound(orchestrator) }
    }

    /// What waits since then waits for too long.
    fn bound(orchestrator: &Orchestrator) -> Timestamp {
        let late = TimeDelta::from_std(orchestrator.settings().schedule_late_after).unwrap_or(TimeDelta::MAX);
        orchestrator.clock().now().checked_sub_signed(late).unwrap_or(Timestamp::MIN_UTC)
    }

    pub(super) async fn look(&mut self, orchestrator: &Orchestrator) -> Result<()> {
        let bound = Self::bound(orchestrator);
        if self.told >= bound {
            return Ok(());
        }
        // Those of one pass wait since the same instant, so they are read together.
        let waiting = orchestrator.store().not_started(self.told, bound, MOST).await?;
        if waiting.len() == MOST as usize {
            tracing::warn!("more executions of schedules were not begun than are told of one by one");
        }
        for execution in &waiting {
            let Origin::Schedule { schedule_id, due_at, .. } = execution.origin else { continue };
            let execution_id = execution.id;
            tracing::warn!(
                schedule = %schedule_id,
                execution = %execution_id,
                %due_at,
                "an execution of a schedule was not begun; is there an agent that may run it?"
            );
            orchestrator.publish(Event::ScheduledRunNotStarted { schedule_id, execution_id });
        }
        self.told = bound;
        Ok(())
    }
}
