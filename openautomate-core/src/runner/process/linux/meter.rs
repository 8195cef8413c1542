//! What the processes of a run use together, and who keeps their limits.

use std::io;
use std::sync::Arc;

use super::super::watch::Excess;
use super::cgroup::Cgroup;
use super::family::Family;
use super::limit;
use crate::domain::Limits;

/// Looks at the processes of one run.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    family: Family,
    cgroup: Option<Arc<Cgroup>>,
}

impl Meter {
    /// Of a run without limits.
    pub(crate) fn new(family: Family) -> Self {
        Self { family, cgroup: None }
    }

    /// Of a run whose limits begin to hold now.
    pub(crate) fn limited(family: Family, pid: i32, name: &str, limits: &Limits) -> io::Result<Self> {
        limit::limit(pid, limits)?;
        Ok(Self { family, cgroup: Cgroup::of(pid, &format!("openautomate-{name}"), limits).map(Arc::new) })
    }

    fn watches_memory(&self, limits: &Limits) -> Option<u64> {
        let is_kept = self.cgroup.as_ref().is_some_and(|group| group.bounds_memory());
        limits.memory_bytes.filter(|_| !is_kept)
    }

    fn watches_processes(&self, limits: &Limits) -> Option<u32> {
        let is_kept = self.cgroup.as_ref().is_some_and(|group| group.bounds_processes());
        limits.processes.filter(|_| !is_kept)
    }

    /// Whether there is anything to look at.
    pub(crate) fn has_work(&self, limits: &Limits) -> bool {
        self.watches_memory(limits).is_some() || self.watches_processes(limits).is_some()
    }

    /// What there is too much of. Blocks for a moment.
    pub(crate) fn look(&self, limits: &Limits) -> Option<Excess> {
        if !self.has_work(limits) {
            return None;
        }
        let members = self.family.members();
        if let Some(most) = self.watches_processes(limits)
            && members.len() > usize::try_from(most).unwrap_or(usize::MAX)
        {
            return Some(Excess::Processes(most));
        }
        let most = self.watches_memory(limits)?;
        let used: u64 = members.into_iter().filter_map(super::memory).sum();
        (used > most).then_some(Excess::Memory(most))
    }

    /// What killed a process that the kernel killed.
    pub(crate) fn cause(&self, signal: i32, limits: &Limits) -> Option<Excess> {
        const SIGXCPU: i32 = nix::libc::SIGXCPU;
        match signal {
            SIGXCPU => limits.cpu_ms.map(Excess::Cpu),
            _ if self.cgroup.as_ref().is_some_and(|group| group.ran_out_of_memory()) => {
                limits.memory_bytes.map(Excess::Memory)
            }
            _ => None,
        }
    }
}
