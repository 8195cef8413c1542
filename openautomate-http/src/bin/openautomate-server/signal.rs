//! The signals that mean: stop.

use std::io;

/// Has a file that may grow no more (`setrlimit(2)`, RLIMIT_FSIZE) be an error of whoever writes to it, and not the end of
/// the process by SIGXFSZ, as PostgreSQL has it.
#[cfg(unix)]
pub(crate) fn outlive_file_limits() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Heard once, it is heard for good.
    signal(SignalKind::from_raw(nix::libc::SIGXFSZ)).map(drop)
}

/// There is no such limit.
#[cfg(windows)]
pub(crate) fn outlive_file_limits() -> io::Result<()> {
    Ok(())
}

/// Hears the signals from when it is made: one that comes before anybody waits is not lost, and does not end the process
/// as it would if nobody heard it.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits until the process is told to stop: Ctrl-C, or SIGTERM.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Hears the signals from when it is made: one that comes before anybody waits is not lost, and does not end the process
/// as it would if nobody heard it.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct StopSignals {
    ctrl_c: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl StopSignals {
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self {
            ctrl_c: ctrl_c()?,
            ctrl_break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Waits until the process is told to stop: Ctrl-C, Ctrl-Break, or the end of the session.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.ctrl_break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}
