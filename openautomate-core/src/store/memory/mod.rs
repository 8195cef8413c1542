//! The reference store: plain maps behind one lock. It is the model that other adapters are compared with,
//! and it serves tests and benches.
//!
//! **Invariant:** it keeps nothing on a disk. What is durable here lasts as long as the last clone.

mod access;
mod agent;
mod agent_release;
mod approval;
mod audit;
mod bucket;
mod child;
mod commit;
mod file;
mod lease;
mod log;
mod log_archive;
mod login;
mod peer;
mod read;
mod row;
mod schedule;
mod sign_in;
mod state;
mod trigger;
mod vault;
mod work_queue;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use state::State;

/// A store in memory. Clones share their data, as two servers share a database.
///
/// Every operation takes the lock once and never waits while it holds it, so all of them are cancel safe.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryStore")
            .field("executions", &state.executions.len())
            .field("audit_entries", &state.audit.len())
            .finish_non_exhaustive()
    }
}
