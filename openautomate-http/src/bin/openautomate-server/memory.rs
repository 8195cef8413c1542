//! How the allocator gives memory back.

/// Has large blocks come from the system and go back to it. A password hash takes 19 MiB for a moment; the C
/// library of GNU would raise its bound with the first such block and keep all later ones (`mallopt(3)`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the settings of the allocator have no safe interface")]
pub(crate) fn give_large_blocks_back() {
    const LARGE: libc::c_int = 1024 * 1024;
    // SAFETY: the call changes settings of the allocator; it is made before there is a second thread.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Other allocators give them back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_large_blocks_back() {}
