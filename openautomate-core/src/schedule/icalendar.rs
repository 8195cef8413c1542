//! Days without work out of an iCalendar file (RFC 5545): whole-day events, once or every year.
//!
//! What can't be kept as it is meant is refused with its line, and nothing is left out in silence: times of day, other
//! rules of repetition, exceptions. Cancelled events and everything but events are passed over.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::working_days::{DayOff, MAX_DAY_NAME_CHARS};
use crate::error::{Error, Result};

/// The largest file, in bytes.
pub const MAX_CALENDAR_FILE_BYTES: usize = 512 * 1024;
const MAX_DEPTH: usize = 8;
const MAX_EVENT_DAYS: i64 = 366;
/// The last year in which anything is due.
const LAST_YEAR: i32 = 2100;

/// Reads the whole-day events of an iCalendar file.
///
/// # Errors
/// `Invalid` for the field `icalendar`; the message names the line.
pub fn read_icalendar(text: &str) -> Result<Vec<DayOff>> {
    if text.len() > MAX_CALENDAR_FILE_BYTES {
        return Err(Error::invalid_field(
            "icalendar",
            format!("is longer than {MAX_CALENDAR_FILE_BYTES} bytes"),
        ));
    }
    let mut open: Vec<String> = Vec::new();
    let (mut days, mut event) = (Vec::new(), Event::default());
    let mut last = 1;
    for (number, line) in unfolded(text) {
        last = number;
        let (name, value) = content_line(&line).ok_or_else(|| wrong(number, "is no `name:value`"))?;
        match name.as_str() {
            "BEGIN" => {
                let component = value.to_ascii_uppercase();
                if open.is_empty() != (component == "VCALENDAR") || open.len() >= MAX_DEPTH {
                    return Err(wrong(number, "begins something where it can't"));
                }
                if component == "VEVENT" {
                    event = Event::default();
                }
                open.push(component);
            }
            "END" => {
                let component = open.pop().filter(|component| value.eq_ignore_ascii_case(component));
                let component = component.ok_or_else(|| wrong(number, "ends what did not begin last"))?;
                if component == "VEVENT" {
                    days.extend(std::mem::take(&mut event).days().map_err(|what| wrong(number, what))?);
                }
            }
            _ if open.is_empty() => return Err(wrong(number, "is outside of BEGIN:VCALENDAR")),
            _ if open.last().is_some_and(|component| component == "VEVENT") => {
                event.take(&name, value).map_err(|what| wrong(number, what))?;
            }
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err(wrong(last, "is the last, and something that began has not ended"));
    }
    Ok(days)
}

fn wrong(line: usize, what: &str) -> Error {
    Error::invalid_field("icalendar", format!("line {line} {what}"))
}

/// The content lines with the number at which each begins; a line that begins with a blank goes on with the one before.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

/// Name and value. Parameters are left out: a value of eight digits is a date with `VALUE=DATE` or without.
fn content_line(line: &str) -> Option<(String, &str)> {
    let name_end = line.find([':', ';'])?;
    let name = line.get(..name_end)?;
    let mut is_quoted = false;
    let colon = line.char_indices().find(|(_, char)| {
        is_quoted ^= *char == '"';
        *char == ':' && !is_quoted
    })?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| (name.to_ascii_uppercase(), line.get(colon.0 + 1..).unwrap_or_default().trim()))
}

#[derive(Default)]
struct Event {
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
    length: Option<i64>,
    rule: Option<Yearly>,
    name: String,
    is_cancelled: bool,
}

impl Event {
    fn take(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "DTSTART" => self.start = Some(date(value)?),
            "DTEND" => self.end = Some(date(value)?),
            "DURATION" => self.length = Some(days_of(value).ok_or("has a duration that is not whole days")?),
            "RRULE" => self.rule = Some(Yearly::read(value)?),
            "SUMMARY" => self.name = text(value),
            "STATUS" => self.is_cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            "RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID" => {
                return Err("has exceptions of a repetition, which are not taken; write the days one by one");
            }
            _ => {}
        }
        Ok(())
    }

    /// The days of an event that is over.
    fn days(self) -> Result<Vec<DayOff>, &'static str> {
        if self.is_cancelled {
            return Ok(Vec::new());
        }
        let start = self.start.ok_or("ends an event without DTSTART")?;
        // The end does not belong to the event.
        let length = match self.end {
            Some(end) => (end - start).num_days(),
            None => self.length.unwrap_or(1),
        };
        if !(1..=MAX_EVENT_DAYS).contains(&length) {
            return Err("ends an event that is not 1 to 366 days long");
        }
        let until = self.rule.as_ref().map(|rule| rule.until(start)).transpose()?.flatten();
        let day = |offset| {
            let shift = |date: NaiveDate| date.checked_add_signed(TimeDelta::days(offset));
            Some(DayOff {
                date: shift(start)?,
                name: self.name.clone(),
                yearly: self.rule.is_some(),
                until: until.and_then(shift),
            })
        };
        (0..length).map(day).collect::<Option<_>>().ok_or("ends an event that leaves the calendar")
    }
}

/// A repetition every year on the same date.
struct Yearly {
    count: Option<u32>,
    until: Option<NaiveDate>,
    month: Option<u32>,
    day: Option<u32>,
}

impl Yearly {
    fn read(value: &str) -> Result<Self, &'static str> {
        const OTHER: &str =
            "repeats by another rule than FREQ=YEARLY on the same date; write the days one by one";
        let mut rule = Self { count: None, until: None, month: None, day: None };
        let mut is_yearly = false;
        for part in value.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(OTHER)?;
            let number = || value.parse::<u32>().ok().filter(|number| *number > 0).ok_or(OTHER);
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => is_yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" if number()? == 1 => {}
                "COUNT" => rule.count = Some(number()?),
                "UNTIL" => rule.until = Some(date(value.get(..8).unwrap_or_default())?),
                "BYMONTH" => rule.month = Some(number()?),
                "BYMONTHDAY" => rule.day = Some(number()?),
                "WKST" => {}
                _ => return Err(OTHER),
            }
        }
        if is_yearly { Ok(rule) } else { Err(OTHER) }
    }

    /// The last date on which it may come.
    fn until(&self, start: NaiveDate) -> Result<Option<NaiveDate>, &'static str> {
        let is_same = self.month.is_none_or(|month| month == start.month())
            && self.day.is_none_or(|day| day == start.day());
        if !is_same {
            return Err("ends an event that repeats on another date than its own");
        }
        let Some(count) = self.count else { return Ok(self.until.map(|until| until.max(start))) };
        // A 29th of February is counted when it comes.
        let years = (start.year()..=LAST_YEAR).filter_map(|year| start.with_year(year));
        Ok(years.take(count as usize).last())
    }
}

fn date(value: &str) -> Result<NaiveDate, &'static str> {
    let is_date = value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    let date = is_date.then(|| NaiveDate::parse_from_str(value, "%Y%m%d").ok()).flatten();
    date.ok_or("has no whole day; write it as in DTSTART;VALUE=DATE:20261225")
}

/// `P1D`, `P2W`.
fn days_of(value: &str) -> Option<i64> {
    let rest = value.strip_prefix('P')?;
    let (number, factor) = match rest.strip_suffix('W') {
        Some(weeks) => (weeks, 7),
        None => (rest.strip_suffix('D')?, 1),
    };
    Some(i64::from(number.parse::<u16>().ok()?) * factor)
}

/// A text without its escapes, on one line.
fn text(value: &str) -> String {
    let mut chars = value.chars();
    let mut found = String::new();
    while let Some(char) = chars.next() {
        let char = match char {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => ' ',
                Some(other) => other,
            },
            char if char.is_control() => ' ',
            char => char,
        };
        found.push(char);
    }
    found.trim().chars().take(MAX_DAY_NAME_CHARS).collect()
}
