//! Small files that are there whole or not at all, and folders that go whole.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::platform;

/// Writes a file as JSON. When this returns it outlives a loss of power; a crash in between leaves the old
/// file or none.
pub(crate) fn write_whole(path: &Path, value: &impl Serialize) -> Result<()> {
    let malformed = |why: serde_json::Error| Error::Malformed { path: path.to_owned(), why: why.to_string() };
    write_bytes(path, &serde_json::to_vec(value).map_err(malformed)?)
}

/// Has a file and its name outlive a loss of power.
pub(crate) fn sync(path: &Path) -> Result<()> {
    let file = std::fs::File::options().append(true).open(path).map_err(Error::io("opened", path))?;
    file.sync_all().map_err(Error::io("written", path))?;
    // The name is part of the folder, which the system writes when it likes.
    path.parent().map_or(Ok(()), platform::sync_dir).map_err(Error::io("written", path))
}

/// Writes a file. When this returns it outlives a loss of power; a crash in between leaves the old file or none.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    let mut file = std::fs::File::create(&partial).map_err(Error::io("written", &partial))?;
    file.write_all(bytes).map_err(Error::io("written", &partial))?;
    file.sync_all().map_err(Error::io("written", &partial))?;
    std::fs::rename(&partial, path).map_err(Error::io("written", path))?;
    path.parent().map_or(Ok(()), platform::sync_dir).map_err(Error::io("written", path))
}

/// Makes an empty folder; what was there is removed.
pub(crate) fn make_fresh(path: &Path) -> Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(Error::io("made", path)),
    }
    remove(path)?;
    std::fs::create_dir(path).map_err(Error::io("made", path))
}

/// Reads a file of JSON; `None` if it is not there or not whole.
pub(crate) fn read_whole<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Removes a file or a folder with all in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    // An empty folder, as most that runs leave are, goes at once.
    if std::fs::remove_dir(path).is_ok() {
        return Ok(());
    }
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder { remove_folder(path) } else { std::fs::remove_file(path) };
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

/// Removes a folder with all in it, without a call or an open file for each level: a run may have made more
/// levels than there is stack, or than a path can name. What lies deep is moved up first.
fn remove_folder(root: &Path) -> io::Result<()> {
    let mut folders = Vec::new();
    while take_out(root, root, &mut folders)? {
        // The next round finds them again.
        folders.clear();
    }
    while let Some(folder) = folders.pop() {
        while take_out(&folder, root, &mut folders)? {}
        std::fs::remove_dir(folder)?;
    }
    std::fs::remove_dir(root)
}

/// Removes the files of a folder and makes its folders lie in `root`; whether there was anything to take out.
fn take_out(folder: &Path, root: &Path, folders: &mut Vec<PathBuf>) -> io::Result<bool> {
    platform::open_to_us(folder);
    let mut is_any = false;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            std::fs::remove_file(path)?;
        } else if folder == root {
            folders.push(path);
            continue;
        } else {
            platform::open_to_us(&path);
            let target = root.join(format!(".removed-{}", uuid::Uuid::now_v7()));
            std::fs::rename(path, &target)?;
            folders.push(target);
        }
        is_any = true;
    }
    Ok(is_any)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_all_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for path in ["a/b/c", "a/b/d", "e", "a/b/a/b"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
            std::fs::write(root.join(path).join("file"), "x").unwrap();
        }
        std::fs::write(root.join("file"), "x").unwrap();
        remove(&root).unwrap();
        assert!(!root.exists());
        remove(&root).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_a_run_locked_or_linked_goes_and_nothing_beyond_it() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (root, kept) = (folder.path().join("root"), folder.path().join("kept"));
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::create_dir(&kept).unwrap();
        std::fs::write(kept.join("file"), "x").unwrap();
        symlink(&kept, root.join("a/b/link")).unwrap();
        symlink(kept.join("file"), root.join("a/file")).unwrap();
        for path in ["a/b", "a", ""] {
            std::fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove(&root).unwrap();
        assert!(!root.exists() && kept.join("file").exists());
    }

    #[cfg(unix)]
    #[test]
    fn no_depth_is_too_deep() {
        // More levels than a path can name, or most processes may have files open.
        const LEVELS: usize = 4_000;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        // Made from the bottom up, since no path names the deepest.
        let (mut tower, mut next) = (folder.path().join("t0"), folder.path().join("t1"));
        std::fs::create_dir(&tower).unwrap();
        for _ in 0..LEVELS {
            std::fs::create_dir(&next).unwrap();
            std::fs::rename(&tower, next.join("d")).unwrap();
            std::mem::swap(&mut tower, &mut next);
        }
        std::fs::rename(&tower, root.join("tower")).unwrap();
        remove(&root).unwrap();
        assert!(!root.exists());
    }
}
