//! A slow reference that shares no code with the schedule: it looks at every minute of UTC in turn.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{clock_changes, expression, utc};
use crate::schedule::{DstGap, DstOverlap, FireTimes, parse_zone};

/// A schedule as plain lists. `None` is `*`; an hour step is `Err(step)`.
#[derive(Clone, Debug)]
struct Plan {
    minutes: Option<Vec<u32>>,
    hours: Result<Vec<u32>, u32>,
    days: Option<Vec<u32>>,
    weekdays: Option<Vec<u32>>,
    gap: DstGap,
    overlap: DstOverlap,
}

fn list(values: Option<&Vec<u32>>) -> String {
    values.map_or_else(
        || "*".to_owned(),
        |values| values.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
    )
}

impl Plan {
    fn text(&self) -> String {
        let hours = match &self.hours {
            Ok(hours) => list(Some(hours)),
            Err(1) => "*".to_owned(),
            Err(step) => format!("*/{step}"),
        };
        format!(
            "{} {hours} {} * {}",
            list(self.minutes.as_ref()),
            list(self.days.as_ref()),
            list(self.weekdays.as_ref())
        )
    }

    fn matches(&self, local: NaiveDateTime) -> bool {
        let has =
            |values: &Option<Vec<u32>>, value| values.as_ref().is_none_or(|values| values.contains(&value));
        let hour = match &self.hours {
            Ok(hours) => hours.contains(&local.hour()),
            Err(step) => local.hour().is_multiple_of(*step),
        };
        let day = has(&self.days, local.day());
        let weekday = has(&self.weekdays, local.weekday().num_days_from_sunday());
        let either = self.days.is_some() && self.weekdays.is_some();
        let date = if either { day || weekday } else { day && weekday };
        hour && date && has(&self.minutes, local.minute())
    }

    /// The due times in `from..to`, by looking at each minute; the margins show what comes twice.
    fn due(&self, zone: chrono_tz::Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let minute = TimeDelta::minutes(1);
        let mut clock = Vec::new();
        let mut instant = from - TimeDelta::hours(3);
        while instant < to + TimeDelta::hours(3) {
            clock.push((instant, zone.from_utc_datetime(&instant.naive_utc()).naive_local()));
            instant += minute;
        }
        let mut first = HashMap::new();
        let mut last = HashMap::new();
        for (instant, local) in &clock {
            first.entry(*local).or_insert(*instant);
            last.insert(*local, *instant);
        }
        let is_real_time = self.hours.is_err();
        let mut due = Vec::new();
        for pair in clock.windows(2) {
            let ((_, before), (instant, local)) = (pair[0], pair[1]);
            let counts = is_real_time
                || match self.overlap {
                    DstOverlap::First => first[&local] == instant,
                    DstOverlap::Second => last[&local] == instant,
                    DstOverlap::Both => true,
                };
            let skipped = (local - before).num_minutes() - 1;
            let runs_after = !is_real_time && self.gap == DstGap::RunAfter && (1..=180).contains(&skipped);
            let mut in_gap = (1..=skipped).map(|n| before + minute * i32::try_from(n).unwrap());
            if (self.matches(local) && counts) || (runs_after && in_gap.any(|local| self.matches(local))) {
                due.push(instant);
            }
        }
        due.retain(|due| (from..to).contains(due));
        due
    }
}

fn some_of(values: Vec<u32>) -> BoxedStrategy<Vec<u32>> {
    let most = values.len().min(5);
    subsequence(values, 1..=most).boxed()
}

fn plan() -> BoxedStrategy<Plan> {
    let early = prop_oneof![some_of((0..4).collect()), some_of((0..24).collect())];
    (
        proptest::option::weighted(0.8, some_of((0..60).collect())),
        prop_oneof![3 => early.prop_map(Ok), 1 => select(vec![1, 2, 3, 5]).prop_map(Err)],
        proptest::option::weighted(0.4, some_of((1..32).collect())),
        proptest::option::weighted(0.4, some_of((0..7).collect())),
        select(vec![DstGap::RunAfter, DstGap::Skip]),
        select(vec![DstOverlap::First, DstOverlap::Second, DstOverlap::Both]),
    )
        .prop_map(|(minutes, hours, days, weekdays, gap, overlap)| Plan {
            minutes,
            hours,
            days,
            weekdays,
            gap,
            overlap,
        })
        .boxed()
}

const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Antarctica/Troll",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_looking_at_every_minute(plan in plan(), zone in select(ZONES.to_vec()), place in 0..1_000_usize, shift in 0..1_440_i64) {
        let zone = parse_zone(zone).unwrap();
        let changes = clock_changes(zone);
        let from = changes[place % changes.len()] - TimeDelta::minutes(shift);
        let to = from + TimeDelta::minutes(1_500);
        let times = FireTimes { expression: expression(&plan.text()), zone, gap: plan.gap, overlap: plan.overlap };
        let expected = plan.due(zone, from, to);

        let tick = TimeDelta::microseconds(1);
        let due: Vec<_> = times.iter_after(from - tick).take_while(|due| *due < to).collect();
        prop_assert_eq!(&due, &expected, "{} in {} from {}", plan.text(), zone, from);
        prop_assert_eq!(times.count_between(from - tick, to - tick), expected.len() as u64);
        let newest = times.newest_between(from - tick, to - tick, 3);
        prop_assert_eq!(&newest[..], &expected[expected.len().saturating_sub(3)..]);

        // From any instant within, also inside both passes of an overlap, the next is the next.
        for minutes in (0..1_500).step_by(17) {
            let cursor = from + TimeDelta::minutes(minutes);
            let next = expected.iter().copied().find(|due| *due > cursor);
            let found = times.next_after(cursor);
            prop_assert!(found.is_none_or(|found| found > cursor));
            prop_assert_eq!(found.filter(|due| *due < to), next, "{} in {} after {}", plan.text(), zone, cursor);
        }
    }
}

#[test]
fn the_reference_knows_samoa() {
    let plan = Plan {
        minutes: Some(vec![0]),
        hours: Ok(vec![12]),
        days: Some(vec![30]),
        weekdays: None,
        gap: DstGap::RunAfter,
        overlap: DstOverlap::First,
    };
    let zone = parse_zone("Pacific/Apia").unwrap();
    assert!(plan.due(zone, utc("2011-12-29T00:00Z"), utc("2012-01-01T00:00Z")).is_empty());
}
