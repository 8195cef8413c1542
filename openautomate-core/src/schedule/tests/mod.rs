//! Tests of due times: the dialect, the published vectors, two independent references, and catching up.

mod catch_up;
mod clock_changes;
mod dialect;
mod oracle;
mod reference;
mod vectors;
mod working_days;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{CronExpression, FireTimes, parse_zone};

fn expression(text: &str) -> CronExpression {
    CronExpression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fire_times(text: &str, zone: &str) -> FireTimes {
    FireTimes::new(expression(text), parse_zone(zone).unwrap())
}

/// `2026-03-29T01:00Z`, with or without seconds.
fn utc(text: &str) -> DateTime<Utc> {
    let text = text.trim_end_matches('Z');
    let format = if text.len() == 16 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
    NaiveDateTime::parse_from_str(text, format).unwrap().and_utc()
}

/// The instants at which the zone's offset changes from 2005 to 2035. Each zone is searched once.
fn clock_changes(zone: Tz) -> Arc<Vec<DateTime<Utc>>> {
    static FOUND: Mutex<BTreeMap<&str, Arc<Vec<DateTime<Utc>>>>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap();
    found.entry(zone.name()).or_insert_with(|| Arc::new(search_changes(zone))).clone()
}

fn search_changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let offset = |second: i64| {
        let instant = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
        zone.offset_from_utc_datetime(&instant).fix().local_minus_utc()
    };
    let (start, end) = (utc("2005-01-01T00:00Z").timestamp(), utc("2036-01-01T00:00Z").timestamp());
    let quarters = |day: i64| (day..day + 86_400).step_by(900).map(|second| second + 900);
    let days = (start..end).step_by(86_400).filter(|day| offset(*day) != offset(day + 86_400));
    let changes = days.map(|day| quarters(day).find(|second| offset(*second) != offset(day)).unwrap());
    changes.map(|second| DateTime::from_timestamp(second, 0).unwrap()).collect()
}
