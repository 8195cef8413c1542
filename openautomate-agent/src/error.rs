//! What can go wrong in an agent by itself.

use std::path::{Path, PathBuf};

/// The result of a fallible call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error("{} can't be {doing}: {source}", path.display())]
    Io {
        /// What was tried, as in `written`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another agent uses the folder.
    #[error("another agent uses {}; stop it or choose another --data-dir", .0.display())]
    InUse(PathBuf),
    /// The loopback API can't be had.
    #[error("the loopback API can't be served on port {port}: {source}; choose another port or leave it off")]
    Loopback {
        /// On which port.
        port: u16,
        /// Why not.
        source: std::io::Error,
    },
    /// The program ends before the work was begun.
    #[error("the agent is ending")]
    Ending,
    /// There is no identity.
    #[error("{} holds no agent; enrol one first: openautomate-agent enrol", .0.display())]
    NotEnrolled(PathBuf),
    /// There is one already.
    #[error("{} holds an agent already; choose another --data-dir or remove it", .0.display())]
    Enrolled(PathBuf),
    /// A file is not what it should be.
    #[error("{} can't be understood: {why}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The server's address is no good.
    #[error("{0}")]
    Address(String),
    /// The package is none that could be published.
    #[error("the package can't be run: {0}")]
    Package(#[source] openautomate_core::Error),
    /// The inputs are none that an execution may have.
    #[error("the inputs can't be used: {0}")]
    Inputs(#[source] openautomate_core::Error),
    /// The server refused.
    #[error("the server refused: {0}")]
    Refused(#[from] openautomate_core::Error),
}

impl Error {
    /// Makes an I/O error; for `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
