//! The other side: what the process of a run does with its own descriptors, threads and marks.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A channel as the process of a run has it, and the numbers of its descriptors.
pub(crate) type ChildChannel = (Box<dyn io::Read + Send>, Box<dyn io::Write + Send>, Vec<i32>);

/// Opens the channel that the agent passed, in the process of a run.
pub(crate) fn open_channel(argument: &str) -> io::Result<ChildChannel> {
    let descriptor: RawFd = argument
        .strip_prefix("fd:")
        .and_then(|number| number.parse().ok())
        .filter(|number| *number > 2)
        .ok_or_else(|| io::Error::other("the channel is no descriptor"))?;
    // SAFETY: the agent opened this descriptor for us and nobody else here knows of it; fcntl fails if it
    // is not open.
    let stream = unsafe {
        if libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) == -1 {
            return Err(io::Error::last_os_error());
        }
        UnixStream::from_raw_fd(descriptor)
    };
    let reading = stream.try_clone()?;
    let descriptors = vec![stream.as_raw_fd(), reading.as_raw_fd()];
    Ok((Box::new(reading), Box::new(stream), descriptors))
}

/// Ends this process and, if it leads a group, all of the group.
pub(crate) fn end_own_group() {
    let own = Pid::this();
    if nix::unistd::getpgrp() == own {
        let _ = killpg(own, Signal::SIGKILL);
    }
    std::process::abort();
}

/// Changes the mark of this process, in the place where the system shows it. Processes that it forks have the
/// new one; for programs that it starts, `os.environ` has to change too.
pub(crate) fn remark(mark: &str) {
    #[cfg(target_os = "linux")]
    {
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        let name = super::MARKER.as_bytes();
        // SAFETY: `environ` ends with a null pointer and holds strings that end with a zero; nobody else
        // changes it, since no thread and no code of an automation runs yet. The new value is exactly as long
        // as the old one.
        unsafe {
            let mut entry = environ;
            while !entry.is_null() && !(*entry).is_null() {
                let text = std::ffi::CStr::from_ptr(*entry).to_bytes();
                if let Some(old) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="))
                    && old.len() == mark.len()
                {
                    let place = (*entry).add(name.len() + 1).cast::<u8>();
                    std::ptr::copy_nonoverlapping(mark.as_ptr(), place, mark.len());
                }
                entry = entry.add(1);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = mark;
}

/// Ends this process as the C library does, or at once if that comes to the same: what it would call are functions
/// that libraries left for the end, and to call those of the interpreter's own libraries alone takes longer than a
/// small run. `is_plain` tells that no code had a way to leave one without loading a library.
pub(crate) fn leave(code: i32, before: Option<Libraries>, is_plain: bool) -> ! {
    if !is_plain || before != Some(Libraries::count()) {
        #[expect(clippy::exit, reason = "the one place where the process of a run ends")]
        std::process::exit(code);
    }
    // SAFETY: both are callable at any time; what the C library holds back of its streams is written first.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(code)
    }
}

/// How many libraries this process has loaded since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Libraries(u64);

impl Libraries {
    #[cfg(target_os = "linux")]
    pub(crate) fn count() -> Self {
        unsafe extern "C" fn look(
            info: *mut libc::dl_phdr_info,
            _: libc::size_t,
            count: *mut libc::c_void,
        ) -> libc::c_int {
            // SAFETY: `dl_iterate_phdr` gives a valid entry, and the place that `count` points to.
            unsafe { *count.cast::<u64>() = (*info).dlpi_adds };
            1
        }
        let mut count = 0_u64;
        // SAFETY: the function does no more than to read one number of the first entry.
        unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut count).cast()) };
        Self(count)
    }

    /// Elsewhere every end is the ordinary one.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn count() -> Self {
        static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        Self(CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

/// Has the threads that `start` starts stay on the processor that this one is on. A thread that only waits costs the
/// others dearly where it ran last: each page that is copied for them has to be forgotten there, too.
pub(crate) fn beside<T>(start: impl FnOnce() -> T) -> T {
    #[cfg(target_os = "linux")]
    {
        use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

        let this = Pid::from_raw(0);
        let here = sched_getcpu().and_then(|number| {
            let mut set = CpuSet::new();
            set.set(number)?;
            Ok(set)
        });
        if let (Ok(all), Ok(here)) = (sched_getaffinity(this), here)
            && sched_setaffinity(this, &here).is_ok()
        {
            let started = start();
            // It was allowed a moment ago.
            let _ = sched_setaffinity(this, &all);
            return started;
        }
    }
    start()
}

/// Takes the free places between what is allocated. What the processes that are forked from here allocate then
/// lies side by side, and few pages have to be copied for it.
#[cfg(target_os = "linux")]
pub(crate) fn fill_holes() {
    /// Below the size from which the C library maps each block by itself.
    const LARGE: usize = 100 * 1024;
    const STEP: usize = 16;
    let last = Vec::<u8>::with_capacity(LARGE);
    let end = last.as_ptr() as usize;
    drop(last);
    let large = (1..).map(|shift| LARGE >> shift).take_while(|size| *size > 4096);
    for size in large.chain((1..=4096 / STEP).rev().map(|steps| steps * STEP)) {
        loop {
            let block = Vec::<u8>::with_capacity(size);
            if block.as_ptr() as usize >= end {
                break;
            }
            // Never given back: that is its use.
            std::mem::forget(block);
        }
    }
}

/// Makes this process a zygote: what its children leave behind becomes its own, and it outlives the agent for
/// the moment that it takes to end all of it.
#[cfg(target_os = "linux")]
pub(crate) fn become_zygote() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)?;
    nix::sys::prctl::set_pdeathsig(None)?;
    Ok(())
}

/// Makes a process that was just forked the process of a run: a session of its own, the three descriptors as
/// stdout, stderr and the channel (number 3), and nothing else of the parent.
#[cfg(target_os = "linux")]
pub(crate) fn become_run(parent: i32, descriptors: [RawFd; 3]) -> io::Result<()> {
    nix::unistd::setsid()?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The parent may have died before the line above.
    if nix::unistd::getppid().as_raw() != parent {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    // SAFETY: plain system calls on numbers. Those that are closed belong to the parent's objects, which this
    // process never uses again.
    unsafe {
        let mut high = [0; 3];
        for (place, descriptor) in high.iter_mut().zip(descriptors) {
            *place = libc::fcntl(descriptor, libc::F_DUPFD, 64);
        }
        for (target, descriptor) in [1, 2, 3].into_iter().zip(high) {
            if libc::dup2(descriptor, target) == -1 {
                return Err(io::Error::last_os_error());
            }
        }
        if libc::syscall(libc::SYS_close_range, 4, libc::c_uint::MAX, 0) != 0 {
            for descriptor in 4..1024 {
                libc::close(descriptor);
            }
        }
    }
    Ok(())
}
