//! What an agent that was killed left behind: it is reported, so that nothing stays "running" for ever.

use std::path::Path;

use openautomate_core::clock::Clock;

use crate::attempt::Attempt;
use crate::disk;
use crate::error::{Error, Result};

/// The attempts in a folder. Their runs have ended: with a result that was not acknowledged, or with the
/// agent. What holds no whole assignment never began and is removed; the server gives it to somebody again.
///
/// # Errors
/// [`Error::Io`] if the folder can't be read. What can't be taken up by itself is left, and the log says so.
pub(crate) fn leftovers(folder: &Path, clock: &dyn Clock) -> Result<Vec<Attempt>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let adopted = match Attempt::adopt(path.clone(), clock) {
            Err(_) if path.is_dir() => disk::remove(&path).map(|()| None),
            Ok(None) => disk::remove(&path).map(|()| None),
            adopted => adopted,
        };
        match adopted {
            Ok(attempt) => found.extend(attempt),
            Err(error) => {
                tracing::error!(folder = %path.display(), %error, "an attempt that was left can't be taken up");
            }
        }
    }
    Ok(found)
}

/// Removes the working folders of runs that are no more.
pub(crate) fn clear_work(folder: &Path) -> Result<()> {
    if let Err(error) = disk::remove(folder) {
        tracing::warn!(%error, "what earlier runs left in their working folders stays on disk");
    }
    std::fs::create_dir_all(folder).map_err(Error::io("made", folder))
}
