//! Having the next runs at hand.
//!
//! Between the end of a run and the next assignment lies the way to the server and back, with a write to its disk. A
//! run of milliseconds takes no longer than that, so an agent whose runs are short asks for as many ahead as it has
//! slots. They wait here for a slot, but never long: one that would have to goes back to the server, for another agent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::attempt::Attempt;

/// Runs that take no longer than this are short.
const SHORT: Duration = Duration::from_millis(50);
/// How long an assignment may wait here for its slot.
const PATIENCE: Duration = Duration::from_millis(250);

/// The slots, and how long runs took of late.
#[derive(Debug)]
pub(crate) struct Pace {
    slots: Arc<Semaphore>,
    /// In microseconds; each run counts a quarter of what is left.
    recent: AtomicU64,
}

/// What a wait for a slot came to.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The slot is free for others when this is dropped.
    Slot(OwnedSemaphorePermit),
    /// It would have to wait too long.
    TooLate,
    /// Nobody wants it any more.
    Cancelled,
}

impl Pace {
    pub(crate) fn new(slots: u32) -> Self {
        Self { slots: Arc::new(Semaphore::new(slots as usize)), recent: AtomicU64::new(u64::MAX) }
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

    /// Waits for the slot of an attempt; those who wait take turns.
    pub(crate) async fn turn(&self, attempt: &Attempt) -> Turn {
        // Fails for a closed one only, and nobody closes it.
        let slot = Arc::clone(&self.slots).acquire_owned();
        tokio::select! {
            biased;
            Ok(slot) = slot => Turn::Slot(slot),
            () = attempt.cancel.cancelled() => Turn::Cancelled,
            () = attempt.lost.cancelled() => Turn::Cancelled,
            () = attempt.deadline_passed() => Turn::Cancelled,
            () = tokio::time::sleep(PATIENCE) => {
                // Whatever holds the slot is not short.
                self.took(PATIENCE);
                Turn::TooLate
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_run_ends_it_and_some_short_ones_bring_it_back() {
        let pace = Pace::new(1);
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
