//! Makes the executions that follow the end of others, by the triggers that wait for it.
//!
//! What is due was noted with the end itself, so that a crash in between loses nothing; an event only wakes this loop.

use std::time::Duration;

use tokio::sync::broadcast;

use super::{REST, woken};
use crate::changes::Event;
use crate::command::trigger::fire::FollowExecution;
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::permission::Actor;

const BATCH: u32 = 200;
/// Ends come in bursts, and most are waited for by nobody: they are looked at together.
const GATHER: Duration = Duration::from_millis(20);

/// The loop that chains.
#[derive(Debug)]
pub struct Chainer {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

impl Chainer {
    /// A chainer of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.fire_due().await {
                tracing::warn!(%error, "executions could not be chained; trying again");
                tokio::time::sleep(REST).await;
                continue;
            }
            woken(&mut self.events, |event| match event {
                Event::ExecutionChanged { state, .. } => state.is_terminal(),
                Event::TriggerChanged { .. } | Event::EventsMissed => true,
                _ => false,
            })
            .await;
            tokio::time::sleep(GATHER).await;
        }
    }

    /// One pass: decides on everything that is due. Says how many executions were made.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn fire_due(&self) -> Result<usize> {
        let mut made = 0;
        loop {
            let due = self.orchestrator.store().due_triggers(BATCH).await?;
            let mut failed = 0;
            for &due in &due {
                match self.orchestrator.execute(&Actor::system(), FollowExecution { due }).await {
                    Ok(execution) => made += usize::from(execution.is_some()),
                    Err(error) if error.kind().is_retryable() => return Err(error),
                    // One that can't be decided must not keep the others waiting.
                    Err(error) => {
                        failed += 1;
                        tracing::error!(trigger = %due.trigger_id, execution = %due.execution_id, %error,
                            "a trigger could not fire");
                    }
                }
            }
            if due.len() < BATCH as usize || failed == due.len() {
                return Ok(made);
            }
        }
    }
}
