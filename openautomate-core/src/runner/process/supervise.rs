//! Watches over one process: until it ends, is asked to stop, and in the end is killed.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::watch::{Excess, exceeded};
use super::{Exit, Process};
use crate::clock::{Clock, SystemClock};
use crate::domain::{IsolationLevel, Limits, RunError, RunReport, RunStatus, StopProof, StopReason};
use crate::runner::Job;

/// Why a run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    TimedOut(Duration),
    Exceeded(Excess),
}

impl Stop {
    pub(crate) fn status(self) -> RunStatus {
        match self {
            Self::Cancelled => RunStatus::Cancelled,
            Self::TimedOut(_) => RunStatus::TimedOut,
            Self::Exceeded(_) => RunStatus::Failed,
        }
    }

    fn reason(self) -> StopReason {
        match self {
            Self::Cancelled => StopReason::Cancelled,
            Self::TimedOut(_) => StopReason::TimedOut,
            Self::Exceeded(_) => StopReason::LimitExceeded,
        }
    }

    pub(crate) fn error(self) -> RunError {
        match self {
            Self::Exceeded(excess) => RunError::new(
                "LimitExceeded",
                format!("the run used {excess}; raise the limit or have it use less"),
            ),
            Self::Cancelled => RunError::new("Cancelled", "the run was cancelled"),
            Self::TimedOut(limit) => RunError::new(
                "Timeout",
                format!(
                    "the run did not end within its time limit of {limit:?}; raise the limit or make it quicker"
                ),
            ),
        }
    }
}

/// When a process has to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'a> {
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) cancel: &'a CancellationToken,
    /// Cancelled when it shall be killed at once.
    pub(crate) abort: &'a CancellationToken,
    pub(crate) limits: &'a Limits,
    pub(crate) work_dir: &'a Path,
    pub(crate) isolation: IsolationLevel,
}

impl<'a> Bounds<'a> {
    /// Those of a job.
    pub(crate) fn of(
        job: &'a Job,
        cancel: &'a CancellationToken,
        abort: &'a CancellationToken,
        isolation: IsolationLevel,
    ) -> Self {
        let (limits, work_dir) = (&job.limits, job.work_dir.as_path());
        Self { timeout: job.timeout, grace: job.grace, cancel, abort, limits, work_dir, isolation }
    }
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) stop: Option<Stop>,
    /// Whether it had to be killed.
    pub(crate) was_killed: bool,
    /// What was seen of it.
    pub(crate) report: RunReport,
}

/// Waits for the end of the process, and then ends what it left behind. `ask` asks it to stop.
pub(crate) async fn supervise(
    process: &mut Process,
    bounds: Bounds<'_>,
    ask: impl Fn(&Process, Stop),
) -> io::Result<Ended> {
    let meter = process.meter();
    let excess = exceeded(meter.clone(), bounds.limits, bounds.work_dir);
    tokio::pin!(excess);
    let (mut exit, mut stop, mut times) = (None, None, None);
    let now = || SystemClock.now();
    tokio::select! {
        biased;
        ended = process.wait() => exit = Some(ended?),
        () = bounds.abort.cancelled() => {}
        excess = &mut excess => stop = Some(Stop::Exceeded(excess)),
        first = first_stop(bounds.timeout, bounds.cancel) => {
            stop = Some(first);
            let requested_at = now();
            ask(process, first);
            times = Some((requested_at, now()));
            tokio::select! {
                biased;
                ended = process.wait() => exit = Some(ended?),
                () = bounds.abort.cancelled() => {}
                _ = &mut excess => {}
                () = tokio::time::sleep(bounds.grace) => {}
            }
        }
    }
    let was_killed = exit.is_none();
    let is_stopped = stop.is_some() || was_killed;
    let (requested_at, delivered_at) = times.unwrap_or_else(|| (now(), now()));
    let tree = process.kill_tree().await;
    let exit = match exit {
        Some(exit) => exit,
        None => process.wait().await?,
    };
    if let (Exit::Signal(signal), None, false) = (exit, stop, was_killed) {
        stop = meter.cause(signal, bounds.limits).map(Stop::Exceeded);
    }
    let proof = StopProof {
        reason: stop.map_or(StopReason::Misbehaved, Stop::reason),
        requested_at,
        delivered_at,
        killed: was_killed,
        empty_at: (tree.survivors == 0).then(now),
        survivors: tree.survivors,
    };
    let left_behind = if was_killed { 0 } else { tree.found };
    let stop_proof = (is_stopped || stop.is_some()).then_some(proof);
    let report = RunReport { isolation: bounds.isolation, stop: stop_proof, left_behind };
    Ok(Ended { exit, stop, was_killed, report })
}

/// Waits for the cancel or the time limit.
pub(crate) async fn first_stop(timeout: Option<Duration>, cancel: &CancellationToken) -> Stop {
    let limit = async {
        match timeout {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                Stop::TimedOut(limit)
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = cancel.cancelled() => Stop::Cancelled,
        stop = limit => stop,
    }
}
