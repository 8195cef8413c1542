//! What becomes of due times: an execution, a place in the queue, or a reason why there is none.

use super::{NotRunnable, Runnable};
use crate::changes::{Changes, Event, Record, Write};
use crate::clock::Timestamp;
use crate::command::execution::request_cancel;
use crate::domain::{Execution, FileUser, Firing, FiringCause, Origin, Schedule};
use crate::id::{ExecutionId, UserId};
use crate::schedule::OverlapPolicy;

/// Decides on due times of one schedule, one after the other, and gathers what is to be committed.
#[derive(Debug)]
pub(crate) struct Firings<'a> {
    schedule: &'a mut Schedule,
    runnable: &'a Result<Runnable, NotRunnable>,
    now: Timestamp,
    /// The executions of the schedule that have not ended, those made here too.
    open: Vec<Execution>,
    /// Who asks, where somebody does.
    requested_by: Option<UserId>,
    cause: FiringCause,
    /// The due times that were skipped before and are decided on anew.
    skipped_before: Vec<Timestamp>,
    /// What is to be written.
    pub(crate) changes: Changes,
}

/// What became of a due time.
#[derive(Debug, PartialEq)]
pub(crate) enum Decided {
    /// An execution.
    Made(Box<Execution>),
    /// It waits for the running one.
    Queued,
    /// Nothing, for this reason.
    Skipped(&'static str),
}

impl<'a> Firings<'a> {
    /// Due times that have come.
    pub(crate) fn due(
        schedule: &'a mut Schedule,
        runnable: &'a Result<Runnable, NotRunnable>,
        open: Vec<Execution>,
        now: Timestamp,
    ) -> Self {
        let (requested_by, cause) = (None, FiringCause::Due);
        let (changes, skipped_before) = (Changes::none(), Vec::new());
        Self { schedule, runnable, now, open, requested_by, cause, skipped_before, changes }
    }

    /// Due times that somebody asks for.
    pub(crate) fn requested_by(self, user: Option<UserId>, cause: FiringCause) -> Self {
        Self { requested_by: user, cause, ..self }
    }

    /// These were skipped before.
    pub(crate) fn again(self, skipped_before: Vec<Timestamp>) -> Self {
        Self { skipped_before, ..self }
    }

    /// An execution of the schedule that is open.
    pub(crate) fn first_open(&self) -> Option<&Execution> {
        self.open.first()
    }

    /// A queued due time runs now, if nothing is open any more.
    pub(crate) fn take_queued(&mut self) {
        if self.open.is_empty()
            && let Some(due) = self.schedule.queued_due.take()
        {
            self.take(due, OverlapPolicy::Allow);
        }
    }

    /// Decides on one due time.
    pub(crate) fn take(&mut self, due_at: Timestamp, overlap: OverlapPolicy) -> Decided {
        if let Err(reason) = self.runnable {
            return self.skip(due_at, reason.as_str());
        }
        match overlap {
            OverlapPolicy::Allow => self.make(due_at),
            _ if self.open.is_empty() => self.make(due_at),
            OverlapPolicy::QueueOne if self.schedule.queued_due.is_none() => {
                // Its firing is written when it runs: until then nobody decides on it but who takes it from here.
                self.schedule.queued_due = Some(due_at);
                Decided::Queued
            }
            OverlapPolicy::Skip | OverlapPolicy::QueueOne => self.skip(due_at, "overlap"),
            OverlapPolicy::CancelRunning => {
                for mut running in std::mem::take(&mut self.open) {
                    if running.cancel_requested_at.is_none() {
                        let cancel = request_cancel(&mut running, self.now);
                        self.changes.writes.extend(cancel.writes);
                        self.changes.events.extend(cancel.events);
                    }
                }
                self.make(due_at)
            }
        }
    }

    /// Skips a due time.
    pub(crate) fn skip(&mut self, due_at: Timestamp, reason: &'static str) -> Decided {
        self.skip_many(due_at, 1, reason);
        Decided::Skipped(reason)
    }

    /// Skips due times, for all of which the first stands: a row for each could be millions.
    pub(crate) fn skip_many(&mut self, first: Timestamp, due_times: u64, reason: &'static str) {
        let firing = Firing { due_times, ..self.firing(first).skipped(reason) };
        self.write(firing);
    }

    fn make(&mut self, due_at: Timestamp) -> Decided {
        let Ok(Runnable { pattern, files }) = self.runnable else {
            return Decided::Skipped("noActiveVersion");
        };
        let origin = Origin::Schedule { schedule_id: self.schedule.id, due_at, cause: self.cause };
        let execution = Execution { id: ExecutionId::new(), origin, ..pattern.clone() };
        let changes = std::mem::take(&mut self.changes);
        self.changes = changes
            .insert(Record::Execution(Box::new(execution.clone())))
            .uses_if_any(FileUser::Execution(execution.id), files.clone())
            .event(Event::ExecutionPending { execution_id: execution.id });
        let firing = self.firing(due_at).made(execution.id);
        self.write(firing);
        self.open.push(execution.clone());
        Decided::Made(Box::new(execution))
    }

    fn firing(&self, due_at: Timestamp) -> Firing {
        let firing = Firing::new(self.schedule.id, self.schedule.revision, due_at, self.now);
        Firing { cause: self.cause, requested_by: self.requested_by, ..firing }
    }

    fn write(&mut self, firing: Firing) {
        let again = self.skipped_before.contains(&firing.due_at);
        let write = if again { Write::FireSkipped(firing) } else { Write::Fire(firing) };
        self.changes.writes.push(write);
    }
}
