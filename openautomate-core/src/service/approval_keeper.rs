//! Lets executions go on whose approvals are answered, takes the default of those that expired, and withdraws those
//! that nobody waits for any more.

use std::time::Duration;

use tokio::sync::broadcast;

use super::{REST, woken};
use crate::changes::Event;
use crate::command::Command;
use crate::command::approval::{ResumeExecution, SettleApproval};
use crate::domain::ExecutionState;
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::permission::Actor;

const BATCH: u32 = 200;
/// Pauses between attempts look the same from here and may be many: they are looked at together.
const GATHER: Duration = Duration::from_millis(100);

/// The loop that looks after approvals.
#[derive(Debug)]
pub struct ApprovalKeeper {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

impl ApprovalKeeper {
    /// A keeper of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.settle().await {
                tracing::warn!(%error, "approvals could not be looked after; trying again");
                tokio::time::sleep(REST).await;
                continue;
            }
            woken(&mut self.events, |event| match event {
                // One that waits for an answer may have it already.
                Event::ExecutionChanged { state, .. } => {
                    matches!(state, ExecutionState::Waiting | ExecutionState::Cancelled)
                }
                Event::ApprovalChanged { .. } | Event::EventsMissed => true,
                _ => false,
            })
            .await;
            tokio::time::sleep(GATHER).await;
        }
    }

    /// One pass. Says how many executions go on.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn settle(&self) -> Result<usize> {
        let store = self.orchestrator.store();
        let now = self.orchestrator.clock().now();
        for approval in store.approvals_to_settle(now, BATCH).await? {
            self.does(SettleApproval { id: approval.id }).await?;
        }
        let answered = store.answered_executions(BATCH).await?;
        let mut resumed = 0;
        for execution in answered {
            resumed += usize::from(self.does(ResumeExecution { id: execution.id }).await?);
        }
        Ok(resumed)
    }

    /// Whether a command went well; one that can't be done must not keep the others waiting.
    async fn does(&self, command: impl Command) -> Result<bool> {
        match self.orchestrator.execute(&Actor::system(), command).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind().is_retryable() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "an approval was not settled");
                Ok(false)
            }
        }
    }
}
