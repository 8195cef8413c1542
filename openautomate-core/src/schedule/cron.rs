//! Crontab lines: the dialect, and the wall-clock times that they name.
//!
//! Sources: crontab(5) of Vixie cron and cronie for the five fields and the rule about the two day fields;
//! OCPS 1.4 and Quartz for the seconds field and for `L`, `W` and `#`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use serde::{Deserialize, Serialize};

use super::day::DayRule;
use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH, SECOND};
use crate::error::{Error, Result};

/// The longest expression, in characters.
pub const MAX_EXPRESSION_CHARS: usize = 256;

/// The last year in which anything is due: as far as the crate `cron` counts.
const LAST_YEAR: i32 = 2100;

/// A crontab expression, read and checked once.
///
/// | field | values |
/// |---|---|
/// | second (optional, first) | 0-59; 0 if left out |
/// | minute | 0-59 |
/// | hour | 0-23 |
/// | day of month | 1-31, `L` (last day), `LW` (last Monday to Friday), `15W` (the one nearest to the 15th) |
/// | month | 1-12 or `jan`-`dec` |
/// | day of week | 0-7 or `sun`-`sat`; 0 and 7 are Sunday; `5#2` (second Friday), `5L` (last Friday) |
///
/// Each field is `*`, a value, a range `a-b`, either with a step (`*/n`, `a-b/n`), or a list of them with
/// commas. Names and letters are read in any case. `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`,
/// `@midnight` and `@hourly` stand for whole lines.
///
/// **The two day fields.** As in Vixie cron, a day field that does not start with `*` is restricted. If both
/// are restricted, a day is due when *either* matches; otherwise *both* must. So `0 0 13 * 5` is every 13th
/// and every Friday, while `0 0 */2 * 5` is the Fridays with an odd date.
///
/// **Refused**, because other crons read them differently or not at all: a step after a single value
/// (`5/15`), a range that runs downwards (`22-2`), a step larger than the field, `?`, `@reboot`, and an
/// expression that never comes true (`0 0 30 2 *`).
///
/// Equality, `Display` and serde go by the text as it was written. A clone shares what was parsed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronExpression {
    text: String,
    parsed: Arc<Parsed>,
}

struct Parsed {
    second: Field,
    minute: Field,
    hour: Field,
    day_of_month: Field,
    month: Field,
    day_of_week: Field,
    /// The schedule is the union of these; there is more than one where the day fields are an OR.
    branches: Vec<Branch>,
}

impl CronExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// `Invalid` for the field `cronExpression`; the message names the crontab field that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        if text.chars().count() > MAX_EXPRESSION_CHARS {
            return Err(invalid(format!("is longer than {MAX_EXPRESSION_CHARS} characters")));
        }
        let line = expand_nickname(text.trim_matches([' ', '\t']))?;
        let mut texts: Vec<&str> = line.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        if texts.len() == 5 {
            texts.insert(0, "0");
        }
        let [second, minute, hour, day_of_month, month, day_of_week] = texts[..] else {
            return Err(invalid(
                "needs five fields (minute, hour, day of month, month, day of week), or six with seconds first",
            ));
        };
        let mut parsed = Parsed {
            second: Field::parse(&SECOND, second)?,
            minute: Field::parse(&MINUTE, minute)?,
            hour: Field::parse(&HOUR, hour)?,
            day_of_month: Field::parse(&DAY_OF_MONTH, day_of_month)?,
            month: Field::parse(&MONTH, month)?,
            day_of_week: Field::parse(&DAY_OF_WEEK, day_of_week)?,
            branches: Vec::new(),
        };
        parsed.branches = parsed.branches()?;
        let expression = Self { text: text.to_owned(), parsed: Arc::new(parsed) };
        if expression.next_local(start_of_time()).is_none() {
            return Err(invalid("never comes true: no month has such a day"));
        }
        Ok(expression)
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first wall-clock time strictly after `after` that the expression names, on a clock that knows
    /// neither zones nor summer time. Nothing is due before 1970 or after 2100.
    #[must_use]
    pub fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        if after.year() > LAST_YEAR {
            return None;
        }
        let after = after.max(start_of_time() - TimeDelta::seconds(1));
        self.parsed.branches.iter().filter_map(|branch| branch.next_local(after)).min()
    }

    /// As [`CronExpression::next_local`], on the dates that `is_due` names instead of those of the expression.
    pub(super) fn next_local_on(
        &self,
        after: NaiveDateTime,
        is_due: impl Fn(NaiveDate) -> bool,
    ) -> Option<NaiveDateTime> {
        let after = after.max(start_of_time() - TimeDelta::seconds(1));
        let start = after.with_nanosecond(0)? + TimeDelta::seconds(1);
        let mut from = start.time();
        for date in start.date().iter_days().take_while(|date| date.year() <= LAST_YEAR) {
            if let Some(time) = self.parsed.time_from(from).filter(|_| is_due(date)) {
                return Some(date.and_time(time));
            }
            from = NaiveTime::MIN;
        }
        None
    }

    /// Whether the expression names a date.
    pub(super) fn is_due_on(&self, date: NaiveDate) -> bool {
        self.parsed.is_due_on(date)
    }

    /// The shortest time between two due times by the wall clock, in seconds; `None` if only one comes in 28 years.
    #[must_use]
    pub fn shortest_interval(&self) -> Option<u64> {
        const DAY: i64 = 86_400;
        let seconds = |time: NaiveTime| i64::from(time.num_seconds_from_midnight());
        let (mut first, mut last, mut shortest) = (None, 0, i64::MAX);
        let mut next = self.parsed.time_from(NaiveTime::MIN);
        while let Some(time) = next {
            match first {
                None => first = Some(seconds(time)),
                Some(_) => shortest = shortest.min(seconds(time) - last),
            }
            last = seconds(time);
            if shortest == 1 {
                return Some(1);
            }
            let after = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(last + 1).ok()?, 0);
            next = after.and_then(|after| self.parsed.time_from(after));
        }
        let night = |days: i64| days * DAY - (last - first.unwrap_or(0));
        let mut before: Option<NaiveDate> = None;
        // The calendar repeats itself after 28 years, but for 2100.
        let dates = NaiveDate::from_ymd_opt(2024, 1, 1)?.iter_days().take(28 * 366);
        for date in dates.filter(|date| self.parsed.is_due_on(*date)) {
            if let Some(before) = before {
                shortest = shortest.min(night((date - before).num_days()));
                if date.pred_opt() == Some(before) {
                    break;
                }
            }
            before = Some(date);
        }
        (shortest < i64::MAX).then_some(shortest.cast_unsigned())
    }

    /// Whether the schedule follows real time instead of the wall clock: its hour field starts with `*`.
    ///
    /// This is the `HR_STAR` mark of Vixie cron. "Every hour" and "every 2 hours" mean a distance, so a
    /// change of the clocks adds nothing and takes nothing away.
    #[must_use]
    pub fn is_real_time(&self) -> bool {
        self.parsed.hour.starts_with_star
    }

    /// How many wall-clock times in `from..to` the expression names; counted by whole days, not one by one.
    /// `is_due` names the dates.
    pub(super) fn count_local(
        &self,
        from: NaiveDateTime,
        to: NaiveDateTime,
        is_due: impl Fn(NaiveDate) -> bool,
    ) -> u64 {
        let first = from.max(start_of_time());
        let last = to.min(end_of_time());
        let before = |date, time| if is_due(date) { self.parsed.count_before(time) } else { 0 };
        if first >= last {
            return 0;
        }
        let whole_days = first.date().iter_days().take_while(|date| *date < last.date());
        let whole = whole_days.filter(|date| is_due(*date)).count() as u64;
        whole * self.parsed.count_in_day() + before(last.date(), last.time())
            - before(first.date(), first.time())
    }
}

fn start_of_time() -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc()
}

fn end_of_time() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(LAST_YEAR + 1, 1, 1).unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN)
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid_field("cronExpression", message)
}

fn expand_nickname(line: &str) -> Result<&str> {
    let Some(nickname) = line.strip_prefix('@') else { return Ok(line) };
    Ok(match nickname.to_ascii_lowercase().as_str() {
        "yearly" | "annually" => "0 0 1 1 *",
        "monthly" => "0 0 1 * *",
        "weekly" => "0 0 * * 0",
        "daily" | "midnight" => "0 0 * * *",
        "hourly" => "0 * * * *",
        _ => {
            return Err(invalid(
                "starts with `@` but is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly",
            ));
        }
    })
}

impl Parsed {
    /// Splits the day fields into what the crate `cron` can walk, which joins its day fields by AND only.
    fn branches(&self) -> Result<Vec<Branch>> {
        let by_month_day = alternatives(&self.day_of_month, DAY_OF_MONTH.all());
        let by_weekday = alternatives(&self.day_of_week, DAY_OF_WEEK.all());
        if self.days_are_joined_by_and() {
            let pairs = by_month_day
                .iter()
                .flat_map(|month_day| by_weekday.iter().map(move |weekday| self.branch(month_day, weekday)));
            return pairs.collect();
        }
        let every = Alternative { values: u64::MAX, rules: Vec::new() };
        let month_days = by_month_day.iter().map(|month_day| self.branch(month_day, &every));
        month_days.chain(by_weekday.iter().map(|weekday| self.branch(&every, weekday))).collect()
    }

    fn branch(&self, month_day: &Alternative, weekday: &Alternative) -> Result<Branch> {
        let text = [
            quartz_list(self.second.values, SECOND.all(), 0),
            quartz_list(self.minute.values, MINUTE.all(), 0),
            quartz_list(self.hour.values, HOUR.all(), 0),
            quartz_list(month_day.values, DAY_OF_MONTH.all(), 0),
            quartz_list(self.month.values, MONTH.all(), 0),
            // Quartz counts weekdays from 1, which is Sunday; crontab counts from 0.
            quartz_list(weekday.values, DAY_OF_WEEK.all(), 1),
        ]
        .join(" ");
        let schedule = cron::Schedule::from_str(&text).map_err(|error| {
            Error::internal("schedule.expression", "an expression that was checked can't be read")
                .with_source(error)
        })?;
        Ok(Branch { schedule, month_day: month_day.rules.clone(), weekday: weekday.rules.clone() })
    }

    fn days_are_joined_by_and(&self) -> bool {
        self.day_of_month.starts_with_star || self.day_of_week.starts_with_star
    }

    fn is_due_on(&self, date: NaiveDate) -> bool {
        let matches =
            |field: &Field, value| field.contains(value) || field.rules.iter().any(|r| r.matches(date));
        let month_day = matches(&self.day_of_month, date.day());
        let weekday = matches(&self.day_of_week, date.weekday().num_days_from_sunday());
        let day = if self.days_are_joined_by_and() { month_day && weekday } else { month_day || weekday };
        day && self.month.contains(date.month())
    }

    /// The first time of day that is named and not before `from`.
    fn time_from(&self, from: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (from.hour(), from.minute(), from.second());
        let named = |hour, minute, second| NaiveTime::from_hms_opt(hour?, minute?, second?);
        if self.hour.contains(hour) {
            if self.minute.contains(minute)
                && let Some(second) = self.second.first_from(second)
            {
                return named(Some(hour), Some(minute), Some(second));
            }
            if let Some(minute) = self.minute.first_from(minute + 1) {
                return named(Some(hour), Some(minute), self.second.first_from(0));
            }
        }
        named(self.hour.first_from(hour + 1), self.minute.first_from(0), self.second.first_from(0))
    }

    fn count_in_day(&self) -> u64 {
        self.hour.count() * self.minute.count() * self.second.count()
    }

    /// How many times of a due day are before `time`.
    fn count_before(&self, time: NaiveTime) -> u64 {
        let in_minute =
            if self.minute.contains(time.minute()) { self.second.count_below(time.second()) } else { 0 };
        let in_hour = self.minute.count_below(time.minute()) * self.second.count() + in_minute;
        let earlier = self.hour.count_below(time.hour()) * self.minute.count() * self.second.count();
        earlier + if self.hour.contains(time.hour()) { in_hour } else { 0 }
    }
}

/// One way to meet a day field: one of these values and, if there are rules, any one of them.
struct Alternative {
    values: u64,
    rules: Vec<DayRule>,
}

fn alternatives(field: &Field, all: u64) -> Vec<Alternative> {
    let mut found = Vec::new();
    if field.values != 0 {
        found.push(Alternative { values: field.values, rules: Vec::new() });
    }
    // Where the numbers match every day, the rules beside them add none.
    if !field.rules.is_empty() && field.values != all {
        found.push(Alternative { values: all, rules: field.rules.clone() });
    }
    found
}

fn quartz_list(values: u64, all: u64, shift: u32) -> String {
    if values & all == all {
        return "*".to_owned();
    }
    let listed: Vec<String> =
        (0..u64::BITS).filter(|bit| values >> bit & 1 == 1).map(|bit| (bit + shift).to_string()).collect();
    listed.join(",")
}

struct Branch {
    schedule: cron::Schedule,
    month_day: Vec<DayRule>,
    weekday: Vec<DayRule>,
}

impl Branch {
    fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut cursor = after;
        loop {
            // UTC has no clock changes, so `cron` walks plain wall-clock time.
            let found = self.schedule.after(&cursor.and_utc()).next()?.naive_utc();
            if self.rules_allow(found.date()) {
                return Some(found);
            }
            cursor = found.date().and_hms_opt(23, 59, 59)?;
        }
    }

    fn rules_allow(&self, date: NaiveDate) -> bool {
        let allow = |rules: &[DayRule]| rules.is_empty() || rules.iter().any(|rule| rule.matches(date));
        allow(&self.month_day) && allow(&self.weekday)
    }
}

impl PartialEq for CronExpression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronExpression {}

impl std::hash::Hash for CronExpression {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CronExpression").field(&self.text).finish()
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for CronExpression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CronExpression {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<CronExpression> for String {
    fn from(expression: CronExpression) -> Self {
        expression.text
    }
}
