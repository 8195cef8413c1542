//! What an expression may say, what it means by the wall clock, and how a wrong one is refused.

use chrono::{NaiveDate, NaiveDateTime};

use super::expression;
use crate::schedule::{CronExpression, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy, parse_zone};

fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

/// The days in 2026 from `from` on which it is due.
fn days(text: &str, from: &str, n: usize) -> Vec<String> {
    let expression = expression(text);
    let mut cursor = local(&format!("{from} 00:00:00")) - chrono::TimeDelta::seconds(1);
    let mut found: Vec<NaiveDate> = Vec::new();
    while found.len() < n {
        cursor = expression.next_local(cursor).unwrap();
        if found.last() != Some(&cursor.date()) {
            found.push(cursor.date());
        }
    }
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn sunday_is_0_and_7_and_a_name() {
    for text in ["0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * SUN", "0 0 * * Sun"] {
        assert_eq!(days(text, "2026-01-01", 2), ["2026-01-04", "2026-01-11"], "{text}");
    }
    for text in ["0 0 * * 6-7", "0 0 * * sat-sun", "0 0 * * SAT,SUN", "0 0 * * 0,6"] {
        assert_eq!(days(text, "2026-01-01", 3), ["2026-01-03", "2026-01-04", "2026-01-10"], "{text}");
    }
    assert_eq!(days("0 0 * * 1-5/2", "2026-01-01", 3), ["2026-01-02", "2026-01-05", "2026-01-07"]);
    assert_eq!(days("0 0 * * 0-7", "2026-01-01", 2), ["2026-01-01", "2026-01-02"]);
}

#[test]
fn two_restricted_day_fields_are_an_or() {
    assert_eq!(days("0 0 13 * 5", "2026-01-01", 4), ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]);
    // A star at the start does not restrict: both must match.
    assert_eq!(days("0 0 */2 * 5", "2026-01-01", 3), ["2026-01-09", "2026-01-23", "2026-02-13"]);
    assert_eq!(days("0 0 13 * *", "2026-01-01", 2), ["2026-01-13", "2026-02-13"]);
    assert_eq!(days("0 0 1-31 * 5", "2026-01-01", 2), ["2026-01-01", "2026-01-02"]);
}

#[test]
fn the_day_rules() {
    assert_eq!(days("0 0 L * *", "2026-01-01", 3), ["2026-01-31", "2026-02-28", "2026-03-31"]);
    assert_eq!(days("0 0 lw * *", "2026-01-01", 3), ["2026-01-30", "2026-02-27", "2026-03-31"]);
    // The 15th is a Sunday in February and March, a Saturday in August.
    assert_eq!(days("0 0 15W * *", "2026-02-01", 2), ["2026-02-16", "2026-03-16"]);
    assert_eq!(days("0 0 15W 8 *", "2026-01-01", 1), ["2026-08-14"]);
    // It stays in its month: the 1st is a Sunday in February, a Saturday in August; 31 May is a Sunday.
    assert_eq!(days("0 0 1W 2,8 *", "2026-01-01", 2), ["2026-02-02", "2026-08-03"]);
    assert_eq!(days("0 0 31W * *", "2026-04-01", 2), ["2026-05-29", "2026-07-31"]);
    assert_eq!(days("0 0 * * 5#2", "2026-01-01", 2), ["2026-01-09", "2026-02-13"]);
    assert_eq!(days("0 0 * * FRI#5", "2026-01-01", 2), ["2026-01-30", "2026-05-29"]);
    assert_eq!(days("0 0 * * 7#1", "2026-01-01", 2), ["2026-01-04", "2026-02-01"]);
    assert_eq!(days("0 0 * * 5L", "2026-01-01", 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(days("0 0 * * friL", "2026-01-01", 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(days("0 0 1,L * *", "2026-01-01", 3), ["2026-01-01", "2026-01-31", "2026-02-01"]);
    assert_eq!(days("0 0 10,L * 1#1", "2026-01-01", 3), ["2026-01-05", "2026-01-10", "2026-01-31"]);
    assert_eq!(days("0 0 * 2 1#5", "2026-01-01", 1), ["2044-02-29"]);
}

#[test]
fn nicknames_and_seconds() {
    for (nickname, line) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ] {
        let (nickname, line) = (expression(nickname), expression(line));
        let mut cursor = local("2026-02-03 04:05:06");
        for _ in 0..5 {
            assert_eq!(nickname.next_local(cursor), line.next_local(cursor));
            cursor = line.next_local(cursor).unwrap();
        }
    }
    let seconds = expression("*/20 59 23 * * *");
    assert_eq!(seconds.next_local(local("2026-01-01 23:59:40")), Some(local("2026-01-02 23:59:00")));
    assert_eq!(seconds.next_local(local("2026-01-01 23:59:39")), Some(local("2026-01-01 23:59:40")));
}

#[test]
fn an_error_names_the_field() {
    for (text, part) in [
        ("60 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("5/15 * * * *", "minute"),
        ("+5 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("*/60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* 22-2 * * *", "hour"),
        ("* * 0 * *", "day-of-month"),
        ("* * 32 * *", "day-of-month"),
        ("* * 32W * *", "day-of-month"),
        ("* * L-2 * *", "day-of-month"),
        ("* * ? * *", "day-of-month"),
        ("* * mon * *", "day-of-month"),
        ("* * * 13 *", "month"),
        ("* * * february *", "month"),
        ("* * * * 8", "day-of-week"),
        ("* * * * L", "day-of-week"),
        ("* * * * 5#6", "day-of-week"),
        ("* * * * 1-5#2", "day-of-week"),
        ("* * * * fri-mon", "day-of-week"),
        ("99999999999 * * * *", "minute"),
        ("60 * * * * *", "second"),
        ("\u{0663} * * * *", "minute"),
        ("*\n* * * *", "five fields"),
        ("0 0\n* * * *", "hour"),
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * * *", "five fields"),
        ("@reboot", "@daily"),
        ("0 0 30 2 *", "never"),
        ("0 0 31 2,4,6,9,11 *", "never"),
        ("0 0 31W 2 *", "never"),
    ] {
        let error = CronExpression::parse(text).expect_err(text);
        assert_eq!((error.code(), error.field()), ("request.field", Some("cronExpression")), "{text}");
        assert!(error.message().contains(part), "{text:?}: {error}");
    }
    let long = format!("{} * * * *", ["1"; 200].join(","));
    assert!(CronExpression::parse(&long).unwrap_err().message().contains("256"));
}

#[test]
fn the_text_stays_as_it_was_written() {
    let text = "  0 9 * *   Mon-FRI ";
    let written = expression(text);
    assert_eq!((written.to_string().as_str(), written.as_str()), (text, text));
    let json = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<CronExpression>(&json).unwrap(), written);
    assert_ne!(written, expression("0 9 * * 1-5"));
    let refused = serde_json::from_str::<CronExpression>("\"0 25 * * *\"").unwrap_err();
    assert!(refused.to_string().contains("hour field"), "{refused}");
}

#[test]
fn real_time_goes_by_the_hour_field() {
    for (text, real_time) in [
        ("*/5 * * * *", true),
        ("0 */2 * * *", true),
        ("@hourly", true),
        ("* 2 * * *", false),
        ("0 0-23 * * *", false),
        ("@daily", false),
    ] {
        assert_eq!(expression(text).is_real_time(), real_time, "{text}");
    }
}

#[test]
fn the_names_of_the_policies() {
    let name = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let names = [
        name(serde_json::to_value(DstGap::default()).unwrap()),
        name(serde_json::to_value(DstOverlap::default()).unwrap()),
        name(serde_json::to_value(MisfirePolicy::default()).unwrap()),
        name(serde_json::to_value(OverlapPolicy::default()).unwrap()),
        name(serde_json::to_value(OverlapPolicy::QueueOne).unwrap()),
        name(serde_json::to_value(OverlapPolicy::CancelRunning).unwrap()),
    ];
    assert_eq!(names, ["runAfter", "first", "latest", "skip", "queueOne", "cancelRunning"]);
}

#[test]
fn zones_are_names_of_the_database() {
    assert_eq!(parse_zone("Europe/Berlin").unwrap(), chrono_tz::Europe::Berlin);
    assert_eq!(parse_zone("").unwrap(), chrono_tz::UTC);
    for name in ["EST", "Berlin", "Europe/Nowhere", "+02:00", "europe/berlin"] {
        assert_eq!(parse_zone(name).unwrap_err().field(), Some("timeZone"), "{name}");
    }
    assert!(crate::schedule::zone_database_version().starts_with("20"));
}
