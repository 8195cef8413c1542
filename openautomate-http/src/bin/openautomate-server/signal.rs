//! The signals that mean: stop.

use std::io;

/// Waits until the process is told to stop: Ctrl-C, or SIGTERM.
#[cfg(unix)]
pub(crate) async fn stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        _ = terminate.recv() => Ok(()),
    }
}

/// Waits until the process is told to stop: Ctrl-C, Ctrl-Break, or the end of the session.
#[cfg(windows)]
pub(crate) async fn stop() -> io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_shutdown};
    let (mut brk, mut close, mut shutdown) = (ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        _ = brk.recv() => Ok(()),
        _ = close.recv() => Ok(()),
        _ = shutdown.recv() => Ok(()),
    }
}
