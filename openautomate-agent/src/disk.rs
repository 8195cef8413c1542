//! Small files that are there whole or not at all.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::platform;

/// Writes a file as JSON. When this returns it outlives a loss of power; a crash in between leaves the old
/// file or none.
pub(crate) fn write_whole(path: &Path, value: &impl Serialize) -> Result<()> {
    write(path, value, true)
}

/// Writes a file as JSON that outlives the program, and a loss of power once the system has written it: then it
/// is there, is not, or is torn, which [`read_whole`] takes for not there.
pub(crate) fn write_complete(path: &Path, value: &impl Serialize) -> Result<()> {
    write(path, value, false)
}

/// Writes a file. When this returns it outlives a loss of power; a crash in between leaves the old file or none.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write_out(path, bytes, true)
}

fn write(path: &Path, value: &impl Serialize, is_synced: bool) -> Result<()> {
    let malformed = |why: serde_json::Error| Error::Malformed { path: path.to_owned(), why: why.to_string() };
    write_out(path, &serde_json::to_vec(value).map_err(malformed)?, is_synced)
}

fn write_out(path: &Path, bytes: &[u8], is_synced: bool) -> Result<()> {
    let partial = path.with_extension("partial");
    let mut file = std::fs::File::create(&partial).map_err(Error::io("written", &partial))?;
    file.write_all(bytes).map_err(Error::io("written", &partial))?;
    if is_synced {
        file.sync_all().map_err(Error::io("written", &partial))?;
    }
    std::fs::rename(&partial, path).map_err(Error::io("written", path))?;
    if !is_synced {
        return Ok(());
    }
    // The name is part of the folder, which the system writes when it likes.
    path.parent().map_or(Ok(()), platform::sync_dir).map_err(Error::io("written", path))
}

/// Reads a file of JSON; `None` if it is not there or not whole.
pub(crate) fn read_whole<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Removes a file or a folder with all in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removed", path)(error)),
        _ => Ok(()),
    }
}

/// Notes on a file that it was of use just now. Best effort.
#[expect(clippy::disallowed_methods, reason = "compared with nothing but the times of other files")]
pub(crate) fn touch(path: &Path) {
    let file = std::fs::File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
}

/// Copies what is in a folder into another that is there. Packages hold nothing but files and folders.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from).map_err(Error::io("read", from))? {
        let entry = entry.map_err(Error::io("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(Error::io("read", &source))?.is_dir() {
            std::fs::create_dir(&target).map_err(Error::io("made", &target))?;
            copy_tree(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).map_err(Error::io("copied", &source))?;
        }
    }
    Ok(())
}

/// Does what blocks, where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Ending),
        },
    }
}
