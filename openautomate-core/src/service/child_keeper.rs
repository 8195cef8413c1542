//! Passes a cancel on to the executions that the cancelled one asked for.

use tokio::sync::broadcast;

use super::{REST, woken};
use crate::changes::Event;
use crate::command::execution::CancelExecution;
use crate::domain::ExecutionState;
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::permission::Actor;

const BATCH: u32 = 500;

/// The loop that looks after children.
#[derive(Debug)]
pub struct ChildKeeper {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

impl ChildKeeper {
    /// A keeper of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.pass_on_cancels().await {
                tracing::warn!(%error, "cancels could not be passed on; trying again");
                tokio::time::sleep(REST).await;
                continue;
            }
            woken(&mut self.events, |event| match event {
                Event::ExecutionChanged { state, .. } => {
                    matches!(state, ExecutionState::Cancelled | ExecutionState::TimedOut)
                }
                Event::CancelRequested { .. } | Event::EventsMissed => true,
                _ => false,
            })
            .await;
        }
    }

    /// One pass: cancels the open children of executions that were cancelled or ran out of time. Says how many.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn pass_on_cancels(&self) -> Result<usize> {
        let store = self.orchestrator.store();
        let mut cancelled = 0;
        loop {
            let children = store.children_to_cancel(BATCH).await?;
            let before = cancelled;
            for id in &children {
                match self.orchestrator.execute(&Actor::system(), CancelExecution { id: *id }).await {
                    Ok(_) => cancelled += 1,
                    Err(error) if error.kind().is_retryable() => return Err(error),
                    // It has ended meanwhile.
                    Err(error) => tracing::debug!(execution = %id, %error, "a child was not cancelled"),
                }
            }
            // Those of the cancelled ones follow in the next round.
            if cancelled == before {
                break;
            }
        }
        while store.close_children(BATCH).await? == u64::from(BATCH) {}
        Ok(cancelled)
    }
}
