//! Finds the processes of a run by `/proc`: descendants, members of its session, and bearers of its mark.
//!
//! A process escapes only if it left the session, outlived its parents and started a program with an
//! environment that lacks the mark, all of it; runs of strangers need a container around the agent.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::{MARKER, Mark};

/// A fork bomb needs many rounds; anything else needs two.
const ROUNDS: u32 = 300;

/// What became of the processes of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Killed {
    /// How many there were.
    pub(crate) found: usize,
    /// How many could not be killed.
    pub(crate) survivors: usize,
}

/// Who belongs to a run.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    leader: Option<i32>,
    /// The start of the leader in the kernel's ticks: what is older can't descend from it.
    since: u64,
    /// `None` while it waits for its run: it has started nothing, and those that wait have one mark.
    mark: Option<Vec<u8>>,
}

/// A process as `/proc` shows it.
pub(super) struct Member {
    pub(super) pid: i32,
    pub(super) is_dead: bool,
    pub(super) parent: i32,
    pub(super) session: i32,
    /// Stopped by a signal, or by one that traces it.
    pub(super) is_stopped: bool,
    /// Its start in the kernel's ticks.
    pub(super) since: u64,
}

impl Family {
    pub(in super::super) fn of(leader: i32, mark: &Mark) -> Self {
        let since = stat(leader).map_or(0, |member| member.since);
        let mut family = Self { leader: Some(leader), since, mark: None };
        family.bind(mark);
        family
    }

    pub(in super::super) fn marked(mark: &Mark) -> Self {
        let mut family = Self { leader: None, since: 0, mark: None };
        family.bind(mark);
        family
    }

    /// From now on the bearers of this mark belong to it.
    pub(in super::super) fn bind(&mut self, mark: &Mark) {
        self.mark = (!mark.is_idle()).then(|| format!("{MARKER}={}", mark.as_str()).into_bytes());
    }

    /// Kills every member; gives how many there were.
    pub(in super::super) fn kill_once(&self) -> usize {
        self.kill_round(&mut HashMap::new())
    }

    /// Kills every member, and waits for those of earlier rounds: one that is on its way out has lost its
    /// environment, and with it its mark, before it is dead. `killed` holds them with their starts.
    fn kill_round(&self, killed: &mut HashMap<i32, u64>) -> usize {
        killed.retain(|pid, since| stat(*pid).is_some_and(|now| !now.is_dead && now.since == *since));
        for pid in self.members() {
            // It may have ended meanwhile.
            if let Some(member) = stat(pid).filter(|member| !member.is_dead) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                killed.insert(pid, member.since);
            }
        }
        killed.len()
    }

    /// Kills until no member is left.
    pub(in super::super) async fn kill_all(self) -> Killed {
        let mut first = None;
        let mut survivors = 0;
        let mut killed = HashMap::new();
        for round in 0..ROUNDS {
            let family = self.clone();
            let round_done = tokio::task::spawn_blocking(move || {
                let found = family.kill_round(&mut killed);
                (found, killed)
            });
            let found;
            (found, killed) = round_done.await.unwrap_or_default();
            let found_first = *first.get_or_insert(found);
            if found == 0 {
                return Killed { found: found_first, survivors: 0 };
            }
            survivors = found;
            tokio::time::sleep(Duration::from_millis(u64::from(round.min(10)))).await;
        }
        tracing::error!(leader = self.leader, "processes of a run can't be killed");
        Killed { found: first.unwrap_or(0), survivors }
    }

    /// The same for a thread that may sleep.
    pub(in super::super) fn kill_all_blocking(&self) {
        let mut killed = HashMap::new();
        for round in 0..ROUNDS {
            if self.kill_round(&mut killed) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(u64::from(round.min(10))));
        }
    }

    pub(super) fn members(&self) -> Vec<i32> {
        let own = std::process::id();
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let mut others: Vec<Member> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| u32::try_from(*pid) != Ok(own))
            .filter_map(stat)
            .filter(|member| member.since >= self.since)
            .collect();
        let mut family: HashSet<i32> = self.leader.into_iter().collect();
        let mut members = Vec::new();
        loop {
            let before = others.len();
            others.retain(|member| {
                let belongs = family.contains(&member.pid)
                    || family.contains(&member.parent)
                    || Some(member.session) == self.leader
                    || (!member.is_dead && self.bears_mark(member.pid));
                if belongs {
                    family.insert(member.pid);
                    if !member.is_dead {
                        members.push(member.pid);
                    }
                }
                !belongs
            });
            if others.len() == before {
                return members;
            }
        }
    }

    fn bears_mark(&self, pid: i32) -> bool {
        let Some(mark) = &self.mark else { return false };
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark))
    }
}

pub(super) fn stat(pid: i32) -> Option<Member> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, a parenthesis too.
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(text.get(end + 1..)?);
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Member {
        pid,
        is_dead: matches!(*fields.first()?, "Z" | "X" | "x"),
        is_stopped: matches!(*fields.first()?, "T" | "t"),
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        since: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Lease;
    use crate::id::ExecutionId;

    #[test]
    fn a_process_is_read() {
        let own = i32::try_from(std::process::id()).unwrap();
        let member = stat(own).unwrap();
        assert!(!member.is_dead && member.since > 0);
        assert_eq!(member.parent, i32::try_from(std::os::unix::process::parent_id()).unwrap());
    }

    #[test]
    fn nobody_bears_an_unused_mark() {
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        assert_eq!(Family::marked(&Mark::of(lease)).members(), Vec::<i32>::new());
        assert_eq!(Family::marked(&Mark::idle()).members(), Vec::<i32>::new());
    }
}
