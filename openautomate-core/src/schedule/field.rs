//! One field of a crontab line: a list of numbers, names, ranges and steps, and the day rules.

use chrono::Weekday;

use super::day::DayRule;
use crate::error::{Error, Result};

/// What a field may hold. Weekdays are 0 to 7, where 0 and 7 are Sunday.
#[derive(Debug)]
pub(super) struct FieldKind {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

pub(super) const SECOND: FieldKind = FieldKind { name: "second", min: 0, max: 59, names: &[] };
pub(super) const MINUTE: FieldKind = FieldKind { name: "minute", min: 0, max: 59, names: &[] };
pub(super) const HOUR: FieldKind = FieldKind { name: "hour", min: 0, max: 23, names: &[] };
pub(super) const DAY_OF_MONTH: FieldKind = FieldKind { name: "day-of-month", min: 1, max: 31, names: &[] };
pub(super) const MONTH: FieldKind = FieldKind {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub(super) const DAY_OF_WEEK: FieldKind = FieldKind {
    name: "day-of-week",
    min: 0,
    max: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl FieldKind {
    /// Every value, as a set; Sunday is 0 alone.
    pub(super) fn all(&self) -> u64 {
        fold_sunday(self, span(self.min, self.max))
    }

    fn error(&self, what: &str) -> Error {
        Error::invalid_field("cronExpression", format!("the {} field {what}", self.name))
    }

    fn is(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a field says: a set of values (bit `n` is value `n`) and, in the day fields, rules beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) values: u64,
    pub(super) rules: Vec<DayRule>,
    /// Whether the text starts with `*`: the mark by which Vixie cron tells a field that restricts nothing.
    pub(super) starts_with_star: bool,
}

impl Field {
    /// Reads the text of one field.
    ///
    /// # Errors
    /// `Invalid` for `cronExpression`, naming the field and what it may hold.
    pub(super) fn parse(kind: &FieldKind, text: &str) -> Result<Self> {
        let mut field = Self { starts_with_star: text.starts_with('*'), ..Self::default() };
        let text = text.to_ascii_lowercase();
        for item in text.split(',') {
            if item.is_empty() {
                return Err(kind.error("has an empty place in its list; remove the extra comma"));
            }
            match day_rule(kind, item)? {
                Some(rule) => field.rules.push(rule),
                None => field.values |= values(kind, item)?,
            }
        }
        field.values = fold_sunday(kind, field.values);
        Ok(field)
    }

    pub(super) fn contains(&self, value: u32) -> bool {
        self.values >> value & 1 == 1
    }

    /// How many values are below `value`.
    pub(super) fn count_below(&self, value: u32) -> u64 {
        u64::from((self.values & !(u64::MAX << value)).count_ones())
    }

    /// The least value that is not below `value`, which is less than 64.
    pub(super) fn first_from(&self, value: u32) -> Option<u32> {
        let rest = self.values & (u64::MAX << value);
        (rest != 0).then(|| rest.trailing_zeros())
    }

    pub(super) fn count(&self) -> u64 {
        u64::from(self.values.count_ones())
    }
}

fn span(low: u32, high: u32) -> u64 {
    (low..=high).fold(0, |set, value| set | 1 << value)
}

fn fold_sunday(kind: &FieldKind, values: u64) -> u64 {
    if kind.is(&DAY_OF_WEEK) { (values | values >> 7) & 0x7f } else { values }
}

fn values(kind: &FieldKind, item: &str) -> Result<u64> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let (low, high) = if range == "*" {
        (kind.min, kind.max)
    } else if let Some((low, high)) = range.split_once('-') {
        let low = value(kind, low)?;
        // Sunday ends a week as well as it starts one: `sat-sun` is 6-7.
        let high = if kind.is(&DAY_OF_WEEK) && high == "sun" { 7 } else { value(kind, high)? };
        if low > high {
            return Err(kind.error("has a range that runs downwards; write it as two ranges with a comma"));
        }
        (low, high)
    } else {
        let only = value(kind, range)?;
        if step.is_some() {
            return Err(kind.error("has a step after a single value; put a range or `*` before the `/`"));
        }
        (only, only)
    };
    let Some(step) = step else { return Ok(span(low, high)) };
    let step = number(step).filter(|step| (1..=kind.max).contains(step));
    let step = step.ok_or_else(|| kind.error(&format!("has a step that is not from 1 to {}", kind.max)))?;
    Ok((low..=high).step_by(step as usize).fold(0, |set, value| set | 1 << value))
}

fn value(kind: &FieldKind, text: &str) -> Result<u32> {
    let named = kind.names.iter().position(|name| *name == text);
    let value = match named.and_then(|index| u32::try_from(index).ok()) {
        Some(index) => Some(index + kind.min),
        None => number(text).filter(|value| (kind.min..=kind.max).contains(value)),
    };
    value.ok_or_else(|| {
        let names = match kind.names {
            [first, .., last] => format!(" or names from {first} to {last}"),
            _ => String::new(),
        };
        kind.error(&format!("holds something that it can't; it takes {} to {}{names}", kind.min, kind.max))
    })
}

/// Digits only: `u32::from_str` would take a plus sign too.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn day_rule(kind: &FieldKind, item: &str) -> Result<Option<DayRule>> {
    if kind.is(&DAY_OF_MONTH) {
        return match item {
            "l" => Ok(Some(DayRule::Last)),
            "lw" => Ok(Some(DayRule::LastWorkday)),
            _ if item.starts_with('l') => {
                Err(kind.error("takes `L` or `LW` alone; there is no offset from the end"))
            }
            _ => match item.strip_suffix('w') {
                Some(day) => Ok(Some(DayRule::NearestWorkday(value(kind, day)?))),
                None => Ok(None),
            },
        };
    }
    if !kind.is(&DAY_OF_WEEK) {
        return Ok(None);
    }
    if let Some((day, nth)) = item.split_once('#') {
        let nth = number(nth).filter(|nth| (1..=5).contains(nth));
        let nth = nth.ok_or_else(|| kind.error("has a `#` that is not followed by 1 to 5"))?;
        return Ok(Some(DayRule::Nth(weekday(kind, day)?, nth)));
    }
    match item.strip_suffix('l') {
        Some("") => Err(kind.error("has an `L` without a weekday before it, as in `5L`")),
        Some(day) => Ok(Some(DayRule::LastOf(weekday(kind, day)?))),
        None => Ok(None),
    }
}

fn weekday(kind: &FieldKind, text: &str) -> Result<Weekday> {
    const DAYS: [Weekday; 7] =
        [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];
    let day = value(kind, text)?;
    Ok(DAYS[day as usize % DAYS.len()])
}
