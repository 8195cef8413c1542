//! How long after its due time a schedule fires, so that many that are due at once don't all begin at once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::id::ScheduleId;

/// The longest jitter that may be set.
pub const MAX_JITTER: Duration = Duration::from_secs(30 * 60);

/// The delay of one due time, from 0 to `most`, in whole milliseconds.
///
/// It follows from the schedule and the due time alone, so that all servers agree and a restart changes nothing.
#[must_use]
pub fn jitter(schedule: ScheduleId, due_at: Timestamp, most: Duration) -> Duration {
    let most = u64::try_from(most.min(MAX_JITTER).as_millis()).unwrap_or(u64::MAX);
    if most == 0 {
        return Duration::ZERO;
    }
    let mut hash = Sha256::new();
    hash.update(schedule.as_bytes());
    hash.update(due_at.timestamp_micros().to_be_bytes());
    let hash = hash.finalize();
    let value = hash.iter().take(8).fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    // The modulus favours the smaller ones by less than one in 10^12.
    Duration::from_millis(value % (most + 1))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn it_is_the_same_anew_and_spreads_over_the_whole() {
        let (schedule, most) = (ScheduleId::new(), Duration::from_secs(60));
        let due = |minute: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let all: Vec<Duration> = (0..1_000).map(|minute| jitter(schedule, due(minute), most)).collect();
        assert!((0..1_000).zip(&all).all(|(minute, found)| jitter(schedule, due(minute), most) == *found));
        assert!(all.iter().all(|found| *found <= most));
        for part in 0..10 {
            let (low, high) = (most / 10 * part, most / 10 * (part + 1));
            let count = all.iter().filter(|found| (low..high).contains(*found)).count();
            assert!((50..200).contains(&count), "{count} of 1000 in tenth {part}");
        }
        assert_ne!(jitter(ScheduleId::new(), due(0), most), jitter(ScheduleId::new(), due(0), most));
        assert_eq!(jitter(schedule, due(0), Duration::ZERO), Duration::ZERO);
    }
}
