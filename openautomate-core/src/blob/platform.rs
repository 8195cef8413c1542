//! What differs between systems: who may look into the folder of blobs.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes a folder, with its parents, that only the user of this process can enter. One that exists is left
/// as it is.
#[cfg(unix)]
pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder with its parents. Windows gives it the access list of its parent.
#[cfg(not(unix))]
pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}
