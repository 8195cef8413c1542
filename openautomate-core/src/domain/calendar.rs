//! Calendars: the days without work that schedules look at.

use std::collections::BTreeSet;

use chrono::Weekday;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{CalendarId, UserId};
use crate::schedule::{DayOff, MAX_DAY_NAME_CHARS, WorkingDays};

/// The most days of a calendar.
pub const MAX_CALENDAR_DAYS: usize = 5_000;

/// A calendar of days without work, for the whole installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// The id.
    pub id: CalendarId,
    /// The name, unique without regard to case.
    pub name: String,
    /// The weekdays without work; never all seven.
    pub weekend: Vec<Weekday>,
    /// The other days without work, by date.
    pub days: Vec<DayOff>,
    /// Who changed it last.
    pub updated_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed by somebody.
    pub updated_at: Timestamp,
    /// Raised with each change, and each time that a schedule begins to use it or stops.
    pub revision: i64,
}

impl Calendar {
    /// Its days as due times are found with them.
    #[must_use]
    pub fn working_days(&self) -> WorkingDays {
        WorkingDays::new(&self.weekend, &self.days)
    }
}

/// Checks the days of a calendar.
///
/// # Errors
/// `Invalid` for `weekend` or `days`.
pub fn check_days(weekend: &[Weekday], days: &[DayOff]) -> Result<()> {
    let weekend: BTreeSet<_> = weekend.iter().map(Weekday::num_days_from_monday).collect();
    if weekend.len() > 6 {
        return Err(Error::invalid_field("weekend", "leaves no working day"));
    }
    if days.len() > MAX_CALENDAR_DAYS {
        return Err(Error::invalid_field("days", format!("holds more than {MAX_CALENDAR_DAYS} days")));
    }
    for (index, day) in days.iter().enumerate() {
        let field = |name: &str| format!("days.{index}.{name}");
        if day.name.chars().count() > MAX_DAY_NAME_CHARS || day.name.chars().any(char::is_control) {
            let message =
                format!("is longer than {MAX_DAY_NAME_CHARS} characters, or holds control characters");
            return Err(Error::invalid_field(field("name"), message));
        }
        match day.until {
            Some(_) if !day.yearly => {
                return Err(Error::invalid_field(field("until"), "is for days that come every year"));
            }
            Some(until) if until < day.date => {
                return Err(Error::invalid_field(field("until"), "is before the first day"));
            }
            _ => {}
        }
    }
    Ok(())
}
