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

/// The thread that an interrupt reaches.
pub(crate) struct MainThread(nix::sys::pthread::Pthread);

impl MainThread {
    pub(crate) fn current() -> Self {
        Self(nix::sys::pthread::pthread_self())
    }

    /// Raises `KeyboardInterrupt` in it, out of a blocking call too.
    pub(crate) fn interrupt(&self) {
        // It may be gone, and the process with it.
        let _ = nix::sys::pthread::pthread_kill(self.0, Signal::SIGINT);
    }
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
