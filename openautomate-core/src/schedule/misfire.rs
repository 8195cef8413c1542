//! Due times that passed while no server looked: which of them are made up for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::next_fire::FireTimes;
use crate::error::{Error, Result};

/// Late by no more than this is not a misfire: a minute, as in Quartz.
pub const DEFAULT_MISFIRE_THRESHOLD: Duration = Duration::from_secs(60);
/// How far back misfires are made up for, where nothing is said: an hour.
pub const DEFAULT_CATCHUP_WINDOW: Duration = Duration::from_secs(3_600);
/// The shortest window that may be set; Temporal has the same.
pub const MIN_CATCHUP_WINDOW: Duration = Duration::from_secs(10);
/// The longest window that may be set.
pub const MAX_CATCHUP_WINDOW: Duration = Duration::from_secs(365 * 86_400);
/// How many misfires are made up for, where nothing is said.
pub const DEFAULT_MAX_CATCHUP: u32 = 10;
/// The most misfires that may be made up for at once.
pub const MAX_CATCHUP: u32 = 1_000;

/// Due times on time are listed one by one, so the threshold must stay short.
const MAX_MISFIRE_THRESHOLD: Duration = Duration::from_secs(3_600);

/// What happens to misfires: due times that passed more than the threshold ago.
///
/// Due times that are on time always fire; the policy is about the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MisfirePolicy {
    /// They are skipped.
    Skip,
    /// One execution stands for all of them: the newest misfire within the window fires, unless something is
    /// due on time, which then does as well. The other misfires are skipped.
    #[default]
    Latest,
    /// They fire, each one, if within the window; the newest `max_catchup` where there are more.
    All,
}

/// The limits within which misfires are made up for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUpLimits {
    /// Late by no more than this is not a misfire. At most an hour; a longer one counts as an hour.
    pub misfire_threshold: Duration,
    /// Misfires older than this are skipped.
    pub catchup_window: Duration,
    /// At most this many misfires fire at once.
    pub max_catchup: u32,
    /// The end of the schedule: nothing is due at or after it.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Default for CatchUpLimits {
    fn default() -> Self {
        Self {
            misfire_threshold: DEFAULT_MISFIRE_THRESHOLD,
            catchup_window: DEFAULT_CATCHUP_WINDOW,
            max_catchup: DEFAULT_MAX_CATCHUP,
            ends_at: None,
        }
    }
}

impl CatchUpLimits {
    /// Checks the limits that people set.
    ///
    /// # Errors
    /// `Invalid` for `maxCatchup` or `catchupWindow`.
    pub fn validate(&self) -> Result<()> {
        if !(1..=MAX_CATCHUP).contains(&self.max_catchup) {
            return Err(Error::invalid_field("maxCatchup", format!("is not between 1 and {MAX_CATCHUP}")));
        }
        if !(MIN_CATCHUP_WINDOW..=MAX_CATCHUP_WINDOW).contains(&self.catchup_window) {
            return Err(Error::invalid_field("catchupWindow", "is not between 10 seconds and 365 days"));
        }
        Ok(())
    }
}

/// What is to be done at `now` about the due times that have passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatchUp {
    /// The due times that fire now, oldest first.
    pub fire: Vec<DateTime<Utc>>,
    /// How many misfires are skipped. Exact, however many they are.
    pub skipped: u64,
    /// The first due time after now; `None` if there is no more.
    pub next_due: Option<DateTime<Utc>>,
}

impl MisfirePolicy {
    /// Decides on every due time after `decided` and not after `now`. Changes nothing: the same arguments
    /// always give the same answer, so any number of servers decide alike.
    ///
    /// `decided` is the last due time that was decided on, or where the schedule started. If the clock went
    /// backwards and `now` is not after it, nothing fires and `next_due` is still after `decided`.
    ///
    /// The limits are taken as they are, but never more than [`MAX_CATCHUP`] misfires, [`MAX_CATCHUP_WINDOW`]
    /// and a threshold of one hour. The work grows with the days that passed, not with the due times.
    #[must_use]
    pub fn catch_up(
        self,
        times: &FireTimes,
        decided: DateTime<Utc>,
        now: DateTime<Utc>,
        limits: &CatchUpLimits,
    ) -> CatchUp {
        let tick = TimeDelta::microseconds(1);
        let is_open = |due: &DateTime<Utc>| limits.ends_at.is_none_or(|end| *due < end);
        let until = limits.ends_at.map_or(now, |end| now.min(end - tick));
        // Exclusive bounds, a tick before the oldest due time that still counts.
        let threshold = limits.misfire_threshold.min(MAX_MISFIRE_THRESHOLD);
        let on_time_after = decided.max(back(now, threshold) - tick);
        let window_after = decided.max(back(now, limits.catchup_window.min(MAX_CATCHUP_WINDOW)) - tick);
        let missed_until = on_time_after.min(until);

        let on_time: Vec<_> = times.iter_after(on_time_after).take_while(|due| *due <= until).collect();
        let newest = |n: u32| times.newest_between(window_after, missed_until, n as usize);
        let mut fire = match self {
            Self::Skip => Vec::new(),
            Self::Latest if on_time.is_empty() => newest(1),
            Self::Latest => Vec::new(),
            Self::All => newest(limits.max_catchup.min(MAX_CATCHUP)),
        };
        let skipped = times.count_between(decided, missed_until).saturating_sub(fire.len() as u64);
        fire.extend(on_time);
        CatchUp { fire, skipped, next_due: times.next_after(decided.max(now)).filter(is_open) }
    }
}

fn back(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| now.checked_sub_signed(by)).unwrap_or(DateTime::UNIX_EPOCH)
}
