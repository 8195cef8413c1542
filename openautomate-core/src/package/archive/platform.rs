//! What differs between systems: the permission to execute.

use std::fs::File;
use std::io;

/// Lets everybody who may read the file execute it.
#[cfg(unix)]
pub(in crate::package) fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | ((mode & 0o444) >> 2));
    file.set_permissions(permissions)
}

/// Windows tells programs by their names.
#[cfg(not(unix))]
pub(in crate::package) fn make_executable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Whether the owner may execute the file.
#[cfg(unix)]
pub(super) fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o100 != 0
}

/// Windows keeps no such bit.
#[cfg(not(unix))]
pub(super) fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    false
}
