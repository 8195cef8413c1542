//! Makes signed checkpoints of the audit's chain, and writes them to where the operator keeps them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::AuditCheckpoint;
use crate::error::{Error, Result};
use crate::orchestrator::Orchestrator;

/// A checkpoint is due after so many entries.
const ENTRIES: u64 = 1_000;
/// A checkpoint is due after so long, if there is a new entry.
const AGE: Duration = Duration::from_secs(3_600);
const PAGE: u32 = 1_000;

/// Makes checkpoints of one orchestrator's chain.
#[derive(Debug)]
pub struct AuditCheckpointer {
    orchestrator: Orchestrator,
    started_at: Timestamp,
    /// The number of the last checkpoint that is where the operator keeps them; none is known before the first look.
    written: Option<u64>,
}

impl AuditCheckpointer {
    /// A maker of checkpoints.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let started_at = orchestrator.clock().now();
        Self { orchestrator, started_at, written: None }
    }

    /// Makes a checkpoint if one is due, or at once if `now` says so and there is a new entry. Then writes those that are
    /// not yet where the operator keeps them, other servers' too. Says whether one was made.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer; `Internal` with `audit.checkpoint_file` if they can't be written.
    pub async fn checkpoint(&mut self, now: bool) -> Result<bool> {
        let store = self.orchestrator.store();
        let head = store.audit_head().await?;
        let last = store.last_checkpoint().await?;
        let before = last.as_ref().map_or(0, |last| last.sequence);
        let since = last.as_ref().map_or(self.started_at, |last| last.made_at);
        let at = self.orchestrator.clock().now();
        let is_old = (at - since).to_std().is_ok_and(|age| age >= AGE);
        let entries = head.sequence.saturating_sub(before);
        let is_due = entries >= ENTRIES || (entries > 0 && (is_old || now));
        if is_due {
            let checkpoint = AuditCheckpoint::sign(head, at, self.orchestrator.signer());
            store.add_checkpoint(&checkpoint).await?;
        }
        if is_due || self.written.is_none() {
            self.write().await?;
        }
        Ok(is_due)
    }

    async fn write(&mut self) -> Result<()> {
        let Some(place) = self.orchestrator.settings().audit_checkpoints.clone() else { return Ok(()) };
        let failed = {
            let place = place.clone();
            move |error: io::Error| {
                let message = format!("checkpoints of the audit can't be written to {}", place.display());
                Error::internal("audit.checkpoint_file", message).with_source(error)
            }
        };
        let mut after = match self.written {
            Some(written) => written,
            None => last_written(&place).map_err(&failed)?,
        };
        loop {
            let page = self.orchestrator.store().checkpoints(after, PAGE).await?;
            let Some(last) = page.last().map(|last| last.sequence) else { break };
            keep(&place, &page).map_err(&failed)?;
            after = last;
        }
        self.written = Some(after);
        Ok(())
    }
}

/// The number of the last checkpoint in a file or a folder; 0 if there is none.
fn last_written(place: &Path) -> io::Result<u64> {
    if place.is_dir() {
        let mut last = 0;
        for entry in fs::read_dir(place)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        return Ok(last);
    }
    match fs::read_to_string(place) {
        // A line that a crash cut short is written again.
        Ok(text) => {
            let lines = text.lines().filter_map(|line| serde_json::from_str::<AuditCheckpoint>(line).ok());
            Ok(lines.map(|checkpoint| checkpoint.sequence).max().unwrap_or(0))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Adds checkpoints to a file, a line each, or to a folder, a file each. Nothing that is there is changed.
fn keep(place: &Path, checkpoints: &[AuditCheckpoint]) -> io::Result<()> {
    if place.is_dir() {
        for checkpoint in checkpoints {
            let path: PathBuf = place.join(format!("{:020}.json", checkpoint.sequence));
            match File::create_new(path) {
                Ok(mut file) => {
                    serde_json::to_writer(&mut file, checkpoint)?;
                    file.write_all(b"\n")?;
                    file.sync_all()?;
                }
                // Another server that writes there was first.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(());
    }
    let mut lines = Vec::new();
    for checkpoint in checkpoints {
        serde_json::to_writer(&mut lines, checkpoint)?;
        lines.push(b'\n');
    }
    let mut file = OpenOptions::new().create(true).append(true).open(place)?;
    file.write_all(&lines)?;
    file.sync_all()
}

/// Reads what [`AuditCheckpointer`] wrote to a file or a folder, in order.
///
/// # Errors
/// `Invalid` with `audit.checkpoints` if it is no checkpoint; `Internal` with `audit.checkpoint_file` if it can't be read.
pub fn read_checkpoints(place: &Path) -> Result<Vec<AuditCheckpoint>> {
    let failed = |error: io::Error| {
        let message = format!("checkpoints can't be read from {}", place.display());
        Error::internal("audit.checkpoint_file", message).with_source(error)
    };
    let mut checkpoints = Vec::new();
    if place.is_dir() {
        for entry in fs::read_dir(place).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                checkpoints.extend(AuditCheckpoint::read_lines(&fs::read_to_string(&path).map_err(failed)?)?);
            }
        }
    } else {
        checkpoints = AuditCheckpoint::read_lines(&fs::read_to_string(place).map_err(failed)?)?;
    }
    checkpoints.sort_unstable_by_key(|checkpoint| checkpoint.sequence);
    Ok(checkpoints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use crate::domain::AuditHead;
    use crate::package::signature::PackageSigner;

    #[test]
    fn checkpoints_are_kept_in_a_file_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let signer = PackageSigner::generate().unwrap();
        let made = [3, 20].map(|sequence| {
            AuditCheckpoint::sign(AuditHead { sequence, hash: [1; 32] }, SystemClock.now(), &signer)
        });
        for place in [folder.path().join("checkpoints.jsonl"), folder.path().join("folder")] {
            if place.ends_with("folder") {
                fs::create_dir(&place).unwrap();
            }
            assert_eq!(last_written(&place).unwrap(), 0);
            keep(&place, &made[..1]).unwrap();
            assert_eq!(last_written(&place).unwrap(), 3);
            keep(&place, &made[1..]).unwrap();
            assert_eq!(last_written(&place).unwrap(), 20);
            assert_eq!(read_checkpoints(&place).unwrap(), made);
        }
    }
}
