//! The next changes of a zone's clocks, and what becomes of due times that fall into them.

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::next_fire::{DstOverlap, FireTimes, LONGEST_GAP, wall_clock};
use crate::clock::Timestamp;

/// How far ahead is looked: a zone that changes its clocks does so twice in about a year.
const AHEAD_DAYS: i64 = 2 * 366;
const STEP_SECONDS: i64 = 86_400 / 2;

/// A change of a zone's clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockChange {
    /// The first instant with the new offset.
    pub at: Timestamp,
    /// Seconds ahead of UTC before it.
    pub offset_before: i32,
    /// Seconds ahead of UTC from it on.
    pub offset_after: i32,
    /// The first wall-clock time that the schedule names among those that the change skips or repeats.
    pub named: Option<NaiveDateTime>,
    /// What becomes of it.
    pub effect: ClockChangeEffect,
}

/// What a change of the clocks does to a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClockChangeEffect {
    /// Nothing is due at the wall-clock times that it skips or repeats, or the schedule follows real time.
    None,
    /// What it skips is due at the first instant after it.
    RunsAfterGap,
    /// What it skips is not due.
    Skipped,
    /// What it repeats is due the first time.
    RunsFirst,
    /// What it repeats is due the second time.
    RunsSecond,
    /// What it repeats is due both times.
    RunsTwice,
}

impl ClockChange {
    /// What a person should know before they keep such a schedule; `None` if the change does nothing to it.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let (named, at) = (self.named?, self.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let named = named.format("%Y-%m-%d %H:%M:%S");
        Some(match self.effect {
            ClockChangeEffect::None => return None,
            ClockChangeEffect::RunsAfterGap => format!(
                "{named} does not exist, because clocks go forward at {at}: it runs then (dstGap is runAfter)"
            ),
            ClockChangeEffect::Skipped => {
                format!("{named} does not exist, because clocks go forward at {at}: it does not run")
            }
            ClockChangeEffect::RunsFirst => format!(
                "{named} comes twice, because clocks go back at {at}: it runs the first time (dstOverlap is first)"
            ),
            ClockChangeEffect::RunsSecond => format!(
                "{named} comes twice, because clocks go back at {at}: it runs the second time (dstOverlap is second)"
            ),
            ClockChangeEffect::RunsTwice => {
                format!(
                    "{named} comes twice, because clocks go back at {at}: it runs twice (dstOverlap is both)"
                )
            }
        })
    }
}

impl FireTimes {
    /// The next `n` changes of the clocks after `instant`, within two years.
    #[must_use]
    pub fn clock_changes(&self, instant: Timestamp, n: usize) -> Vec<ClockChange> {
        let start = instant.timestamp();
        let steps = (start..start + AHEAD_DAYS * 86_400).step_by(usize::try_from(STEP_SECONDS).unwrap_or(1));
        let changed = steps.filter(|low| self.offset_at(*low) != self.offset_at(low + STEP_SECONDS));
        changed
            .take(n)
            .filter_map(|low| self.clock_change(self.change_between(low, low + STEP_SECONDS)))
            .collect()
    }

    fn clock_change(&self, second: i64) -> Option<ClockChange> {
        let at = chrono::DateTime::from_timestamp(second, 0)?;
        let (before, after) = (self.offset_at(second - 1), self.offset_at(second));
        // The wall clock jumps from one of these to the other.
        let (low, high) = (before.min(after), before.max(after));
        let (start, end) = (wall_clock(second + i64::from(low)), wall_clock(second + i64::from(high)));
        let named = self.next_local(start - TimeDelta::seconds(1)).filter(|named| *named < end);
        let is_gap = after > before;
        let effect = match (named, is_gap) {
            (None, _) => ClockChangeEffect::None,
            _ if self.expression.is_real_time() => ClockChangeEffect::None,
            (Some(_), true) if self.runs_after_gaps() && end - start <= LONGEST_GAP => {
                ClockChangeEffect::RunsAfterGap
            }
            (Some(_), true) => ClockChangeEffect::Skipped,
            (Some(_), false) => match self.overlap {
                DstOverlap::First => ClockChangeEffect::RunsFirst,
                DstOverlap::Second => ClockChangeEffect::RunsSecond,
                DstOverlap::Both => ClockChangeEffect::RunsTwice,
            },
        };
        Some(ClockChange { at, offset_before: before, offset_after: after, named, effect })
    }
}
