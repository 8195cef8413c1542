//! Watches what a run uses, where the system does not keep the limit by itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::platform::Meter;
use crate::domain::Limits;

/// How often processes and memory are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How often the working folder is measured; a large one takes a while.
const MEASURE: Duration = Duration::from_secs(1);

/// What a run used too much of, and how much it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    Memory(u64),
    Processes(u32),
    Cpu(u64),
    Disk(u64),
}

impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "more memory than its limit of {} MiB", bytes >> 20),
            Self::Processes(count) => write!(f, "more processes than its limit of {count}"),
            Self::Cpu(milliseconds) => write!(f, "more processor time than its limit of {milliseconds} ms"),
            Self::Disk(bytes) => {
                write!(f, "more room in its working folder than its limit of {} KiB", bytes >> 10)
            }
        }
    }
}

/// Ends once the run uses more than it may; never, where nothing has to be watched.
pub(crate) async fn exceeded(meter: Meter, limits: &Limits, work_dir: &Path) -> Excess {
    let disk = limits.disk_bytes;
    if disk.is_none() && !meter.has_work(limits) {
        return std::future::pending().await;
    }
    let mut measured = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let measures = disk.filter(|_| measured.elapsed() >= MEASURE);
        let (meter, limits, folder) = (meter.clone(), limits.clone(), work_dir.to_owned());
        let looked = tokio::task::spawn_blocking(move || {
            let larger = |limit: &u64| is_larger(&folder, *limit);
            meter.look(&limits).or_else(|| measures.filter(larger).map(Excess::Disk))
        });
        if let Ok(Some(excess)) = looked.await {
            return excess;
        }
        if measures.is_some() {
            // A folder that takes long to measure is measured seldom.
            measured = Instant::now();
        }
    }
}

/// Whether the files below a folder hold more than so many bytes. Follows no links.
fn is_larger(folder: &Path, limit: u64) -> bool {
    let mut total = 0_u64;
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            // Folders too deep for a path hide what they hold.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidFilename => return true,
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                folders.push(entry.path());
            }
            // A name takes room too: a million empty files are no small thing.
            total = total.saturating_add(found.len().max(512));
            if total > limit {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/file"), vec![0; 10_000]).unwrap();
        assert!(is_larger(folder.path(), 10_000));
        assert!(!is_larger(folder.path(), 20_000));
        assert!(!is_larger(&folder.path().join("absent"), 1));
    }
}
