//! The factory: finds the runner that a package version's runtime names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::runner::Runner;

/// Runners by runtime. Embedders register their own.
#[derive(Clone, Debug, Default)]
pub struct RunnerRegistry {
    runners: HashMap<String, Arc<dyn Runner>>,
}

impl RunnerRegistry {
    /// A registry without runners.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a runner under its own runtime; a runner that was there is replaced.
    #[must_use]
    pub fn with(mut self, runner: Arc<dyn Runner>) -> Self {
        self.runners.insert(runner.runtime().to_owned(), runner);
        self
    }

    /// The runner of a runtime.
    ///
    /// # Errors
    /// `Unsupported` if no runner has that runtime.
    pub fn get(&self, runtime: &str) -> Result<Arc<dyn Runner>> {
        self.runners.get(runtime).cloned().ok_or_else(|| {
            Error::new(
                crate::error::ErrorKind::Unsupported,
                "runner.unknown",
                format!("this agent has no runner for the runtime {runtime:?}; install or register one"),
            )
        })
    }
}
