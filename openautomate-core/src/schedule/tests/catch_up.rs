//! What was missed: who fires, who is skipped, and that none of it takes long.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::select;

use super::{fire_times, utc};
use crate::schedule::{CatchUp, CatchUpLimits, MAX_CATCHUP_WINDOW, MisfirePolicy};

fn limits(window: Duration, max_catchup: u32) -> CatchUpLimits {
    CatchUpLimits { catchup_window: window, max_catchup, ..CatchUpLimits::default() }
}

fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

fn decide(policy: MisfirePolicy, limits: &CatchUpLimits, decided: &str, now: &str) -> CatchUp {
    policy.catch_up(&fire_times("0 * * * *", "UTC"), utc(decided), utc(now), limits)
}

#[test]
fn each_policy_after_some_hours() {
    let day = limits(hours(24), 3);
    let (decided, now, next) = ("2026-05-01T00:00Z", "2026-05-01T10:30Z", Some(utc("2026-05-01T11:00Z")));
    let skip = decide(MisfirePolicy::Skip, &day, decided, now);
    assert_eq!(skip, CatchUp { fire: vec![], skipped: 10, next_due: next });
    let latest = decide(MisfirePolicy::Latest, &day, decided, now);
    assert_eq!(latest, CatchUp { fire: vec![utc("2026-05-01T10:00Z")], skipped: 9, next_due: next });
    let all = decide(MisfirePolicy::All, &day, decided, now);
    let newest = ["2026-05-01T08:00Z", "2026-05-01T09:00Z", "2026-05-01T10:00Z"].map(utc).to_vec();
    assert_eq!(all, CatchUp { fire: newest, skipped: 7, next_due: next });
}

#[test]
fn a_minute_late_is_on_time() {
    for policy in [MisfirePolicy::Skip, MisfirePolicy::Latest, MisfirePolicy::All] {
        let found = decide(policy, &CatchUpLimits::default(), "2026-05-01T09:00Z", "2026-05-01T10:01:00Z");
        assert_eq!((found.fire, found.skipped), (vec![utc("2026-05-01T10:00Z")], 0));
    }
    let late =
        decide(MisfirePolicy::Skip, &CatchUpLimits::default(), "2026-05-01T09:00Z", "2026-05-01T10:01:01Z");
    assert_eq!((late.fire, late.skipped), (vec![], 1));
}

#[test]
fn what_is_on_time_stands_for_what_was_missed() {
    let found =
        decide(MisfirePolicy::Latest, &limits(hours(24), 10), "2026-05-01T00:00Z", "2026-05-01T10:00:05Z");
    assert_eq!((found.fire, found.skipped), (vec![utc("2026-05-01T10:00Z")], 9));
}

#[test]
fn older_than_the_window_is_skipped() {
    let found = decide(MisfirePolicy::All, &limits(hours(2), 10), "2026-05-01T00:00Z", "2026-05-01T10:30Z");
    assert_eq!((found.fire, found.skipped), (vec![utc("2026-05-01T09:00Z"), utc("2026-05-01T10:00Z")], 8));
    let edge = decide(MisfirePolicy::All, &limits(hours(2), 10), "2026-05-01T00:00Z", "2026-05-01T10:00Z");
    assert_eq!((edge.fire.len(), edge.skipped), (3, 7));
    let short = limits(Duration::from_secs(10), 10);
    let nothing = decide(MisfirePolicy::Latest, &short, "2026-05-01T00:00Z", "2026-05-01T10:30Z");
    assert_eq!((nothing.fire, nothing.skipped), (vec![], 10));
}

#[test]
fn a_clock_that_goes_back_fires_nothing_again() {
    let found =
        decide(MisfirePolicy::All, &CatchUpLimits::default(), "2026-05-01T10:00Z", "2026-05-01T07:00Z");
    assert_eq!(found, CatchUp { fire: vec![], skipped: 0, next_due: Some(utc("2026-05-01T11:00Z")) });
}

#[test]
fn nothing_is_due_after_the_end() {
    let ended = CatchUpLimits { ends_at: Some(utc("2026-05-01T09:00Z")), ..limits(hours(24), 10) };
    let found = decide(MisfirePolicy::Latest, &ended, "2026-05-01T00:00Z", "2026-05-01T10:30Z");
    assert_eq!(found, CatchUp { fire: vec![utc("2026-05-01T08:00Z")], skipped: 7, next_due: None });
}

#[test]
fn limits_are_checked() {
    assert!(CatchUpLimits::default().validate().is_ok());
    assert!(limits(hours(24 * 365), 1_000).validate().is_ok());
    for (window, max, field) in [
        (hours(1), 0, "maxCatchup"),
        (hours(1), 1_001, "maxCatchup"),
        (Duration::from_secs(9), 10, "catchupWindow"),
        (hours(24 * 366), 10, "catchupWindow"),
    ] {
        assert_eq!(limits(window, max).validate().unwrap_err().field(), Some(field));
    }
}

#[test]
fn four_hundred_days_of_every_second_are_decided_at_once() {
    const DAYS: i64 = 400;
    let now = utc("2026-05-01T10:30Z");
    for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe"] {
        let times = fire_times("* * * * * *", zone);
        for policy in [MisfirePolicy::Skip, MisfirePolicy::Latest, MisfirePolicy::All] {
            let started = std::time::Instant::now();
            let found =
                policy.catch_up(&times, now - TimeDelta::days(DAYS), now, &limits(MAX_CATCHUP_WINDOW, 1_000));
            // Walking them would take minutes in a debug build.
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
            assert_eq!(found.fire.len() as u64 + found.skipped, DAYS as u64 * 86_400);
            assert!(found.fire.len() <= 1_061);
            assert_eq!(found.next_due, Some(now + TimeDelta::seconds(1)));
        }
    }
}

/// The same decisions, by listing every due time.
fn by_listing(
    policy: MisfirePolicy,
    dues: &[DateTime<Utc>],
    now: DateTime<Utc>,
    limits: &CatchUpLimits,
) -> (Vec<DateTime<Utc>>, u64) {
    let late = |due: &DateTime<Utc>| (now - *due).to_std().unwrap();
    let (missed, on_time): (Vec<_>, Vec<_>) =
        dues.iter().partition(|due| late(due) > limits.misfire_threshold);
    let open: Vec<_> = missed.iter().copied().filter(|due| late(due) <= limits.catchup_window).collect();
    let wanted = match policy {
        MisfirePolicy::Skip => 0,
        MisfirePolicy::Latest => usize::from(on_time.is_empty()),
        MisfirePolicy::All => limits.max_catchup as usize,
    };
    let mut fire = open[open.len().saturating_sub(wanted)..].to_vec();
    let skipped = (missed.len() - fire.len()) as u64;
    fire.extend(on_time);
    (fire, skipped)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decides_as_a_list_would(
        line in select(vec!["*/5 * * * *", "30 2 * * *", "0,30 1-3 * * *", "*/20 * 2 * * *", "0 9 L * 1", "7 */3 * * *"]),
        zone in select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        policy in select(vec![MisfirePolicy::Skip, MisfirePolicy::Latest, MisfirePolicy::All]),
        start in 0..600_i64, down in 0..500_000_i64, micros in 0..1_000_000_i64,
        window in 10..400_000_u64, max in 1..30_u32,
    ) {
        let times = fire_times(line, zone);
        let decided = utc("2025-10-01T00:00Z") + TimeDelta::hours(start);
        let now = decided + TimeDelta::seconds(down) + TimeDelta::microseconds(micros);
        let limits = limits(Duration::from_secs(window), max);
        let found = policy.catch_up(&times, decided, now, &limits);

        let dues: Vec<_> = times.iter_after(decided).take_while(|due| *due <= now).collect();
        prop_assert_eq!((&found.fire, found.skipped), (&by_listing(policy, &dues, now, &limits).0, by_listing(policy, &dues, now, &limits).1));
        prop_assert!(found.fire.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(found.fire.iter().all(|due| *due > decided && *due <= now));
        prop_assert!(found.next_due.is_some_and(|due| due > now));
        // Deciding again from there finds nothing.
        let again = policy.catch_up(&times, now, now, &limits);
        prop_assert_eq!((again.fire.len(), again.skipped), (0, 0));
    }
}
