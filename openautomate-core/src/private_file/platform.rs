//! What differs between systems: who may read the key file.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file that only the user of this process may read; fails if it exists.
#[cfg(unix)]
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a file; fails if it exists. It takes over the access list of its folder, which must be private.
#[cfg(not(unix))]
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether group or others have any right to the file.
#[cfg(unix)]
pub(super) fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;

    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// The access list of the folder decides; it is not looked at here.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// Puts the entry of a new file on disk.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Folders can't be synced on Windows; the file system keeps its own journal of them.
#[cfg(not(unix))]
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
