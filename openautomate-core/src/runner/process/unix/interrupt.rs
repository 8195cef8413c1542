//! Raising `KeyboardInterrupt` in the main thread of the interpreter.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::libc;
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// How long after an interrupt it is asked whether it was heard, and repeated after each wait if not.
const WAITS: [Duration; 5] = [
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
];
/// Ignored unless somebody has a use for it, which makes it the one that says nothing.
const NUDGE: Signal = Signal::SIGURG;

/// Set by the interpreter's main thread when it comes to look for signals.
static HEARD: AtomicBool = AtomicBool::new(false);

/// The thread that an interrupt reaches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MainThread(Pthread);

impl MainThread {
    pub(crate) fn current() -> Self {
        Self(pthread_self())
    }

    /// Raises `KeyboardInterrupt` in it, out of a blocking call too, unless `is_over`.
    ///
    /// The interpreter looks for signals between two instructions. One that comes after that look, and before the
    /// blocking call that the instruction makes, would wait until the call ends. So another thread wakes it from
    /// such a call a few times, until the interpreter has looked again.
    pub(crate) fn interrupt(self, is_over: impl Fn() -> bool + Send + 'static) {
        // It may be gone, and the process with it.
        let _ = pthread_kill(self.0, Signal::SIGINT);
        // Without a thread there is the one signal, which nearly always is enough.
        let _ =
            std::thread::Builder::new().name("openautomate".to_owned()).spawn(move || self.insist(&is_over));
    }

    fn insist(self, is_over: &dyn Fn() -> bool) {
        std::thread::sleep(WAITS[0]);
        // The signal itself is looked for first, and the call is made afterwards.
        // SAFETY: documented as callable from any thread, attached or not; the function takes no argument.
        let is_asked = unsafe { pyo3::ffi::Py_AddPendingCall(Some(heard), std::ptr::null_mut()) } == 0;
        if !is_asked || !catch_nudges() {
            return;
        }
        for wait in &WAITS[1..] {
            std::thread::sleep(*wait);
            if HEARD.load(Ordering::SeqCst) || is_over() {
                return;
            }
            let _ = pthread_kill(self.0, NUDGE);
        }
    }
}

extern "C" fn heard(_: *mut libc::c_void) -> libc::c_int {
    HEARD.store(true, Ordering::SeqCst);
    0
}

extern "C" fn nothing(_: libc::c_int) {}

/// Has a nudge end blocking calls and do nothing else; false if the automation uses that signal itself.
fn catch_nudges() -> bool {
    // Without SA_RESTART: a call that goes on by itself is not woken.
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing. If the automation had one, it is put back at once.
    unsafe {
        match sigaction(NUDGE, &action) {
            Ok(before) if matches!(before.handler(), SigHandler::SigDfl) => true,
            Ok(before) => {
                let _ = sigaction(NUDGE, &before);
                false
            }
            Err(_) => false,
        }
    }
}
