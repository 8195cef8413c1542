//! How busy the machine is.

use std::sync::{Mutex, PoisonError};

use openautomate_core::domain::Usage;

use crate::platform;

/// Measures from one question to the next.
#[derive(Debug, Default)]
pub(crate) struct UsageMeter {
    last: Mutex<Option<(u64, u64)>>,
}

impl UsageMeter {
    /// How busy the machine was since the last question; `None` at the first one, and where the system does not tell.
    pub(crate) fn measure(&self) -> Option<Usage> {
        let now = platform::processor_time()?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(now)?;
        let cpu_permille = busy_permille(last, now)?;
        Some(Usage { cpu_permille, memory_used_bytes: platform::memory_used_bytes()? })
    }
}

/// The share that was busy between two accounts of busy and idle time.
fn busy_permille(before: (u64, u64), after: (u64, u64)) -> Option<u16> {
    let (busy, idle) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    let all = busy.checked_add(idle).filter(|all| *all > 0)?;
    u16::try_from(busy.saturating_mul(1_000) / all).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_time_between() {
        assert_eq!(busy_permille((100, 100), (130, 170)), Some(300));
        assert_eq!(busy_permille((100, 100), (100, 100)), None, "no time has passed");
        assert_eq!(
            busy_permille((100, 100), (101, 90)),
            Some(1_000),
            "a counter that went back is no idleness"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_second_question_is_answered() {
        let meter = UsageMeter::default();
        assert_eq!(meter.measure(), None);
        assert!(
            platform::memory_used_bytes().is_some_and(|used| used > 0 && used < platform::memory_bytes())
        );
    }
}
