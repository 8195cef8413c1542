//! Turns due schedules into executions: once per due time, whatever the number of servers.
//!
//! A firing, its execution and the schedule's next due time are one commit. Another server that decides on
//! the same due time fails on the unique row (schedule, due time) or on the schedule's revision, and reads
//! again.

mod failing;
mod fire;
mod late;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::REST;
use crate::changes::Event;
use crate::clock::Timestamp;
use crate::domain::{ExecutionState, Schedule};
use crate::error::Result;
use crate::id::ExecutionId;
use crate::orchestrator::Orchestrator;
use late::LateWatch;

/// Even without any event it looks this often: another server may have changed a schedule.
const SLOW_POLL: TimeDelta = TimeDelta::seconds(5);
/// An end of a run may let a queued due time go. Ends come in bursts, so it looks at most this often because of them.
const AFTER_ENDS: std::time::Duration = std::time::Duration::from_millis(50);
const BATCH: u32 = 500;
/// How many schedules are decided on at once: each waits for the database some times.
const PARALLEL: usize = 32;

/// The loop that fires schedules.
#[derive(Debug)]
pub struct Scheduler {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
    late: LateWatch,
}

impl Scheduler {
    /// A scheduler of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        let late = LateWatch::new(&orchestrator);
        Self { orchestrator, events, late }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            match self.pass().await {
                Ok(()) => self.wait().await,
                Err(error) => {
                    tracing::warn!(%error, "due schedules could not be fired; trying again");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn pass(&mut self) -> Result<()> {
        self.fire_due().await?;
        self.late.look(&self.orchestrator).await
    }

    async fn wait(&mut self) {
        let store = self.orchestrator.store();
        // Whether the end of an execution may let a queued due time go.
        let has_queued = store.has_queued().await.unwrap_or(true);
        let now = self.orchestrator.clock().now();
        let due = store.next_fire().await.ok().flatten();
        let until = due.map_or(now + SLOW_POLL, |due| due.min(now + SLOW_POLL));
        let orchestrator = self.orchestrator.clone();
        let sleep = orchestrator.clock().sleep_until(until);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => return,
                event = self.events.recv() => match event {
                    // Each firing is such an event, its own too: one pass is enough for all that came by now.
                    Ok(
                        Event::ScheduleChanged { .. } | Event::CalendarChanged { .. } | Event::EventsMissed,
                    ) | Err(RecvError::Lagged(_) | RecvError::Closed) => return self.catch_up().await,
                    Ok(Event::ExecutionChanged { execution_id, state }) if state.is_terminal() => {
                        self.ended(execution_id, state).await;
                        if has_queued {
                            tokio::time::sleep(AFTER_ENDS).await;
                            return self.catch_up().await;
                        }
                    }
                    Ok(_) => {}
                },
            }
        }
    }

    /// A run ended. After enough failures its schedule pauses at once; if this is missed, it does before it fires.
    async fn ended(&self, execution: ExecutionId, state: ExecutionState) {
        if !matches!(state, ExecutionState::Failed | ExecutionState::TimedOut) {
            return;
        }
        if let Err(error) = self.pause_after_failure(execution).await {
            tracing::warn!(%execution, %error, "whether a schedule must pause was not found out; it is before it fires");
        }
    }

    /// Passes over what has come by now, without missing the failures among it.
    async fn catch_up(&mut self) {
        loop {
            match self.events.try_recv() {
                Ok(Event::ExecutionChanged { execution_id, state }) => self.ended(execution_id, state).await,
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// One pass: decides on every due time that has come, and lets queued ones go whose place is free. Says how many
    /// executions were made.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn fire_due(&self) -> Result<usize> {
        let store = self.orchestrator.store();
        let now = self.orchestrator.clock().now();
        let mut schedules = store.due_schedules(now, BATCH).await?;
        for queued in store.queued_schedules(BATCH).await? {
            if !schedules.iter().any(|due| due.id == queued.id) {
                schedules.push(queued);
            }
        }
        let mut fired = futures_util::stream::iter(schedules)
            .map(|schedule| self.fire_one(schedule, now))
            .buffer_unordered(PARALLEL);
        let mut made = 0;
        while let Some(count) = fired.next().await {
            made += count?;
        }
        Ok(made)
    }

    async fn fire_one(&self, schedule: Schedule, now: Timestamp) -> Result<usize> {
        let id = schedule.id;
        match self.fire(schedule, now).await {
            Ok(count) => Ok(count),
            // Somebody else decided, or changed the schedule: the next pass reads it again.
            Err(error) if error.is_stale_row() => Ok(0),
            Err(error) if error.kind().is_retryable() => Err(error),
            Err(error) => {
                // One schedule that can't be read must not keep the others from firing.
                tracing::error!(schedule = %id, %error, "a schedule could not be fired");
                Ok(0)
            }
        }
    }
}
