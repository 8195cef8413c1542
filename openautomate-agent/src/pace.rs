//! Having the next runs at hand.
//!
//! Between the end of a run and the next assignment lies the way to the server and back, with a write to its disk. A
//! run of milliseconds takes no longer than that, so an agent whose runs are short asks for as many ahead as it has
//! slots. They wait here for a slot, but never long: one that would have to goes back to the server, for another agent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::agent::Inner;
use crate::attempt::Attempt;

/// Runs that take no longer than this are short.
const SHORT: Duration = Duration::from_millis(50);
/// How long an assignment may wait here for its slot.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long runs took of late, and when a slot is free again.
#[derive(Debug)]
pub(crate) struct Pace {
    freed: Notify,
    /// In microseconds; each run counts a quarter of what is left.
    recent: AtomicU64,
}

/// What a wait for a slot came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It has a slot.
    Slot,
    /// It would have to wait too long.
    TooLate,
    /// Nobody wants it any more.
    Cancelled,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { freed: Notify::new(), recent: AtomicU64::new(u64::MAX) }
    }

    /// Whether the next runs are wanted ahead.
    pub(crate) fn is_short(&self) -> bool {
        u128::from(self.recent.load(Ordering::Relaxed)) <= SHORT.as_micros()
    }

    /// Notes how long a run took.
    pub(crate) fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // Two that end at once may count as one.
        let before = self.recent.load(Ordering::Relaxed);
        let recent = if before == u64::MAX { time } else { before - before / 4 + time / 4 };
        self.recent.store(recent, Ordering::Relaxed);
    }

    /// Says that a slot may be free: a run ended, or lends its own.
    pub(crate) fn freed(&self) {
        self.freed.notify_waiters();
    }
}

/// Waits for a slot.
pub(crate) async fn turn(attempt: &Attempt, agent: &Inner) -> Turn {
    let until = Instant::now() + PATIENCE;
    loop {
        let freed = agent.pace.freed.notified();
        tokio::pin!(freed);
        // Whatever is freed from here on is heard.
        freed.as_mut().enable();
        if agent.takes_a_slot(attempt) {
            return Turn::Slot;
        }
        tokio::select! {
            () = freed => {}
            () = attempt.cancel.cancelled() => return Turn::Cancelled,
            () = attempt.lost.cancelled() => return Turn::Cancelled,
            () = attempt.deadline_passed() => return Turn::Cancelled,
            () = tokio::time::sleep_until(until) => {
                // Whatever holds the slots is not short.
                agent.pace.took(PATIENCE);
                return Turn::TooLate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_run_ends_it_and_some_short_ones_bring_it_back() {
        let pace = Pace::new();
        assert!(!pace.is_short(), "nothing is known yet");
        pace.took(Duration::from_millis(3));
        assert!(pace.is_short());
        pace.took(Duration::from_secs(60));
        assert!(!pace.is_short());
        let back = (1..100).find(|_| {
            pace.took(Duration::from_millis(3));
            pace.is_short()
        });
        assert!(back.is_some_and(|runs| runs > 10), "{back:?}");
    }
}
