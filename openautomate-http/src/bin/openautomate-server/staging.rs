//! A folder that is made whole before it has its name.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use openautomate_http::create_private_dir;

const LOCK: &str = ".lock";

/// A folder beside its final place, under another name. Dropped, it goes; killed, it stays and the next one clears it.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    target: PathBuf,
    lock: Option<File>,
}

impl Staging {
    /// Begins the folder `target`, which may be there if it is empty.
    pub(crate) fn begin(target: &Path) -> anyhow::Result<Self> {
        let name = target.file_name().ok_or_else(|| anyhow!("{} names no folder", target.display()))?;
        if !is_free(target)? {
            bail!("{} is there and not empty; name a folder that is not there yet", target.display());
        }
        let mut staged = OsString::from(".");
        staged.push(name);
        staged.push(".partial");
        let path = target.with_file_name(staged);
        create_private_dir(&path).with_context(|| format!("the folder {} can't be made", path.display()))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another process makes {} at this moment", target.display())
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let staging = Self { path, target: target.to_owned(), lock: Some(lock) };
        staging.clear().with_context(|| format!("{} can't be cleared", staging.path.display()))?;
        Ok(staging)
    }

    /// Where to write until it is whole.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what one that was killed left.
    fn clear(&self) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() == LOCK {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name. Its files must be on disk.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        sync_folders(&self.path)?;
        fs::remove_file(self.path.join(LOCK))?;
        // Windows renames no folder in which a file is open.
        drop(self.lock.take());
        if self.target.is_dir() {
            // Empty, as `rename` wants it where it wants it.
            fs::remove_dir(&self.target).with_context(|| {
                format!(
                    "{} can't be replaced; if it is a mount point, name a folder inside",
                    self.target.display()
                )
            })?;
        }
        fs::rename(&self.path, &self.target)
            .with_context(|| format!("the finished folder can't be named {}", self.target.display()))?;
        sync_folder(self.target.parent().unwrap_or_else(|| Path::new(".")))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What can't be removed is cleared by the next one.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn is_free(target: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(target) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("{} can't be looked into", target.display())),
    }
}

/// Puts the entries of a folder and those in it on disk.
fn sync_folders(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> anyhow::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Ok(File::open(folder)?.sync_all()?)
}

/// Folders can't be synced on Windows; the file system keeps its own journal of them.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("b");
        let staging = Staging::begin(&target).unwrap();
        fs::write(staging.path().join("a"), "1").unwrap();
        assert!(Staging::begin(&target).unwrap_err().to_string().contains("another process"));
        drop(staging);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        // One that was killed left something.
        fs::create_dir_all(dir.path().join(".b.partial/old")).unwrap();
        fs::create_dir(&target).unwrap();
        let staging = Staging::begin(&target).unwrap();
        fs::write(staging.path().join("a"), "1").unwrap();
        staging.finish().unwrap();
        let names: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a"]);
        assert!(Staging::begin(&target).unwrap_err().to_string().contains("not empty"));
    }
}
