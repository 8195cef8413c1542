//! A slow reference that shares no code with the schedule: it looks at every minute of UTC in turn.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{clock_changes, expression, utc};
use crate::schedule::{
    CalendarRule, CalendarUse, DayOff, DstGap, DstOverlap, FireTimes, WorkingDays, parse_zone,
};

/// A schedule as plain lists. `None` is `*`; an hour step is `Err(step)`.
#[derive(Clone, Debug)]
struct Plan {
    minutes: Option<Vec<u32>>,
    hours: Result<Vec<u32>, u32>,
    days: Option<Vec<u32>>,
    weekdays: Option<Vec<u32>>,
    gap: DstGap,
    overlap: DstOverlap,
    calendar: Option<Calendar>,
}

/// Weekends, and days of the month that are off in each month.
#[derive(Clone, Debug)]
struct Calendar {
    weekend: bool,
    days: Vec<u32>,
    rule: CalendarRule,
}

impl Calendar {
    fn is_off(&self, date: NaiveDate) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        (self.weekend && weekend) || self.days.contains(&date.day())
    }

    fn used(&self) -> CalendarUse {
        let weekend: &[Weekday] = if self.weekend { &[Weekday::Sat, Weekday::Sun] } else { &[] };
        let months = (1..=12).flat_map(|month| self.days.iter().map(move |day| (month, *day)));
        // A leap year, so that the 29th of February is among them.
        let dates = months.filter_map(|(month, day)| NaiveDate::from_ymd_opt(1972, month, day));
        let days: Vec<_> =
            dates.map(|date| DayOff { date, name: String::new(), yearly: true, until: None }).collect();
        CalendarUse { days: Arc::new(WorkingDays::new(weekend, &days)), rule: self.rule }
    }
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
        hour && has(&self.minutes, local.minute()) && self.is_due_on(local.date())
    }

    fn names(&self, date: NaiveDate) -> bool {
        let has =
            |values: &Option<Vec<u32>>, value| values.as_ref().is_none_or(|values| values.contains(&value));
        let day = has(&self.days, date.day());
        let weekday = has(&self.weekdays, date.weekday().num_days_from_sunday());
        let either = self.days.is_some() && self.weekdays.is_some();
        if either { day || weekday } else { day && weekday }
    }

    /// Whether a date is due, by sending every date that is named within two months to where it goes.
    fn is_due_on(&self, date: NaiveDate) -> bool {
        let Some(calendar) = &self.calendar else { return self.names(date) };
        let goes_to = |named: NaiveDate| {
            let step = match calendar.rule {
                CalendarRule::Skip => return (!calendar.is_off(named)).then_some(named),
                CalendarRule::RunBefore => -1,
                CalendarRule::RunAfter => 1,
            };
            (0..60).map(|days| named + TimeDelta::days(days * step)).find(|date| !calendar.is_off(*date))
        };
        let near = (-60..=60).map(|days| date + TimeDelta::days(days));
        near.filter(|near| self.names(*near)).any(|near| goes_to(near) == Some(date))
    }

    /// The due times in `from..to` among the minutes of a clock.
    fn due(&self, clock: &Clock, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let minute = TimeDelta::minutes(1);
        let is_real_time = self.hours.is_err();
        let mut due = Vec::new();
        for pair in clock.0.windows(2) {
            let (before, now) = (pair[0].local, pair[1]);
            let counts = is_real_time
                || match self.overlap {
                    DstOverlap::First => now.is_first,
                    DstOverlap::Second => now.is_last,
                    DstOverlap::Both => true,
                };
            let skipped = (now.local - before).num_minutes() - 1;
            let runs_after = !is_real_time && self.gap == DstGap::RunAfter && (1..=180).contains(&skipped);
            let mut in_gap = (1..=skipped).map(|n| before + minute * i32::try_from(n).unwrap());
            if (counts && self.matches(now.local)) || (runs_after && in_gap.any(|local| self.matches(local)))
            {
                due.push(now.instant);
            }
        }
        due.retain(|due| (from..to).contains(due));
        due
    }
}

/// A minute of UTC: what the wall clock shows, and whether it shows that for the first and for the last time.
#[derive(Clone, Copy)]
struct Minute {
    instant: DateTime<Utc>,
    local: NaiveDateTime,
    is_first: bool,
    is_last: bool,
}

/// The minutes of a stretch of time, one after the other; the margins show what comes twice.
struct Clock(Vec<Minute>);

impl Clock {
    fn new(zone: chrono_tz::Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let mut minutes = Vec::new();
        let (mut instant, mut highest) = (from - TimeDelta::hours(3), NaiveDateTime::MIN);
        while instant < to + TimeDelta::hours(3) {
            let local = zone.from_utc_datetime(&instant.naive_utc()).naive_local();
            minutes.push(Minute { instant, local, is_first: local > highest, is_last: false });
            highest = highest.max(local);
            instant += TimeDelta::minutes(1);
        }
        let mut lowest = NaiveDateTime::MAX;
        for minute in minutes.iter_mut().rev() {
            minute.is_last = minute.local < lowest;
            lowest = lowest.min(minute.local);
        }
        Self(minutes)
    }
}

fn some_of(values: Vec<u32>) -> BoxedStrategy<Vec<u32>> {
    let most = values.len().min(5);
    subsequence(values, 1..=most).boxed()
}

fn calendar() -> BoxedStrategy<Calendar> {
    let rules = vec![CalendarRule::Skip, CalendarRule::RunBefore, CalendarRule::RunAfter];
    (any::<bool>(), some_of((1..32).collect()), select(rules))
        .prop_map(|(weekend, days, rule)| Calendar { weekend, days, rule })
        .boxed()
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
        proptest::option::weighted(0.2, calendar()),
    )
        .prop_map(|(minutes, hours, days, weekdays, gap, overlap, calendar)| Plan {
            minutes,
            hours,
            days,
            weekdays,
            gap,
            overlap,
            calendar,
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
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Five expressions in two thousand of zone and year: about a change of the clocks in that year, or any day of it.
    #[test]
    fn agrees_with_looking_at_every_minute(
        plans in proptest::collection::vec(plan(), 5), zone in select(ZONES.to_vec()), year in 2005..2036_i32,
        place in 0..1_000_usize, shift in 0..1_440_i64, far in proptest::bool::weighted(0.2),
    ) {
        let zone = parse_zone(zone).unwrap();
        let changes = clock_changes(zone);
        let in_year: Vec<_> = changes.iter().filter(|change| change.year() == year).collect();
        let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
        let day = TimeDelta::days(i64::try_from(place % 365).unwrap());
        let near = in_year.get(place % in_year.len().max(1)).filter(|_| !far);
        let from = near.map_or(start + day, |change| **change) - TimeDelta::minutes(shift);
        let to = from + TimeDelta::minutes(1_500);
        let clock = Clock::new(zone, from, to);
        for plan in &plans {
            agrees(plan, zone, &clock, from, to)?;
        }
    }
}

fn agrees(
    plan: &Plan,
    zone: chrono_tz::Tz,
    clock: &Clock,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(), TestCaseError> {
    let times = FireTimes {
        expression: expression(&plan.text()),
        zone,
        gap: plan.gap,
        overlap: plan.overlap,
        calendar: plan.calendar.as_ref().map(Calendar::used),
    };
    let expected = plan.due(clock, from, to);
    let tick = TimeDelta::microseconds(1);
    let due: Vec<_> = times.iter_after(from - tick).take_while(|due| *due < to).collect();
    prop_assert_eq!(&due, &expected, "{:?} in {} from {}", plan, zone, from);
    prop_assert_eq!(times.count_between(from - tick, to - tick), expected.len() as u64);
    let newest = times.newest_between(from - tick, to - tick, 3);
    prop_assert_eq!(&newest[..], &expected[expected.len().saturating_sub(3)..]);
    // From any instant within, also inside both passes of an overlap, the next is the next.
    for minutes in (0..1_500).step_by(97) {
        let cursor = from + TimeDelta::minutes(minutes);
        let next = expected.iter().copied().find(|due| *due > cursor);
        // What is far off takes long to find and says nothing of this stretch.
        if let Some(next) = next {
            prop_assert_eq!(times.next_after(cursor), Some(next), "{:?} in {} after {}", plan, zone, cursor);
        }
    }
    Ok(())
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
        calendar: None,
    };
    let zone = parse_zone("Pacific/Apia").unwrap();
    let (from, to) = (utc("2011-12-29T00:00Z"), utc("2012-01-01T00:00Z"));
    assert!(plan.due(&Clock::new(zone, from, to), from, to).is_empty());
}
