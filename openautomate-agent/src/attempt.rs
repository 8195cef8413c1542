//! One attempt, from its assignment to the finish that the server has acknowledged: what the session and the
//! run know of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openautomate_core::clock::Clock;
use openautomate_core::domain::{
    Lease, LogLevel, LogLine, LogStream, Progress, RunError, RunResult, RunStatus,
};
use openautomate_core::secret::Masker;
use openautomate_core::transport::Assignment;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::disk;
use crate::error::Result;
use crate::spool::{Left, Spool};

/// What the session sees of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) lease: Lease,
    state: Mutex<State>,
    /// Knows every secret that the run was given.
    pub(crate) masker: Masker,
    /// In how many places it waits for other executions.
    pub(crate) waits: AtomicU32,
    /// Whether it waits no longer for a slot.
    has_begun: AtomicBool,
    /// Somebody asked for a cancel: the run gets its grace.
    pub(crate) cancel: CancellationToken,
    /// The lease is lost: the run is killed at once.
    pub(crate) lost: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) spool: Spool,
    /// The run has begun.
    pub(crate) started: bool,
    /// The latest progress that was not sent.
    pub(crate) progress: Option<Progress>,
    /// How it ended.
    pub(crate) result: Option<RunResult>,
    /// When its processes must be dead unless the lease is renewed before.
    deadline: Instant,
    /// What was sent in this connection.
    pub(crate) started_sent: bool,
    pub(crate) finish_sent: bool,
    /// The server has the finish.
    pub(crate) finish_acknowledged: bool,
    /// A task of this agent works on it.
    is_running: bool,
    /// The lease is not this agent's any more: nothing more is told of it.
    is_given_up: bool,
    /// It could not be taken: the server shall give it to somebody else.
    is_refused: bool,
    /// What was not acknowledged when repeats were last looked at.
    waiting: Waiting,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waiting {
    /// For lines behind this one.
    lines: Option<u64>,
    finish: bool,
}

impl Attempt {
    /// An assignment that came just now. Nothing of it is on disk before [`Attempt::keep_assignment`].
    pub(crate) fn assigned(folder: &Path, assignment: &Assignment, margin: Duration) -> Self {
        let lease = assignment.lease;
        let ttl = Duration::from_millis(assignment.lease_ttl_ms);
        let spool = Spool::new(lease, folder.join(format!("{}.jsonl", name(lease))));
        let attempt = Self::with(spool, lease);
        {
            let mut state = attempt.state();
            state.deadline = Instant::now() + ttl.saturating_sub(margin);
            state.is_running = true;
        }
        attempt
    }

    /// Takes up what an agent that was killed left in a file; `None` if it holds no whole assignment.
    pub(crate) fn adopt(path: PathBuf, clock: &dyn Clock) -> Result<Option<Self>> {
        let Some(Left { spool, result }) = Spool::open(path)? else { return Ok(None) };
        let lease = spool.lease();
        let attempt = Self::with(spool, lease);
        if result.is_some() {
            attempt.state().result = result;
            return Ok(Some(attempt));
        }
        // What is left of its processes is killed before the server hears of it.
        let text = "the agent was restarted; the run is lost";
        attempt.append([LogLine::new(clock.now(), LogLevel::Error, LogStream::System, text)]);
        let error =
            RunError::new("AgentLost", "the agent was restarted while the run went on; the run is lost");
        attempt.finish(RunResult::ended(RunStatus::Lost, error));
        Ok(Some(attempt))
    }

    fn with(spool: Spool, lease: Lease) -> Self {
        let state = State {
            spool,
            started: false,
            progress: None,
            result: None,
            deadline: Instant::now(),
            started_sent: false,
            finish_sent: false,
            finish_acknowledged: false,
            is_running: false,
            is_given_up: false,
            is_refused: false,
            waiting: Waiting::default(),
        };
        Self {
            lease,
            state: Mutex::new(state),
            masker: Masker::new(),
            waits: AtomicU32::new(0),
            has_begun: AtomicBool::new(false),
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the assignment on disk, so that an agent that is killed knows of it. Blocks.
    ///
    /// A loss of power may take it: the run is gone then as well, and an agent that does not name the lease in
    /// its hello says just that.
    pub(crate) fn keep_assignment(&self, assignment: &Assignment) -> Result<()> {
        self.state().spool.begin(assignment)
    }

    /// Keeps how it ended, on disk first. Blocks. It outlives the agent; a loss of power only after
    /// [`Attempt::sync_result`].
    pub(crate) fn finish(&self, result: RunResult) {
        let mut state = self.state();
        if let Err(error) = state.spool.end(&result) {
            tracing::error!(lease = ?self.lease, %error, "the result is not on disk; it is kept in memory");
        }
        state.result = Some(result);
    }

    /// Has the result outlive a loss of power. Blocks. Does nothing once the server has it.
    pub(crate) fn sync_result(&self) -> Result<()> {
        let path = self.state().spool.path().to_owned();
        let synced = disk::sync(&path);
        // It may have been acknowledged, and so removed, meanwhile.
        if self.is_done() { Ok(()) } else { synced }
    }

    /// The lease holds until `deadline`.
    pub(crate) fn renew(&self, deadline: Instant) {
        let mut state = self.state();
        state.deadline = state.deadline.max(deadline);
    }

    /// Waits until the lease was not renewed for so long that its processes must be dead.
    pub(crate) async fn deadline_passed(&self) {
        loop {
            let deadline = self.state().deadline;
            if deadline <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    /// Gives it up: kills the run, and nothing more is told. Whether somebody still works on it, who then
    /// removes it.
    pub(crate) fn give_up(&self) -> bool {
        self.lost.cancel();
        let mut state = self.state();
        state.is_given_up = true;
        state.is_running
    }

    /// Whether its end is known here and not told.
    pub(crate) fn is_to_finish(&self) -> bool {
        let state = self.state();
        state.result.is_some() && !state.finish_sent
    }

    /// Gives it back to the server, since it can't be taken.
    pub(crate) fn refuse(&self) {
        self.state().is_refused = true;
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.state().is_refused
    }

    /// Notes that no task works on it any more. Whether it was given up meanwhile, and is to be removed.
    pub(crate) fn rest(&self) -> bool {
        let mut state = self.state();
        state.is_running = false;
        state.spool.close();
        state.is_given_up
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state().is_given_up
    }

    /// Whether its run may still have processes.
    pub(crate) fn is_alive(&self) -> bool {
        let state = self.state();
        state.is_running && state.result.is_none()
    }

    /// Whether it takes a slot. One that waits for another execution lends its own: otherwise those that wait would
    /// take all the slots, and what they wait for would never get one.
    pub(crate) fn takes_slot(&self) -> bool {
        self.waits.load(Ordering::SeqCst) == 0 && self.is_alive()
    }

    /// Notes that it has one of the agent's slots.
    pub(crate) fn begin(&self) {
        self.has_begun.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::SeqCst)
    }

    /// Begins again after a reconnect.
    pub(crate) fn rewind(&self) {
        let mut state = self.state();
        state.spool.rewind();
        // Once it has ended, the begin may be stale.
        state.started_sent &= state.result.is_some();
        state.finish_sent = false;
        state.waiting = Waiting::default();
    }

    /// Sends again what was not acknowledged since the last call.
    pub(crate) fn repeat(&self) {
        let mut state = self.state();
        let now = Waiting {
            lines: state.spool.is_waiting().then(|| state.spool.acknowledged_seq()),
            finish: state.finish_sent && !state.finish_acknowledged,
        };
        let before = std::mem::replace(&mut state.waiting, now);
        if now.lines.is_some() && now.lines == before.lines {
            state.spool.rewind();
        }
        if now.finish && before.finish {
            state.finish_sent = false;
        }
    }

    /// Whether the server has all of it.
    pub(crate) fn is_done(&self) -> bool {
        let state = self.state();
        state.finish_acknowledged && state.spool.is_acknowledged()
    }

    /// Removes what is on disk. Blocks.
    pub(crate) fn remove(&self) {
        if let Err(error) = self.state().spool.remove() {
            tracing::warn!(%error, "an ended attempt stays on disk");
        }
    }

    /// Adds lines unless the run has ended: then its last line is told already.
    pub(crate) fn append_while_running(&self, lines: impl IntoIterator<Item = LogLine>) -> bool {
        let mut state = self.state();
        let runs = state.started && state.is_running && state.result.is_none() && !state.is_given_up;
        if runs && let Err(error) = state.spool.append(lines) {
            tracing::error!(lease = ?self.lease, %error, "log lines were lost");
        }
        runs
    }

    pub(crate) fn append(&self, lines: impl IntoIterator<Item = LogLine>) {
        if let Err(error) = self.state().spool.append(lines) {
            tracing::error!(lease = ?self.lease, %error, "log lines were lost");
        }
    }
}

/// Attempts by lease; the key is a copy of the attempt's own.
pub(crate) type Attempts = std::collections::HashMap<Lease, Arc<Attempt>>;

/// The name of what belongs to an attempt on disk.
pub(crate) fn name(lease: Lease) -> String {
    format!("{}-{}", lease.execution, lease.epoch)
}

#[cfg(test)]
mod tests {
    use openautomate_core::clock::SystemClock;
    use openautomate_core::id::ExecutionId;
    use serde_json::Map;

    use super::*;

    #[test]
    fn what_stays_unacknowledged_is_sent_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let attempt = Attempt::with(Spool::new(lease, folder.path().join("log")), lease);
        let line = |text: &str| LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text);
        let next = || attempt.state().spool.next_chunk().unwrap().map(|chunk| chunk.first_seq);
        attempt.append([line("one")]);
        assert_eq!(next(), Some(1));
        attempt.append([line("two")]);
        assert_eq!(next(), Some(2));
        attempt.repeat();
        assert_eq!(next(), None, "it was sent just now");
        // An acknowledgement came in between: the server lives.
        attempt.state().spool.acknowledge(1);
        attempt.repeat();
        assert_eq!(next(), None);
        attempt.repeat();
        assert_eq!(next(), Some(2));
        attempt.state().spool.acknowledge(2);
        attempt.finish(RunResult::succeeded(Map::new()));
        attempt.state().finish_sent = true;
        attempt.repeat();
        assert!(attempt.state().finish_sent);
        attempt.repeat();
        assert!(!attempt.state().finish_sent);
        (attempt.state().finish_sent, attempt.state().finish_acknowledged) = (true, true);
        attempt.repeat();
        attempt.repeat();
        assert!(attempt.state().finish_sent && attempt.is_done());
    }

    #[test]
    fn a_result_that_the_server_has_needs_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let attempt = Attempt::with(Spool::new(lease, folder.path().join("log")), lease);
        attempt.finish(RunResult::succeeded(Map::new()));
        assert!(attempt.is_to_finish());
        attempt.sync_result().unwrap();
        std::fs::remove_file(folder.path().join("log")).unwrap();
        assert!(attempt.sync_result().is_err(), "the only copy is gone");
        attempt.state().finish_acknowledged = true;
        attempt.sync_result().unwrap();
    }

    #[test]
    fn an_ended_run_does_not_begin_again() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let attempt = Attempt::with(Spool::new(lease, folder.path().join("log")), lease);
        (attempt.state().started, attempt.state().started_sent) = (true, true);
        attempt.rewind();
        assert!(!attempt.state().started_sent, "the server may not have heard of it");
        attempt.state().started_sent = true;
        attempt.finish(RunResult::succeeded(Map::new()));
        attempt.rewind();
        assert!(attempt.state().started_sent, "the server may have its end");
    }

    #[test]
    fn who_is_last_removes_what_was_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let attempt = || Attempt::with(Spool::new(lease, folder.path().join("log")), lease);
        let rests = attempt();
        assert!(!rests.give_up(), "nobody works on it");
        let runs = attempt();
        runs.state().is_running = true;
        assert!(runs.takes_slot() && runs.give_up() && runs.takes_slot(), "its processes may live");
        assert!(runs.rest() && !runs.takes_slot());
    }
}
