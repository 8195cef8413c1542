//! What an operator says of environments.

use std::path::PathBuf;
use std::time::Duration;

use openautomate_core::secret::Secret;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const GIB: u64 = 1024 * 1024 * 1024;

/// What an operator says of environments.
#[derive(Clone, Debug)]
pub struct EnvironmentSettings {
    /// Runs what needs no environment, and is the first choice for those that are made.
    pub(super) python: PathBuf,
    pub(super) python_version: String,
    pub(crate) folder: Option<PathBuf>,
    pub(super) uv: Option<PathBuf>,
    pub(super) index_url: Option<Secret<String>>,
    pub(super) extra_index_urls: Vec<Secret<String>>,
    pub(super) wheels: Option<PathBuf>,
    pub(super) require_hashes: bool,
    pub(super) unused_for: Duration,
    pub(super) most_count: usize,
    pub(super) most_bytes: u64,
    pub(super) build_timeout: Duration,
    pub(super) failure_memory: Duration,
}

impl EnvironmentSettings {
    /// Environments for an agent whose own interpreter is this, of this version, as in `3.12.1`.
    #[must_use]
    pub fn new(python: impl Into<PathBuf>, python_version: impl Into<String>) -> Self {
        Self {
            python: python.into(),
            python_version: python_version.into(),
            folder: None,
            uv: None,
            index_url: None,
            extra_index_urls: Vec::new(),
            wheels: None,
            require_hashes: false,
            unused_for: 14 * DAY,
            most_count: 100,
            most_bytes: 20 * GIB,
            build_timeout: Duration::from_secs(15 * 60),
            failure_memory: Duration::from_secs(20),
        }
    }

    /// Keeps them in this folder, which no other program may use meanwhile; by default in the agent's own.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Makes them with this program. Without one, a package that needs an environment fails and says so.
    #[must_use]
    pub fn uv(mut self, program: Option<PathBuf>) -> Self {
        self.uv = program;
        self
    }

    /// Takes distributions from this index and not from pypi.org. The URL may hold a user and a password.
    #[must_use]
    pub fn index_url(mut self, url: Option<Secret<String>>) -> Self {
        self.index_url = url;
        self
    }

    /// Asks these indexes first; a distribution is taken from the first index that has it.
    #[must_use]
    pub fn extra_index_urls(mut self, urls: Vec<Secret<String>>) -> Self {
        self.extra_index_urls = urls;
        self
    }

    /// Takes distributions from this folder only, and nothing from the network.
    #[must_use]
    pub fn wheels(mut self, folder: Option<PathBuf>) -> Self {
        self.wheels = folder;
        self
    }

    /// Installs only what a package pins by version and hash; by default hashes are checked where they are
    /// given.
    #[must_use]
    pub fn require_hashes(mut self, require: bool) -> Self {
        self.require_hashes = require;
        self
    }

    /// Removes an environment that was not used for so long; by default 14 days.
    #[must_use]
    pub fn unused_for(mut self, time: Duration) -> Self {
        self.unused_for = time;
        self
    }

    /// Keeps no more than this many environments, and no more than this many bytes of them; by default 100
    /// and 20 GiB. Those in use stay in any case.
    #[must_use]
    pub fn at_most(mut self, count: usize, bytes: u64) -> Self {
        (self.most_count, self.most_bytes) = (count, bytes);
        self
    }

    /// Gives the making of one this long; by default 15 minutes.
    #[must_use]
    pub fn build_timeout(mut self, time: Duration) -> Self {
        self.build_timeout = time;
        self
    }

    /// Tries what failed again after this long at the earliest; by default 20 seconds.
    #[must_use]
    pub fn failure_memory(mut self, time: Duration) -> Self {
        self.failure_memory = time;
        self
    }
}
