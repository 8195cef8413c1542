//! A folder that appears whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::{Error, Result};

/// The folder beside the one to be, which takes its place in the end and is removed if it does not.
///
/// A crash of the process leaves at most this one, `.NAME.partial-ID`.
pub(super) struct Staging {
    pub(super) path: PathBuf,
    dest: PathBuf,
}

impl Staging {
    /// Makes it for `dest`, a folder that does not exist yet; its parent does.
    ///
    /// # Errors
    /// `Conflict` if `dest` exists; `Internal` if the disk refuses.
    pub(super) fn beside(dest: &Path) -> Result<Self> {
        if dest.symlink_metadata().is_ok() {
            return Err(Error::conflict(
                "package.exists",
                "the folder to unpack into exists; remove it first",
            ));
        }
        let name = dest.file_name().ok_or_else(|| {
            Error::internal(
                "package.io",
                "the folder to unpack into has no name; give a path that ends in one",
            )
        })?;
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(format!(".partial-{}", Uuid::now_v7()));
        let path = dest.with_file_name(partial);
        fs::create_dir(&path).map_err(write_failed)?;
        Ok(Self { path, dest: dest.to_owned() })
    }

    /// Where a file goes whose checked path has `/`.
    pub(super) fn place(&self, path: &str) -> PathBuf {
        self.path.join(path.split('/').collect::<PathBuf>())
    }

    /// Puts it in its place.
    pub(super) fn publish(self) -> Result<()> {
        fs::rename(&self.path, &self.dest).map_err(write_failed)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Gone already after the rename; otherwise there is nobody left to tell.
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub(super) fn write_failed(error: std::io::Error) -> Error {
    Error::internal("package.io", "the package can't be unpacked; see whether the disk is full")
        .with_source(error)
}
