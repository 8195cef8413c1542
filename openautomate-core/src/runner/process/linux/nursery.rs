//! The children of one zygote: those that it forked, and those that became its own.
//!
//! What a run leaves behind becomes a child of its zygote, since that is a subreaper (`prctl(2)`): whatever it
//! has done to its session, its environment and its parents. A child that was not forked for the agent and
//! belongs to no run that goes on is a stray, and is ended.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::{MARKER, Mark};
use super::family::{Family, Member, stat};
use super::leaders;

/// A child that looks as one that waits for its run was forked just now, and the agent has yet to hear of it. No
/// answer takes longer.
const UNHEARD: Duration = Duration::from_secs(2);

/// A zygote and its children.
#[derive(Debug)]
pub(in super::super) struct Nursery {
    zygote: i32,
    forked: Mutex<HashSet<i32>>,
    /// Those that look as if they waited, with their starts and when they were first seen.
    unheard: Mutex<HashMap<(i32, u64), Instant>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Nursery {
    /// Of a zygote without children.
    pub(super) fn of(zygote: i32) -> Self {
        Self { zygote, forked: Mutex::default(), unheard: Mutex::default() }
    }

    /// The agent heard of a child that the zygote forked.
    pub(super) fn add(&self, pid: i32) {
        locked(&self.forked).insert(pid);
    }

    /// The number is no child's any more.
    pub(super) fn forget(&self, pid: i32) {
        locked(&self.forked).remove(&pid);
    }

    /// Whether nothing is left of any run of this zygote that has ended. Its list of children tells, much
    /// quicker than all of `/proc`.
    pub(in super::super) fn has_no_orphans(&self) -> bool {
        self.unknown().is_some_and(|unknown| unknown.is_empty())
    }

    /// The living children that were not forked for the agent; `None` if the kernel does not tell.
    fn unknown(&self) -> Option<Vec<Member>> {
        let zygote = self.zygote;
        let children = fs::read_to_string(format!("/proc/{zygote}/task/{zygote}/children")).ok()?;
        let children: Vec<i32> =
            children.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let forked = locked(&self.forked);
        let unknown = children.into_iter().filter(|pid| !forked.contains(pid)).filter_map(stat);
        Some(unknown.filter(|member| !member.is_dead).collect())
    }

    /// Ends the strays; gives how many there were. Blocks.
    pub(in super::super) fn end_strays(&self) -> usize {
        let strays = self.strays();
        for stray in &strays {
            let family = Family::of(stray.pid, &Mark::idle());
            // Its number may have changed hands meanwhile.
            if stat(stray.pid).is_some_and(|now| now.since == stray.since) {
                family.kill_all_blocking();
            }
        }
        strays.len()
    }

    fn strays(&self) -> Vec<Member> {
        let unknown = self.unknown().unwrap_or_default();
        let mut unheard = locked(&self.unheard);
        unheard.retain(|(pid, since), _| unknown.iter().any(|one| (one.pid, one.since) == (*pid, *since)));
        if unknown.is_empty() {
            return Vec::new();
        }
        let marks = leaders::marks();
        let living: HashSet<Vec<u8>> = marks.values().map(entry).collect();
        let is_stray = |member: &Member| {
            let environment = environment(member.pid);
            let mut entries = environment.split(|byte| *byte == 0);
            if marks.contains_key(&member.session) || entries.clone().any(|one| living.contains(one)) {
                return false;
            }
            let waits = member.session == member.pid || member.session == self.session();
            if waits && entries.any(|one| one == entry(&Mark::idle())) {
                let first = unheard.entry((member.pid, member.since)).or_insert_with(Instant::now);
                return first.elapsed() >= UNHEARD;
            }
            true
        };
        unknown.into_iter().filter(is_stray).collect()
    }

    fn session(&self) -> i32 {
        stat(self.zygote).map_or(0, |zygote| zygote.session)
    }

    /// Has the zygote go on if a run has stopped it.
    pub(super) fn wake(&self) {
        if stat(self.zygote).is_some_and(|zygote| zygote.is_stopped) {
            tracing::warn!("a zygote was stopped, and is to go on");
            // If it ended just now nobody has to.
            let _ = kill(Pid::from_raw(self.zygote), Signal::SIGCONT);
        }
    }
}

/// The variables of a process. One that is becoming another program has none for an instant.
fn environment(pid: i32) -> Vec<u8> {
    let read = || fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let found = read();
    if !found.is_empty() {
        return found;
    }
    std::thread::sleep(Duration::from_millis(10));
    read()
}

/// A mark as it stands in an environment.
fn entry(mark: &Mark) -> Vec<u8> {
    format!("{MARKER}={}", mark.as_str()).into_bytes()
}
