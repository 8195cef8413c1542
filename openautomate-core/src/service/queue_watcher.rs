//! Starts executions for what waits in work queues, by the triggers that look at them.
//!
//! Events wake it, and the instants at which something may be different by itself: an item that was deferred can be
//! taken, one becomes too old, a rest is over.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{LOOK_EVERY, REST};
use crate::changes::Event;
use crate::clock::Timestamp;
use crate::command::trigger::backlog::WorkOffBacklog;
use crate::domain::WatchKind;
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::permission::Actor;

/// Items come in bursts: they are looked at together.
const GATHER: Duration = Duration::from_millis(20);
/// How many queues are looked at at once.
const PARALLEL: usize = 16;

/// The loop that watches work queues.
#[derive(Debug)]
pub struct QueueWatcher {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

/// What a pass found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueuePass {
    /// How many executions it made.
    pub made: u32,
    /// When to look again even if nothing happens.
    pub again: Option<Timestamp>,
    /// Whether the end of an execution may let another one begin.
    pub waits_for_ends: bool,
}

impl QueueWatcher {
    /// A watcher of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            match self.fire_due().await {
                Ok(pass) => self.wait(pass).await,
                Err(error) => {
                    tracing::warn!(%error, "work queues could not be looked at; trying again");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// One pass: looks at the queue of every trigger that waits for one, and fires those that are due.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn fire_due(&self) -> Result<QueuePass> {
        let triggers = self.orchestrator.store().watched_triggers(WatchKind::WorkQueue).await?;
        let looks = triggers.into_iter().map(|trigger| async move {
            let command = WorkOffBacklog { trigger: trigger.id };
            (trigger.id, self.orchestrator.execute(&Actor::system(), command).await)
        });
        let mut looks = stream::iter(looks).buffer_unordered(PARALLEL);
        let mut pass = QueuePass::default();
        while let Some((trigger, looked)) = looks.next().await {
            match looked {
                Ok(looked) => {
                    pass.made += looked.made;
                    pass.again = [pass.again, looked.again].into_iter().flatten().min();
                    pass.waits_for_ends |= looked.is_full;
                }
                Err(error) if error.kind().is_retryable() => return Err(error),
                // One that can't fire must not keep the others waiting; why it can't is told to whoever asks.
                Err(error) => tracing::debug!(%trigger, %error, "a work queue trigger could not fire"),
            }
        }
        Ok(pass)
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self, pass: QueuePass) {
        let orchestrator = self.orchestrator.clone();
        let now = orchestrator.clock().now();
        let slow = now + TimeDelta::from_std(LOOK_EVERY).unwrap_or(TimeDelta::MAX);
        let until = pass.again.map_or(slow, |again| again.min(slow));
        let wanted = async {
            loop {
                match self.events.recv().await {
                    Ok(
                        Event::WorkItemsAdded { .. }
                        | Event::TriggerChanged { .. }
                        | Event::WorkQueueChanged { .. }
                        | Event::VersionDeployed { .. }
                        | Event::EventsMissed,
                    )
                    | Err(RecvError::Lagged(_)) => return,
                    Ok(Event::ExecutionChanged { state, .. })
                        if pass.waits_for_ends && state.is_terminal() =>
                    {
                        return;
                    }
                    Ok(_) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = orchestrator.clock().sleep_until(until) => {}
            () = wanted => tokio::time::sleep(GATHER).await,
        }
        self.events = self.events.resubscribe();
    }
}
