//! Processes of runs: started in a session of their own, and ended with all that they started.
//!
//! Everything that differs between systems is in `unix.rs` and `windows.rs`, under the same names.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::domain::Lease;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
mod program;
pub(crate) mod supervise;
#[cfg(unix)]
mod unix;
pub(crate) mod watch;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as platform;
#[cfg(windows)]
use self::windows as platform;

#[cfg(feature = "python")]
pub(crate) use platform::{Libraries, MainThread, beside, end_own_group, leave, open_channel, remark};
pub(crate) use platform::{Process, Sink, Source, launch};
#[cfg(all(feature = "python", target_os = "linux"))]
pub(crate) use platform::{become_run, become_zygote, fill_holes};
pub use program::{Program, ProgramEnd};

/// The environment variable that marks the processes of a run or of a [`Program`], so that none escapes by
/// leaving its session.
pub const MARKER: &str = "OPENAUTOMATE_LEASE";

/// The value of [`MARKER`]: which run a process belongs to. Those of runs are equally long, so that one can be
/// written over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// Of the processes of a lease.
    #[must_use]
    pub fn of(lease: Lease) -> Self {
        Self(format!("{}-{:020}", lease.execution, lease.epoch))
    }

    /// Of a process that waits for its run.
    pub(crate) fn idle() -> Self {
        Self(format!("{:-<57}", "idle"))
    }

    /// Of the processes of a program that serves the agent itself.
    #[must_use]
    pub fn program(name: &str) -> Self {
        Self(format!("program-{name}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_idle(&self) -> bool {
        self.0.starts_with("idle")
    }
}

/// Kills what is left of a run that another, dead agent process started; waits until nothing is.
///
/// Gives the number of processes that were found. Only Linux lets a process look for marks: elsewhere it
/// finds nothing (on Windows nothing outlives its agent).
pub async fn kill_marked(lease: Lease) -> usize {
    platform::kill_marked(&Mark::of(lease)).await
}

/// Whether this system can tell which run a connection comes from: [`mark_of_client`].
pub const KNOWS_CLIENTS: bool = cfg!(target_os = "linux");

/// The mark of the run of this agent whose processes hold the client's end of a connection to an address of this
/// machine. The kernel is asked, so no process can pass for one of another run.
///
/// `None` for strangers, for a connection that two runs share, and on systems other than Linux.
pub async fn mark_of_client(client: SocketAddr, server: SocketAddr) -> Option<Mark> {
    #[cfg(target_os = "linux")]
    return tokio::task::spawn_blocking(move || linux::mark_of(client, server)).await.ok().flatten();
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (client, server);
        None
    }
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// The whole environment; nothing is inherited.
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) dir: PathBuf,
    pub(crate) mark: Mark,
    /// Whether it gets a control channel; the channel's name is then its last argument.
    pub(crate) has_channel: bool,
}

/// A started process and its ends.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) process: Process,
    pub(crate) stdout: Source,
    pub(crate) stderr: Source,
    pub(crate) channel: Option<(Source, Sink)>,
}

/// What became of the processes of a run at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TreeEnd {
    /// How many were left when the process itself had ended, or had to be killed with it.
    pub(crate) found: u32,
    /// How many could not be killed.
    pub(crate) survivors: u32,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal; not on Windows.
    Signal(i32),
}

impl Exit {
    /// The exit code, where there is one.
    pub(crate) fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited with the code {code}"),
            Self::Signal(number) => write!(f, "was killed by {}", platform::signal_name(*number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ExecutionId;

    #[test]
    fn marks_are_equally_long() {
        let mark = |epoch| Mark::of(Lease { execution: ExecutionId::new(), epoch });
        assert_eq!(mark(1).as_str().len(), Mark::idle().as_str().len());
        assert_eq!(mark(u32::MAX).as_str().len(), Mark::idle().as_str().len());
        assert!(Mark::idle().is_idle() && !mark(1).is_idle());
    }
}
