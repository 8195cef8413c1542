//! Calendars of days without work, and where a due time goes that falls on one.
//!
//! A crontab line names days and, apart from them, times of day. A calendar changes the days alone: a due time that
//! is moved keeps its wall-clock time, and what falls together is due once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// The longest name of a day, in characters.
pub const MAX_DAY_NAME_CHARS: usize = 200;

/// No due time is moved over more days without work than these.
const LONGEST_BREAK: usize = 366;

/// What happens to a due time on a day without work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CalendarRule {
    /// It is not due.
    #[default]
    Skip,
    /// It is due on the working day before, at the same wall-clock time.
    RunBefore,
    /// It is due on the working day after, at the same wall-clock time.
    RunAfter,
}

/// A day without work, once or every year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DayOff {
    /// The day, or the first of those that come every year.
    pub date: NaiveDate,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Whether it comes every year. A 29th of February comes in leap years only.
    #[serde(default)]
    pub yearly: bool,
    /// The last day on which it may come, if it comes every year and not for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl DayOff {
    fn comes_on(&self, date: NaiveDate) -> bool {
        date >= self.date && self.until.is_none_or(|until| date <= until)
    }
}

/// Which days are worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDays {
    weekend: Vec<Weekday>,
    once: BTreeSet<NaiveDate>,
    yearly: BTreeMap<(u32, u32), Vec<DayOff>>,
}

impl WorkingDays {
    /// Every day but these weekdays and these days.
    #[must_use]
    pub fn new(weekend: &[Weekday], days: &[DayOff]) -> Self {
        let mut found = Self { weekend: weekend.to_vec(), ..Self::default() };
        for day in days {
            if day.yearly {
                let place = (day.date.month(), day.date.day());
                found.yearly.entry(place).or_default().push(day.clone());
            } else {
                found.once.insert(day.date);
            }
        }
        found
    }

    /// Whether a day is worked on.
    #[must_use]
    pub fn contains(&self, date: NaiveDate) -> bool {
        let comes = |days: &Vec<DayOff>| days.iter().any(|day| day.comes_on(date));
        !self.weekend.contains(&date.weekday())
            && !self.once.contains(&date)
            && !self.yearly.get(&(date.month(), date.day())).is_some_and(comes)
    }
}

/// A calendar as a schedule uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarUse {
    /// The days.
    pub days: Arc<WorkingDays>,
    /// What happens on the others.
    pub rule: CalendarRule,
}

impl CalendarUse {
    /// Whether something is due on a date, if `named` tells of each date whether the expression names it.
    pub(super) fn is_due_on(&self, date: NaiveDate, named: impl Fn(NaiveDate) -> bool) -> bool {
        if !self.days.contains(date) {
            return false;
        }
        let is_break = |other: &NaiveDate| !self.days.contains(*other);
        named(date)
            || match self.rule {
                CalendarRule::Skip => false,
                // What comes here is due on the days off that follow, or that went before.
                CalendarRule::RunBefore => {
                    let after = date.iter_days().skip(1).take(LONGEST_BREAK);
                    after.take_while(is_break).any(named)
                }
                CalendarRule::RunAfter => {
                    let before = std::iter::successors(date.pred_opt(), NaiveDate::pred_opt);
                    before.take(LONGEST_BREAK).take_while(is_break).any(named)
                }
            }
    }
}
