//! What differs between systems.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Makes a new file that only this user may read.
#[cfg(unix)]
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a new file. On Windows the folder of a user is closed to others already.
#[cfg(windows)]
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Makes a folder, and those above it, that only this user may enter.
#[cfg(unix)]
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder, and those above it.
#[cfg(windows)]
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Has a file be a program that this user may start, and nobody else.
#[cfg(unix)]
pub(crate) fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// The name alone says so.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
pub(crate) fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What tells this machine from others, if the system has it; a copy of its disk may have it too.
#[cfg(target_os = "linux")]
pub(crate) fn machine_id() -> Option<String> {
    std::fs::read_to_string("/etc/machine-id").ok().filter(|id| !id.trim().is_empty())
}

/// What tells this machine from others. The names of machines have to do.
#[cfg(not(target_os = "linux"))]
pub(crate) fn machine_id() -> Option<String> {
    None
}

/// What tells this start of the system from others.
#[cfg(target_os = "linux")]
pub(crate) fn boot_id() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

/// What tells this start of the system from others.
#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_id() -> Option<String> {
    None
}

/// How many bytes this user may still write where a file lies, if that is known.
#[cfg(target_os = "linux")]
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(path).ok()?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// How many bytes this user may still write where a file lies, if that is known.
#[cfg(not(target_os = "linux"))]
pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// What tells that a file was written since: its times, as far as the system keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<std::time::SystemTime>,
    /// Of its last change of any kind, which no program can set.
    changed: (i64, i64),
    inode: u64,
}

/// The stamp of a file.
#[cfg(unix)]
pub(crate) fn stamp(metadata: &std::fs::Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Stamp { modified: metadata.modified().ok(), changed, inode: metadata.ino() }
}

/// The stamp of a file. Windows tells the time of the last write only, which a program can set.
#[cfg(windows)]
pub(crate) fn stamp(metadata: &std::fs::Metadata) -> Stamp {
    Stamp { modified: metadata.modified().ok(), changed: (0, 0), inode: 0 }
}

/// Writes the names in a folder to the disk: a new file outlives a loss of power only then.
#[cfg(unix)]
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows writes names with the file.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "the twin for Unix can fail")]
pub(crate) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Lets this user into a folder that a run locked. Best effort: what follows tells.
#[cfg(unix)]
pub(crate) fn open_to_us(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let is_closed = |found: &std::fs::Metadata| found.is_dir() && found.permissions().mode() & 0o700 != 0o700;
    if folder.symlink_metadata().is_ok_and(|found| is_closed(&found)) {
        let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    }
}

/// Folders of a user are open to that user.
#[cfg(windows)]
pub(crate) fn open_to_us(_: &Path) {}

/// A file that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    /// Where it lies, all links followed.
    pub(crate) place: PathBuf,
    /// By which it can be opened again as long as it is open.
    pub(crate) path: PathBuf,
}

/// Opens a file to be read, and waits for nobody, should it be a pipe.
#[cfg(target_os = "linux")]
pub(crate) fn open_at_once(path: &Path) -> io::Result<Opened> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    Ok(Opened { place: std::fs::read_link(&path)?, file, path })
}

/// Opens a file to be read.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open_at_once(path: &Path) -> io::Result<Opened> {
    let file = File::open(path)?;
    Ok(Opened { file, place: path.canonicalize()?, path: path.to_owned() })
}

/// The machine's memory in bytes; 0 where it is not known.
pub(crate) fn memory_bytes() -> u64 {
    meminfo("MemTotal:").unwrap_or(0)
}

/// How much of the machine's memory is in use in bytes, where it is known.
pub(crate) fn memory_used_bytes() -> Option<u64> {
    let (total, available) = (meminfo("MemTotal:")?, meminfo("MemAvailable:")?);
    Some(total.saturating_sub(available))
}

/// A line of the system's account of its memory, in bytes.
fn meminfo(name: &str) -> Option<u64> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// How long all processors together were busy and idle since the machine was started, in ticks, where it is known.
pub(crate) fn processor_time() -> Option<(u64, u64)> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    // proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in the first two.
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((ticks.iter().sum::<u64>() - idle, idle))
}

/// The size of the disk that a folder lies on in bytes; 0 where it is not known.
#[cfg(target_os = "linux")]
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    let found = nix::sys::statvfs::statvfs(folder);
    found.map_or(0, |disk| disk.blocks().saturating_mul(disk.fragment_size()))
}

/// The size of the disk that a folder lies on in bytes; 0 where it is not known.
#[cfg(not(target_os = "linux"))]
pub(crate) fn disk_bytes(_: &Path) -> u64 {
    0
}

/// The interpreter of a virtual environment.
pub(crate) fn interpreter(environment: &Path) -> PathBuf {
    if cfg!(windows) { environment.join("Scripts/python.exe") } else { environment.join("bin/python") }
}

#[cfg(unix)]
use tokio::signal::unix::{Signal as First, Signal as Second};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak as First, CtrlC as Second};

/// The wishes of the user and of the system that the program stops. None is missed between two calls of
/// [`StopSignals::next`].
#[derive(Debug)]
pub struct StopSignals {
    first: First,
    second: Second,
}

impl StopSignals {
    /// Begins to listen; from now on a signal does not end the program by itself.
    ///
    /// # Errors
    /// If the system gives no signals.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { first: signal(SignalKind::terminate())?, second: signal(SignalKind::interrupt())? })
    }

    /// Begins to listen; from now on a signal does not end the program by itself.
    ///
    /// # Errors
    /// If the system gives no signals.
    #[cfg(windows)]
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c};
        Ok(Self { first: ctrl_break()?, second: ctrl_c()? })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.first.recv() => {}
            _ = self.second.recv() => {}
        }
    }
}
