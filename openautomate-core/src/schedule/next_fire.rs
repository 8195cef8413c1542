//! From wall-clock times to instants: time zones, and what happens when clocks change.

use std::str::FromStr;

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

use super::cron::CronExpression;
use super::working_days::CalendarUse;
use crate::error::{Error, Result};

/// A longer gap than this is a changed calendar, not summer time, and runs nothing (Samoa had no
/// 2011-12-30). Vixie cron, too, treats only changes under three hours as summer time.
pub(super) const LONGEST_GAP: TimeDelta = TimeDelta::hours(3);

/// What happens to a due time that does not exist, because clocks went forward over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DstGap {
    /// It is due at the first instant after the gap; several that fall together are due once.
    #[default]
    RunAfter,
    /// It is not due.
    Skip,
}

/// What happens to a due time that exists twice, because clocks went back over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DstOverlap {
    /// It is due at the first of the two.
    #[default]
    First,
    /// It is due at the second of the two.
    Second,
    /// It is due at both.
    Both,
}

/// The due times of an expression in a time zone.
///
/// # Contract
/// - Due times are whole seconds and strictly increasing; the same five values always give the same ones.
/// - A due time in a gap follows `gap`; a gap of more than three hours counts as [`DstGap::Skip`].
/// - A due time in an overlap follows `overlap`.
/// - If [`CronExpression::is_real_time`], neither applies: the gap adds nothing, and every real occurrence
///   in the overlap is due.
/// - A calendar changes the days on which something is due, never the time of day.
/// - Nothing is due before 1970 or after 2100.
///
/// The default rules are those of cron(8) of the Vixie line (jobs of the skipped time run at once, jobs of
/// the repeated time run once) and of OCPS 1.4.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// use openautomate_core::schedule::{CronExpression, FireTimes, parse_zone};
///
/// let times = FireTimes::new(CronExpression::parse("30 2 * * *")?, parse_zone("Europe/Berlin")?);
/// let before = Utc.with_ymd_and_hms(2026, 3, 28, 12, 0, 0).unwrap();
/// // 02:30 does not exist on that Sunday: it is due at 03:00, which is 01:00 in UTC.
/// assert_eq!(times.next_after(before), Some(Utc.with_ymd_and_hms(2026, 3, 29, 1, 0, 0).unwrap()));
/// # Ok::<(), openautomate_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FireTimes {
    /// When, by the wall clock.
    pub expression: CronExpression,
    /// Whose wall clock.
    pub zone: Tz,
    /// What happens to due times that do not exist.
    pub gap: DstGap,
    /// What happens to due times that exist twice.
    pub overlap: DstOverlap,
    /// Which days are worked on, and what happens on the others; `None` if all are.
    pub calendar: Option<CalendarUse>,
}

impl FireTimes {
    /// The due times of `expression` in `zone`, with the default rules for changing clocks.
    #[must_use]
    pub fn new(expression: CronExpression, zone: Tz) -> Self {
        Self { expression, zone, gap: DstGap::default(), overlap: DstOverlap::default(), calendar: None }
    }

    /// The first due time strictly after `instant`; `None` if there is no more.
    ///
    /// Takes a microsecond or a few; an expression that is due every 28 years (a fifth Monday in February)
    /// takes some hundreds.
    #[must_use]
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if instant > latest() {
            return None;
        }
        // A day before 1970 holds no due time, and from there every zone's local time is representable.
        let instant = instant.max(DateTime::UNIX_EPOCH - TimeDelta::days(2));
        let local = self.zone.from_utc_datetime(&instant.naive_utc()).naive_local();
        let ahead = self.next_from(local, instant);
        if self.rule() == DstOverlap::First {
            return ahead;
        }
        // In the first pass of an overlap, wall-clock times that are behind us come again.
        let again = self.repeat_start(local, instant).and_then(|start| {
            let second = TimeDelta::seconds(1);
            self.next_from(start - second, instant)
        });
        match (ahead, again) {
            (Some(ahead), Some(again)) => Some(ahead.min(again)),
            (ahead, again) => ahead.or(again),
        }
    }

    /// The due times strictly after `instant`, in order.
    pub fn iter_after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        std::iter::successors(self.next_after(instant), |due| self.next_after(*due))
    }

    /// The first `n` due times strictly after `instant`, to show to a person.
    #[must_use]
    pub fn preview(&self, instant: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
        self.iter_after(instant).take(n).collect()
    }

    /// The overlap rule that applies: real-time schedules know only one.
    pub(super) fn rule(&self) -> DstOverlap {
        if self.expression.is_real_time() { DstOverlap::Both } else { self.overlap }
    }

    /// Whether due times in a gap run after it.
    pub(super) fn runs_after_gaps(&self) -> bool {
        self.gap == DstGap::RunAfter && !self.expression.is_real_time()
    }

    /// The first wall-clock time after `after` that the expression and the calendar name.
    pub(super) fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        match &self.calendar {
            None => self.expression.next_local(after),
            Some(_) => self.expression.next_local_on(after, |date| self.is_due_on(date)),
        }
    }

    /// Whether the expression and the calendar name a date.
    pub(super) fn is_due_on(&self, date: NaiveDate) -> bool {
        let named = |date| self.expression.is_due_on(date);
        self.calendar.as_ref().map_or_else(|| named(date), |calendar| calendar.is_due_on(date, named))
    }

    /// The first due time after `instant` among the wall-clock times after `local`.
    fn next_from(&self, local: NaiveDateTime, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut cursor = local;
        loop {
            let found = self.next_local(cursor)?;
            cursor = found;
            let due = match self.zone.from_local_datetime(&found) {
                MappedLocalTime::Single(due) => Some(due),
                MappedLocalTime::Ambiguous(first, second) => match self.rule() {
                    DstOverlap::First => Some(first),
                    DstOverlap::Second => Some(second),
                    DstOverlap::Both => [first, second].into_iter().find(|due| *due > instant),
                },
                MappedLocalTime::None => {
                    let Some(gap) = GapInfo::new(&found, &self.zone) else { continue };
                    let Some(end) = gap.end else { continue };
                    // Whatever else falls into this gap has the same fate.
                    cursor = end.naive_local() - TimeDelta::seconds(1);
                    let before = gap.begin.map_or(0, |(_, offset)| offset.fix().local_minus_utc());
                    let length = TimeDelta::seconds(i64::from(end.offset().fix().local_minus_utc() - before));
                    (self.runs_after_gaps() && length <= LONGEST_GAP).then_some(end)
                }
            };
            if let Some(due) = due.map(|due| due.to_utc()).filter(|due| *due > instant) {
                return Some(due);
            }
        }
    }

    /// If `instant`, which is `local` on the wall clock, is in the first pass of an overlap: the wall-clock
    /// time at which the second pass starts.
    fn repeat_start(&self, local: NaiveDateTime, instant: DateTime<Utc>) -> Option<NaiveDateTime> {
        let MappedLocalTime::Ambiguous(first, second) = self.zone.from_local_datetime(&local) else {
            return None;
        };
        if instant >= second {
            return None;
        }
        let change = self.change_between(first.timestamp(), second.timestamp());
        let offset = i64::from(second.offset().fix().local_minus_utc());
        DateTime::from_timestamp(change + offset, 0).map(|start| start.naive_utc())
    }

    /// The second at which the zone takes the offset of `high`, searched after `low`, in Unix time.
    pub(super) fn change_between(&self, mut low: i64, mut high: i64) -> i64 {
        let new = self.offset_at(high);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.offset_at(middle) == new {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    /// Seconds that the zone is ahead of UTC at a second in Unix time.
    pub(super) fn offset_at(&self, second: i64) -> i32 {
        let instant = DateTime::from_timestamp(second, 0).unwrap_or(DateTime::UNIX_EPOCH);
        self.zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()
    }
}

/// What a clock shows that runs so many seconds after 1970 in Unix time.
pub(super) fn wall_clock(second: i64) -> NaiveDateTime {
    DateTime::from_timestamp(second, 0).unwrap_or(DateTime::UNIX_EPOCH).naive_utc()
}

/// An instant after every due time.
pub(super) fn latest() -> DateTime<Utc> {
    const SECONDS_TO_2101_AND_TWO_DAYS: i64 = 4_134_153_600;
    DateTime::from_timestamp(SECONDS_TO_2101_AND_TWO_DAYS, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Reads the name of a time zone of the IANA database, as in `Europe/Berlin`; an empty name is UTC.
///
/// `EST`, `MST` and `HST` are refused: they mean a fixed offset all year, which is hardly what is meant.
///
/// # Errors
/// `Invalid` for the field `timeZone`.
pub fn parse_zone(name: &str) -> Result<Tz> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(Tz::UTC);
    }
    if ["EST", "MST", "HST"].contains(&name) {
        return Err(Error::invalid_field(
            "timeZone",
            "is an abbreviation without summer time; name a place, as in America/New_York",
        ));
    }
    Tz::from_str(name).map_err(|error| {
        Error::invalid_field(
            "timeZone",
            "is not a time zone of the IANA database; write it as in Europe/Berlin",
        )
        .with_source(error)
    })
}

/// The version of the IANA time zone database that due times are computed with, as in `2026a`.
#[must_use]
pub fn zone_database_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}
