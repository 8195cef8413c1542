//! How much room there is.

use std::path::Path;

/// The bytes that this user may still write where `path` is; `None` where the system does not tell.
#[cfg(unix)]
pub(crate) fn free(path: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(path).ok()?;
    #[allow(clippy::useless_conversion, reason = "these numbers have other types on other systems")]
    Some(u64::from(stat.blocks_available()).saturating_mul(u64::from(stat.fragment_size())))
}

/// Windows is not asked: it would take a foreign function for one number.
#[cfg(not(unix))]
pub(crate) fn free(_path: &Path) -> Option<u64> {
    None
}
