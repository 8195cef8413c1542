//! Control groups: limits of memory and number for the whole tree of a run, which the kernel keeps.
//!
//! Version 2 needs a delegated group: under systemd `Delegate=yes` with `DelegateSubgroup=agent`, so that the
//! groups of runs stand beside the agent's own (the kernel allows no processes in a group that has groups with
//! limits; `cgroups(7)`). Version 1 needs the right to make groups below the agent's own. Without either the
//! watch keeps the limits, with a moment's delay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::domain::Limits;

const ROOT: &str = "/sys/fs/cgroup";

/// What the names of groups begin with.
const PREFIX: &str = "openautomate-";
/// How old an empty group is that nobody has.
const FRESH: Duration = Duration::from_secs(60);

/// A run that has no limit of its own can't fork more than this together with the others of its zygote.
const MAX_SHARED: u32 = 4096;

/// Where groups can be made.
#[derive(Debug)]
enum Place {
    Two(PathBuf),
    One { memory: Option<PathBuf>, pids: Option<PathBuf> },
}

/// The groups of one run; removed with it.
#[derive(Debug)]
pub(super) struct Cgroup {
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    is_two: bool,
}

impl Cgroup {
    /// Makes a group for a process and puts it there; `None` where that can't be.
    pub(super) fn of(pid: i32, name: &str, limits: &Limits) -> Option<Self> {
        static PLACE: OnceLock<Option<Place>> = OnceLock::new();
        if limits.memory_bytes.is_none() && limits.processes.is_none() {
            return None;
        }
        let place = PLACE.get_or_init(find).as_ref()?;
        let made = match place {
            Place::Two(base) => {
                let folder = base.join(name);
                Self { memory: Some(folder.clone()), pids: Some(folder), is_two: true }
            }
            Place::One { memory, pids } => Self {
                memory: memory.as_ref().filter(|_| limits.memory_bytes.is_some()).map(|base| base.join(name)),
                pids: pids.as_ref().filter(|_| limits.processes.is_some()).map(|base| base.join(name)),
                is_two: false,
            },
        };
        match made.fill(pid, limits) {
            Ok(()) => Some(made),
            Err(error) => {
                tracing::debug!(%error, "no control group for a run");
                None
            }
        }
    }

    /// A group for a zygote and all that it forks, so that a run without a limit of its own can't fill the
    /// machine. Children are born in it, which is free; moving a process takes the kernel ten milliseconds.
    pub(super) fn shared(zygote: i32) -> Option<Self> {
        let limits = Limits { processes: Some(MAX_SHARED), ..Limits::default() };
        Self::of(zygote, &format!("openautomate-zygote-{zygote}"), &limits)
    }

    fn fill(&self, pid: i32, limits: &Limits) -> io::Result<()> {
        for folder in self.folders() {
            fs::create_dir_all(folder)?;
        }
        if let (Some(folder), Some(bytes)) = (&self.memory, limits.memory_bytes) {
            let file = if self.is_two { "memory.max" } else { "memory.limit_in_bytes" };
            fs::write(folder.join(file), bytes.to_string())?;
            if self.is_two {
                // Swap would let it grow on; not every kernel has the file.
                let _ = fs::write(folder.join("memory.swap.max"), "0");
            }
        }
        if let (Some(folder), Some(count)) = (&self.pids, limits.processes) {
            fs::write(folder.join("pids.max"), count.to_string())?;
        }
        for folder in self.folders() {
            fs::write(folder.join("cgroup.procs"), pid.to_string())?;
        }
        Ok(())
    }

    fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        let second = self.pids.as_ref().filter(|pids| Some(*pids) != self.memory.as_ref());
        self.memory.iter().chain(second)
    }

    /// Whether the kernel keeps the limit of memory.
    pub(super) fn bounds_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Whether the kernel keeps the number of processes.
    pub(super) fn bounds_processes(&self) -> bool {
        self.pids.is_some()
    }

    /// Whether a process was killed since there was no memory left.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        let file = if self.is_two { "memory.events" } else { "memory.oom_control" };
        let text = self.memory.as_ref().and_then(|folder| fs::read_to_string(folder.join(file)).ok());
        text.is_some_and(|text| {
            let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
            count.is_some_and(|count| count.trim() != "0")
        })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in self.folders() {
            // Refused while a process is in it; what stays is swept by the next agent.
            let _ = fs::remove_dir(folder);
        }
    }
}

fn find() -> Option<Place> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path_of = |controller: &str| {
        own.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, names, path) = (fields.next()?, fields.next()?, fields.next()?);
            names.split(',').any(|name| name == controller).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    if Path::new(ROOT).join("cgroup.controllers").is_file() {
        let base = Path::new(ROOT).join(path_of("")?);
        let parent = base.parent().filter(|parent| parent.starts_with(ROOT))?.to_owned();
        let has = |folder: &Path| {
            let text = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
            ["memory", "pids"].iter().all(|name| text.split_whitespace().any(|word| word == *name))
        };
        if !has(&parent) {
            fs::write(parent.join("cgroup.subtree_control"), "+memory +pids").ok()?;
        }
        return can_make(&parent).then_some(Place::Two(parent));
    }
    let one = |controller: &str| {
        let base = Path::new(ROOT).join(controller).join(path_of(controller)?);
        can_make(&base).then_some(base)
    };
    let (memory, pids) = (one("memory"), one("pids"));
    (memory.is_some() || pids.is_some()).then_some(Place::One { memory, pids })
}

/// Removes groups that nobody has any more: their agent was killed. The kernel keeps those with processes.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        // Another agent may have made one just now, and not filled it yet.
        let is_old = entry
            .metadata()
            .and_then(|found| found.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > FRESH));
        if is_old && entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn can_make(base: &Path) -> bool {
    let probe = base.join(format!("{PREFIX}probe-{}", std::process::id()));
    let made = fs::create_dir(&probe).is_ok();
    // Empty, so it goes.
    let _ = fs::remove_dir(&probe);
    if made {
        sweep(base);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_swept_and_the_rest_stays() {
        let base = tempfile::tempdir().unwrap();
        let folder = |name: &str, is_old: bool| {
            let path = base.path().join(name);
            fs::create_dir(&path).unwrap();
            if is_old {
                let file = fs::File::open(&path).unwrap();
                file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
            }
            path
        };
        let (old, fresh) = (folder("openautomate-zygote-1", true), folder("openautomate-zygote-2", false));
        let foreign = folder("system.slice", true);
        sweep(base.path());
        assert!(!old.exists() && fresh.exists() && foreign.exists());
    }
}
