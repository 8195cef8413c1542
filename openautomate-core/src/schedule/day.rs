//! Day rules that no set of numbers can say: `L`, `LW`, `nW`, `d#n`, `dL`.

use chrono::{Datelike, NaiveDate, Weekday};

/// One day of some months, found by counting from their start or end.
///
/// The rules are those of Quartz and of OCPS 1.4 (Open Cron Pattern Specification). `W` never leaves its
/// month, and a month that is too short for `nW` or `d#n` has no such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayRule {
    /// `L`: the last day.
    Last,
    /// `LW`: the last day from Monday to Friday.
    LastWorkday,
    /// `nW`: the day from Monday to Friday nearest to day `n`.
    NearestWorkday(u32),
    /// `d#n`: the `n`th such weekday, 1 to 5.
    Nth(Weekday, u32),
    /// `dL`: the last such weekday.
    LastOf(Weekday),
}

impl DayRule {
    pub(super) fn matches(self, date: NaiveDate) -> bool {
        let (day, length) = (date.day(), days_in_month(date));
        match self {
            Self::Last => day == length,
            Self::LastWorkday => nearest_workday(date, length) == Some(day),
            Self::NearestWorkday(wanted) => nearest_workday(date, wanted) == Some(day),
            Self::Nth(weekday, nth) => date.weekday() == weekday && (day - 1) / 7 + 1 == nth,
            Self::LastOf(weekday) => date.weekday() == weekday && day + 7 > length,
        }
    }
}

fn days_in_month(date: NaiveDate) -> u32 {
    u32::from(date.num_days_in_month())
}

/// The day from Monday to Friday nearest to day `wanted` in the month of `date`, if it has that day.
fn nearest_workday(date: NaiveDate, wanted: u32) -> Option<u32> {
    let nearest = match date.with_day(wanted)?.weekday() {
        Weekday::Sat if wanted == 1 => 3,
        Weekday::Sat => wanted - 1,
        Weekday::Sun if wanted == days_in_month(date) => wanted - 2,
        Weekday::Sun => wanted + 1,
        _ => wanted,
    };
    Some(nearest)
}
