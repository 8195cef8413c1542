//! Time, as the core is given it: loops and commands never read the system clock themselves.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::watch;

/// An instant in UTC with microseconds, the precision that every store keeps.
pub type Timestamp = DateTime<Utc>;

/// Where the time comes from.
///
/// # Contract
/// - `now` has microsecond precision.
/// - `sleep_until` returns at once when the instant has passed, and is cancel safe.
#[async_trait]
pub trait Clock: Send + Sync + Debug + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Waits until `now() >= instant`.
    async fn sleep_until(&self, instant: Timestamp);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
        let now = Utc::now();
        now.trunc_subsecs(6)
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // Slept in slices, so that a wall clock that jumps is noticed within a second.
        while let Ok(left) = (instant - self.now()).to_std() {
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(Duration::from_secs(1))).await;
        }
    }
}

/// A clock that a test moves by hand.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
    moved: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        let start = start.trunc_subsecs(6);
        Self { now: Arc::new(Mutex::new(start)), moved: watch::Sender::new(start) }
    }

    /// Moves the clock forward and wakes those who sleep on it.
    ///
    /// # Panics
    /// If the step does not fit the calendar.
    pub fn advance(&self, step: Duration) {
        let step = TimeDelta::from_std(step).expect("invariant: a test's step fits");
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now += step;
        self.moved.send_replace(*now);
    }
}

impl ManualClock {
    /// Sets the clock, also back, and wakes those who sleep on it.
    pub fn set(&self, instant: Timestamp) {
        let instant = instant.trunc_subsecs(6);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = instant;
        self.moved.send_replace(instant);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut moved = self.moved.subscribe();
        // The sender lives as long as `self`, so an error can't happen while we are borrowed.
        let _ = moved.wait_for(|now| *now >= instant).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let clock = ManualClock::new(SystemClock.now());
        let due = clock.now() + TimeDelta::seconds(5);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(due).await }
        });
        clock.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }
}
