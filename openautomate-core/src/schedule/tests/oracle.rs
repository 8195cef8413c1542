//! Random expressions against `croner`, wherever both define the same rule.
//!
//! The rules differ in these places, which the generator leaves out:
//! - a day field that starts with `*` but is longer: here it does not restrict (crontab(5)), there it does;
//! - more than one day rule in a field;
//! - where clocks change, `croner` treats everything but a single time of day as real time, so that a list
//!   of hours or minutes beside fixed hours is compared in UTC only;
//! - a gap of more than two hours is an error there.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use croner::parser::CronParser;
use proptest::prelude::*;
use proptest::sample::select;

use super::{clock_changes, expression, utc};
use crate::schedule::{CronExpression, FireTimes, parse_zone};

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Africa/Casablanca",
];

fn numbers(min: u32, max: u32) -> BoxedStrategy<String> {
    prop_oneof![
        4 => (min..=max).prop_map(|n| n.to_string()),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{},{}", a.min(b), a.max(b))),
        1 => (min..=max, min..=max, 1..4_u32).prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
    ]
    .boxed()
}

fn starred(max: u32, numbers: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![
        1 => Just("*".to_owned()),
        1 => (2..=max).prop_map(|step| format!("*/{step}")),
        3 => numbers,
    ]
    .boxed()
}

fn day_of_month() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        3 => numbers(1, 31),
        1 => select(vec!["L", "LW"]).prop_map(str::to_owned),
        1 => (1..=31_u32).prop_map(|day| format!("{day}W")),
    ]
    .boxed()
}

fn day_of_week() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        2 => numbers(0, 7),
        1 => select(vec!["SUN", "mon", "Tue", "wed-FRI", "sat", "mon,thu"]).prop_map(str::to_owned),
        1 => (0..=7_u32, 1..=5_u32).prop_map(|(day, nth)| format!("{day}#{nth}")),
        1 => (0..=7_u32).prop_map(|day| format!("{day}L")),
    ]
    .boxed()
}

fn line() -> BoxedStrategy<String> {
    let second =
        prop_oneof![3 => Just(String::new()), 1 => starred(59, numbers(0, 59)).prop_map(|s| s + " ")];
    // Most changes are between midnight and four.
    let hours = prop_oneof![starred(23, numbers(0, 23)), (0..4_u32).prop_map(|hour| hour.to_string())];
    let month = prop_oneof![3 => Just("*".to_owned()), 1 => numbers(1, 12), 1 => Just("mar,OCT".to_owned())];
    (second, starred(59, numbers(0, 59)), hours, day_of_month(), month, day_of_week())
        .prop_map(|(second, minute, hour, dom, month, dow)| {
            format!("{second}{minute} {hour} {dom} {month} {dow}")
        })
        .boxed()
}

fn has_one_time_of_day(line: &str) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let time = &fields[..fields.len() - 3];
    time.iter().all(|field| field.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An instant anywhere, or close to a change of the clocks.
fn instant(zone: &str, place: u32, shift: i64) -> DateTime<Utc> {
    let changes = clock_changes(parse_zone(zone).unwrap());
    match changes.len() {
        0 => utc("2015-01-01T00:00Z") + TimeDelta::seconds(i64::from(place) * 300_000 + shift),
        count => changes[place as usize % count] + TimeDelta::seconds(shift),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_croner(line in line(), zone in select(ZONES.to_vec()), place in 0..2_000_u32, shift in -200_000..200_000_i64) {
        let Ok(ours) = CronExpression::parse(&line) else {
            // Refused as never coming true; the oracle finds nothing either.
            let theirs = CronParser::new().parse(&line).unwrap();
            prop_assert!(theirs.find_next_occurrence(&utc("2020-01-01T00:00Z"), false).is_err(), "{line}");
            return Ok(());
        };
        let same_rule = ours.is_real_time() || has_one_time_of_day(&line);
        let zone = if same_rule { zone } else { "UTC" };
        let times = FireTimes::new(ours, parse_zone(zone).unwrap());
        let theirs = CronParser::new().parse(&line).unwrap();
        let mut cursor = instant(zone, place, shift);
        for _ in 0..4 {
            let oracle = theirs.find_next_occurrence(&cursor.with_timezone(&times.zone), false);
            let Some(due) = times.next_after(cursor) else {
                // Our calendar ends in 2100, theirs in 5000: a fifth Sunday in February is that rare.
                prop_assert!(oracle.is_err() || oracle.is_ok_and(|due| due.year() > 2100), "{line}");
                break;
            };
            let oracle = oracle.unwrap();
            prop_assert_eq!(due, oracle.to_utc(), "{} in {} after {}", line, zone, cursor);
            prop_assert!(due > cursor);
            cursor = due;
        }
    }
}

#[test]
fn the_oracle_sees_the_gap() {
    let times = FireTimes::new(expression("30 2 * * *"), parse_zone("Europe/Berlin").unwrap());
    let oracle = CronParser::new().parse("30 2 * * *").unwrap();
    let start = utc("2026-03-28T12:00Z");
    let theirs = oracle.find_next_occurrence(&start.with_timezone(&times.zone), false).unwrap();
    assert_eq!(times.next_after(start), Some(theirs.to_utc()));
}
