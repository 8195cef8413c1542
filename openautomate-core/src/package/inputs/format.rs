//! The formats of text that are checked, beyond those that JSON Schema checks itself.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};
use uuid::Uuid;

/// Uploaded files: the text is a file's id.
pub(super) const FILE: &str = "file";
/// Assets: the text is an asset's name.
pub(super) const ASSET: &str = "asset";

/// Whether a text is in a format.
pub(super) type Check = fn(&str) -> bool;

/// By name. Whether a file or an asset exists is asked elsewhere (`reference`).
pub(super) const CHECKS: [(&str, Check); 6] = [
    ("date", is_date),
    ("date-time", is_date_time),
    ("time", is_time),
    ("decimal", is_decimal),
    (FILE, is_uuid),
    ("uuid", is_uuid),
];

/// What is said of a text that is not in a format.
pub(super) fn message(format: &str) -> &'static str {
    match format {
        "date" => "is no date as in 2026-01-31",
        "date-time" => "is no date and time as in 2026-01-31T08:30:00+01:00",
        "time" => "is no time as in 08:30:00",
        "decimal" => "is no number",
        "uuid" => "is no UUID",
        FILE => "is not the id of an uploaded file",
        "email" => "is no e-mail address",
        _ => "is not in the format of this input",
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|date| date.year() >= 1)
}

/// Python's dates and times may do without an offset, so these may too. Its seconds end at 59.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    let is_whole = time.strip_prefix(['T', 't', ' ']).is_some_and(is_time);
    is_date(date)
        && is_whole
        && (DateTime::parse_from_rfc3339(text).is_ok()
            || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok()
            || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").is_ok())
}

fn is_time(text: &str) -> bool {
    let (time, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let is_clock = ["%H:%M:%S%.f", "%H:%M"].iter().any(|form| NaiveTime::parse_from_str(time, form).is_ok());
    let seconds = time.get(6..8).unwrap_or_default();
    let is_offset = match offset.get(1..) {
        None => true,
        Some("") => matches!(offset, "Z" | "z"),
        Some(offset) => offset.len() == 5 && NaiveTime::parse_from_str(offset, "%H:%M").is_ok(),
    };
    is_clock && seconds != "60" && is_offset
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_python() {
        let cases: [(Check, &[&str], &[&str]); 4] = [
            (
                is_date,
                &["2026-02-28", "0001-01-01"],
                &["", "2026-02-30", "26-01-01", "2026-1-1", "0000-01-01"],
            ),
            (
                is_date_time,
                &[
                    "2026-01-31T08:30:00Z",
                    "2026-01-31T08:30:00.123456+01:00",
                    "2026-01-31T08:30:00",
                    "2026-01-31T08:30",
                    "2026-01-31t08:30:00z",
                ],
                &["2026-01-31", "2026-01-31T25:00:00Z", "2026-01-31T08:30:60Z", "ääääääääääää", "T"],
            ),
            (
                is_time,
                &["08:30", "08:30:00", "08:30:00.5Z", "08:30:00+01:00"],
                &["8h", "24:00", "08:30:00+1", "+"],
            ),
            (is_decimal, &["1", "-1.50", "1e5", "+.5"], &["", "NaN", "inf", "1,5", "1_0", "0x1"]),
        ];
        for (check, good, bad) in cases {
            for text in good {
                assert!(check(text), "{text}");
            }
            for text in bad {
                assert!(!check(text), "{text}");
            }
        }
    }
}
