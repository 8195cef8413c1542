//! The processes at the head of the runs of this agent, by what the kernel calls them.
//!
//! A process can claim to belong to another run: its environment is its own to change. Who its ancestors are
//! and which session it is in, it can't.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::super::Mark;

fn all() -> MutexGuard<'static, HashMap<i32, Mark>> {
    static ALL: OnceLock<Mutex<HashMap<i32, Mark>>> = OnceLock::new();
    ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process is the leader of a run for as long as this lives: no longer than its number is its own.
#[derive(Debug)]
pub(in super::super) struct Leader(i32);

impl Leader {
    /// `None` for a process that waits for its run.
    pub(in super::super) fn of(pid: i32, mark: &Mark) -> Option<Self> {
        (!mark.is_idle()).then(|| {
            all().insert(pid, mark.clone());
            Self(pid)
        })
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        all().remove(&self.0);
    }
}

/// The marks of the runs by their leaders, at this moment.
pub(super) fn marks() -> HashMap<i32, Mark> {
    all().clone()
}
