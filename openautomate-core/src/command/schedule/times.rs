//! The due times of a schedule: those of its expression, within its start and end.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::fire_times;
use crate::clock::Timestamp;
use crate::domain::{Calendar, Schedule};
use crate::error::Result;
use crate::schedule::{
    CalendarUse, CatchUp, CatchUpLimits, ClockChange, DEFAULT_MISFIRE_THRESHOLD, FireTimes, jitter,
};

const TICK: TimeDelta = TimeDelta::microseconds(1);

/// Due times within a start and an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTimes {
    /// The due times without bounds.
    pub times: FireTimes,
    /// Not before.
    pub starts_at: Option<Timestamp>,
    /// Not at or after.
    pub ends_at: Option<Timestamp>,
}

impl DueTimes {
    /// The first due time after an instant.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        // A due time at the very start counts, so the search begins just before it.
        let from = self.starts_at.map_or(instant, |start| instant.max(start - TICK));
        self.times.next_after(from).filter(|due| self.ends_at.is_none_or(|end| *due < end))
    }

    /// The first `n` due times after an instant.
    #[must_use]
    pub fn preview(&self, instant: Timestamp, n: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(instant), |due| self.next_after(*due)).take(n).collect()
    }

    /// The next two changes of the clocks between start and end that come after an instant.
    #[must_use]
    pub fn clock_changes(&self, instant: Timestamp) -> Vec<ClockChange> {
        let from = self.starts_at.map_or(instant, |start| instant.max(start));
        let mut changes = self.times.clock_changes(from, 2);
        changes.retain(|change| self.ends_at.is_none_or(|end| change.at < end));
        changes
    }
}

impl Schedule {
    /// The due times of this schedule, whose calendar is this one.
    ///
    /// # Errors
    /// `Invalid` if a newer version stored what this one can't read.
    pub fn due_times(&self, calendar: Option<&Calendar>) -> Result<DueTimes> {
        let mut times = fire_times(&self.cron_expression, &self.time_zone, self.dst_gap, self.dst_overlap)?;
        times.calendar = calendar.map(|calendar| CalendarUse {
            days: Arc::new(calendar.working_days()),
            rule: self.calendar_rule,
        });
        Ok(DueTimes { times, starts_at: self.starts_at, ends_at: self.ends_at })
    }

    /// How long after a due time it fires.
    #[must_use]
    pub fn delay_of(&self, due_at: Timestamp) -> TimeDelta {
        TimeDelta::from_std(jitter(self.id, due_at, self.jitter())).unwrap_or_default()
    }

    fn jitter(&self) -> Duration {
        Duration::from_millis(self.jitter_ms)
    }

    /// Makes it due next at the first due time after `instant`, or never while it is inactive.
    pub(crate) fn renew_next_due(&mut self, times: &DueTimes, instant: Timestamp) {
        let due = times.next_after(instant).filter(|_| self.is_active);
        self.set_next_due(due);
    }

    pub(crate) fn set_next_due(&mut self, due: Option<Timestamp>) {
        self.delay_ms = due.map_or(0, |due| self.delay_of(due).num_milliseconds().cast_unsigned());
        self.next_due = due;
    }

    /// What is to be done at `now` about the due times that nobody decided on. One whose jitter is not over yet is
    /// left for later; late by no more than its jitter and a minute is no misfire.
    pub(crate) fn plan(&self, times: &DueTimes, now: Timestamp) -> CatchUp {
        let nothing = CatchUp { next_due: self.next_due, ..CatchUp::default() };
        let Some(first) = self.next_due.filter(|_| self.next_fire().is_some_and(|at| at <= now)) else {
            return nothing;
        };
        let decided = first - TICK;
        let newest = times.times.newest_between(decided, now, 1).last().copied();
        // The jitter is shorter than the time between two due times, so this is the only one that may wait.
        let waiting = newest.filter(|due| *due + self.delay_of(*due) > now);
        let limits = CatchUpLimits {
            misfire_threshold: DEFAULT_MISFIRE_THRESHOLD + self.jitter(),
            catchup_window: Duration::from_millis(self.catchup_window_ms),
            max_catchup: self.max_catchup,
            ends_at: self.ends_at,
        };
        let until = waiting.map_or(now, |due| due - TICK);
        self.misfire.catch_up(&times.times, decided, until, &limits)
    }
}
