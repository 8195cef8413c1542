//! Following the log of an execution, live, through all its attempts.

use chrono::TimeDelta;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Orchestrator;
use crate::changes::Event;
use crate::domain::{Attempt, AttemptState, Lease, LogRecord};
use crate::error::{Error, Result};
use crate::id::ExecutionId;

/// Even without any event it looks this often: another server may have ended before it told.
const SLOW_POLL: TimeDelta = TimeDelta::seconds(5);
const PAGE: u32 = 500;

/// A line and the attempt that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedLine {
    /// The attempt's number.
    pub epoch: u32,
    /// The line.
    pub record: LogRecord,
}

/// Follows the log of an execution. Made by [`Orchestrator::follow_logs`].
#[derive(Debug)]
pub struct LogFollower {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
    execution: ExecutionId,
    epoch: u32,
    after: u64,
    ready: std::vec::IntoIter<LogRecord>,
}

impl Orchestrator {
    /// Follows the log of an execution from its first line, or from after line `after` of attempt `epoch`.
    /// Ask [`Orchestrator::authorize`] first.
    #[must_use]
    pub fn follow_logs(&self, execution: ExecutionId, epoch: u32, after: u64) -> LogFollower {
        LogFollower {
            orchestrator: self.clone(),
            // Subscribed before the first read: what is stored in between is seen by one of the two.
            events: self.subscribe(),
            execution,
            epoch: epoch.max(1),
            after,
            ready: Vec::new().into_iter(),
        }
    }
}

impl LogFollower {
    /// The next line, in order, without a gap; `None` when the execution has ended and its last line was
    /// given. Cancel safe.
    ///
    /// # Errors
    /// `NotFound` if there is no such execution; otherwise as [`Orchestrator::read_log`].
    pub async fn next(&mut self) -> Result<Option<FollowedLine>> {
        loop {
            if let Some(record) = self.ready.next() {
                self.after = record.seq;
                return Ok(Some(FollowedLine { epoch: self.epoch, record }));
            }
            // The state is read before the lines: a line stored in between is found by the read.
            let (ended, attempts) = self.state().await?;
            let lease = Lease { execution: self.execution, epoch: self.epoch };
            let lines = self.orchestrator.read_log(lease, self.after, PAGE).await?;
            if !lines.is_empty() {
                self.ready = lines.into_iter();
                continue;
            }
            if let Some(next) = self.next_attempt(&attempts) {
                (self.epoch, self.after) = (next, 0);
                continue;
            }
            if ended && self.is_whole(&attempts) {
                return Ok(None);
            }
            self.wait().await;
        }
    }

    async fn state(&self) -> Result<(bool, Vec<Attempt>)> {
        let store = self.orchestrator.store();
        let execution = store.execution(self.execution).await?;
        let execution = execution.ok_or_else(|| Error::not_found("execution", self.execution))?;
        Ok((execution.state.is_terminal(), store.attempts(self.execution).await?))
    }

    fn next_attempt(&self, attempts: &[Attempt]) -> Option<u32> {
        self.is_whole(attempts)
            .then(|| attempts.iter().map(|attempt| attempt.lease.epoch).find(|epoch| *epoch > self.epoch))
            .flatten()
    }

    /// Whether no line of the present attempt can follow. A lost attempt never says how many there were.
    fn is_whole(&self, attempts: &[Attempt]) -> bool {
        let present = attempts.iter().find(|attempt| attempt.lease.epoch == self.epoch);
        present.is_none_or(|attempt| {
            attempt.is_log_complete() || matches!(attempt.state, AttemptState::Lost | AttemptState::Released)
        })
    }

    async fn wait(&mut self) {
        let clock = self.orchestrator.clock();
        let poll = clock.sleep_until(clock.now() + SLOW_POLL);
        tokio::pin!(poll);
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = &mut poll => return,
            };
            match event {
                Ok(Event::LogAppended { lease, .. } | Event::LogCompleted { lease })
                    if lease.execution == self.execution =>
                {
                    return;
                }
                Ok(
                    Event::ExecutionChanged { execution_id, .. } | Event::ExecutionPending { execution_id },
                ) if execution_id == self.execution => {
                    return;
                }
                Ok(Event::EventsMissed) => return,
                Ok(_) => {}
                // Lagged: something was missed, so look. Closed: the orchestrator is gone; look once more.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            }
        }
    }
}
