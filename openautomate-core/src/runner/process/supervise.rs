//! Watches over one process: until it ends, is asked to stop, and in the end is killed.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Exit, Process};
use crate::domain::{RunError, RunStatus};

/// Why a run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    TimedOut(Duration),
}

impl Stop {
    pub(crate) fn status(self) -> RunStatus {
        match self {
            Self::Cancelled => RunStatus::Cancelled,
            Self::TimedOut(_) => RunStatus::TimedOut,
        }
    }

    pub(crate) fn error(self) -> RunError {
        match self {
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
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) stop: Option<Stop>,
    /// Whether it had to be killed.
    pub(crate) was_killed: bool,
}

/// Waits for the end of the process, and then ends what it left behind. `ask` asks it to stop.
pub(crate) async fn supervise(
    process: &mut Process,
    bounds: Bounds<'_>,
    ask: impl Fn(&Process, Stop),
) -> io::Result<Ended> {
    let mut ended = Ended { exit: Exit::Code(0), stop: None, was_killed: false };
    let mut has_exited = true;
    tokio::select! {
        biased;
        exit = process.wait() => ended.exit = exit?,
        () = bounds.abort.cancelled() => has_exited = false,
        stop = first_stop(bounds) => {
            ended.stop = Some(stop);
            ask(process, stop);
            tokio::select! {
                biased;
                exit = process.wait() => ended.exit = exit?,
                () = bounds.abort.cancelled() => has_exited = false,
                () = tokio::time::sleep(bounds.grace) => has_exited = false,
            }
        }
    }
    ended.was_killed = !has_exited;
    process.kill_tree().await;
    if ended.was_killed {
        ended.exit = process.wait().await?;
    }
    Ok(ended)
}

/// Waits for the cancel or the time limit.
pub(crate) async fn first_stop(bounds: Bounds<'_>) -> Stop {
    let limit = async {
        match bounds.timeout {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                Stop::TimedOut(limit)
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = bounds.cancel.cancelled() => Stop::Cancelled,
        stop = limit => stop,
    }
}
