//! Processes of runs: started in a session of their own, and ended with all that they started.
//!
//! Everything that differs between systems is in `unix.rs` and `windows.rs`, under the same names.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::domain::Lease;

#[cfg(target_os = "linux")]
mod linux;
pub(crate) mod supervise;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as platform;
#[cfg(windows)]
use self::windows as platform;

#[cfg(feature = "python")]
pub(crate) use platform::{MainThread, end_own_group, open_channel};
pub(crate) use platform::{Process, Sink, Source, launch};

/// The environment variable that marks the processes of a run, so that none escapes by leaving its session.
pub const MARKER: &str = "OPENAUTOMATE_LEASE";

/// The value of [`MARKER`] in the processes of a lease.
#[must_use]
pub fn marker(lease: Lease) -> String {
    format!("{}-{}", lease.execution, lease.epoch)
}

/// Kills what is left of a run that another, dead agent process started; waits until nothing is.
///
/// Gives the number of processes that were found. Only Linux lets a process look for marks: elsewhere it
/// finds nothing (on Windows nothing outlives its agent).
pub async fn kill_marked(lease: Lease) -> usize {
    platform::kill_marked(marker(lease)).await
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// The whole environment; nothing is inherited.
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) dir: PathBuf,
    pub(crate) lease: Lease,
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

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
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
