//! Due times that were computed by hand from the zone database.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};

use super::{fire_times, utc};
use crate::schedule::{DstGap, DstOverlap, FireTimes};

/// The due times that lie in a local day.
fn due_on(times: &FireTimes, day: &str) -> Vec<DateTime<Utc>> {
    let day: NaiveDate = day.parse().unwrap();
    let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let from = noon - TimeDelta::days(2);
    let local_day = |due: &DateTime<Utc>| times.zone.from_utc_datetime(&due.naive_utc()).date_naive();
    let found: Vec<_> = times
        .iter_after(from)
        .take_while(|due| *due < noon + TimeDelta::days(2))
        .filter(|due| local_day(due) == day)
        .collect();
    found
}

fn assert_due(times: &FireTimes, day: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|text| utc(text)).collect();
    assert_eq!(due_on(times, day), expected, "{} {} on {day}", times.expression, times.zone);
}

#[test]
fn a_time_in_the_gap_runs_after_it_or_not_at_all() {
    let mut times = fire_times("30 2 * * *", "Europe/Berlin");
    assert_due(&times, "2026-03-29", &["2026-03-29T01:00Z"]);
    times.gap = DstGap::Skip;
    assert_due(&times, "2026-03-29", &[]);
}

#[test]
fn a_time_in_the_overlap_runs_as_the_rule_says() {
    let mut times = fire_times("30 2 * * *", "Europe/Berlin");
    assert_due(&times, "2026-10-25", &["2026-10-25T00:30Z"]);
    times.overlap = DstOverlap::Second;
    assert_due(&times, "2026-10-25", &["2026-10-25T01:30Z"]);
    times.overlap = DstOverlap::Both;
    assert_due(&times, "2026-10-25", &["2026-10-25T00:30Z", "2026-10-25T01:30Z"]);
}

#[test]
fn counting_follows_the_rules_too() {
    let (from, to) = (utc("2026-10-24T12:00Z"), utc("2026-10-25T12:00Z"));
    for (overlap, count) in [(DstOverlap::First, 4), (DstOverlap::Second, 4), (DstOverlap::Both, 6)] {
        let times = FireTimes { overlap, ..fire_times("0,30 2,3 * * *", "Europe/Berlin") };
        assert_eq!(times.count_between(from, to), count, "{overlap:?}");
        assert_eq!(times.iter_after(from).take_while(|due| *due <= to).count() as u64, count);
    }
    let (from, to) = (utc("2026-03-28T12:00Z"), utc("2026-03-29T12:00Z"));
    for (gap, count) in [(DstGap::RunAfter, 1), (DstGap::Skip, 0)] {
        let times = FireTimes { gap, ..fire_times("15,30 2 * * *", "Europe/Berlin") };
        assert_eq!(times.count_between(from, to), count, "{gap:?}");
    }
}

#[test]
fn a_real_time_schedule_runs_through_both_changes() {
    for (gap, overlap) in [(DstGap::RunAfter, DstOverlap::First), (DstGap::Skip, DstOverlap::Second)] {
        let times = FireTimes { gap, overlap, ..fire_times("*/30 * * * *", "Europe/Berlin") };
        for (day, count) in [("2026-03-29", 46), ("2026-10-25", 50)] {
            let due = due_on(&times, day);
            assert_eq!(due.len(), count);
            assert!(due.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(30)));
        }
    }
}

#[test]
fn times_that_fall_together_run_once() {
    let times = fire_times("0,30 2,3 * * *", "Europe/Berlin");
    assert_due(&times, "2026-03-29", &["2026-03-29T01:00Z", "2026-03-29T01:30Z"]);
}

#[test]
fn other_zones_and_their_changes() {
    for (expression, zone, day, expected) in [
        ("0 2 * * *", "America/New_York", "2026-03-08", &["2026-03-08T07:00Z"][..]),
        ("30 1 * * *", "America/New_York", "2026-11-01", &["2026-11-01T05:30Z"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", &["2026-10-03T15:30Z"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-05", &["2026-04-04T14:45Z"]),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-04", &["2018-11-04T03:00Z"]),
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-30", &[]),
        // Three hours are the longest gap that counts as summer time.
        ("30 3 * * *", "Antarctica/Casey", "2009-10-18", &["2009-10-17T18:00Z"]),
        ("59 59 23 31 12 *", "UTC", "2026-12-31", &["2026-12-31T23:59:59Z"]),
        // Clocks that go back over midnight, and forward from it.
        ("30 23 * * *", "America/Sao_Paulo", "2019-02-16", &["2019-02-17T01:30Z"]),
        ("0 0 * * *", "America/Havana", "2026-03-08", &["2026-03-08T05:00Z"]),
        ("30 0 * * *", "America/Havana", "2026-11-01", &["2026-11-01T04:30Z"]),
        // Where clocks go back for Ramadan, and where winter time has the positive name.
        ("30 2 * * *", "Africa/Casablanca", "2026-02-15", &["2026-02-15T01:30Z"]),
        ("30 2 * * *", "Africa/Casablanca", "2026-03-22", &["2026-03-22T02:00Z"]),
        ("30 1 * * *", "Europe/Dublin", "2026-03-29", &["2026-03-29T01:00Z"]),
        ("30 1 * * *", "Europe/London", "2026-10-25", &["2026-10-25T00:30Z"]),
        // Two hours at once.
        ("30 1 * * *", "Antarctica/Troll", "2026-03-29", &["2026-03-29T01:00Z"]),
        ("15 2 * * *", "Pacific/Chatham", "2026-09-27", &["2026-09-26T13:30Z"]),
        ("50 2 * * *", "Pacific/Chatham", "2026-09-27", &["2026-09-26T14:00Z"]),
        ("0 0 * * *", "Asia/Kathmandu", "2026-06-01", &["2026-05-31T18:15Z"]),
        ("0 0 * * *", "Asia/Beirut", "2026-03-29", &["2026-03-28T22:00Z"]),
        // Both day fields: either; a field that starts with a star: both.
        ("0 0 13 * 5", "UTC", "2026-11-13", &["2026-11-13T00:00Z"]),
        ("0 0 13 * 5", "UTC", "2026-11-20", &["2026-11-20T00:00Z"]),
        ("0 0 */2 * 5", "UTC", "2026-11-20", &[]),
        ("0 0 * * 7", "UTC", "2026-11-29", &["2026-11-29T00:00Z"]),
        ("0 18 LW * *", "UTC", "2026-10-30", &["2026-10-30T18:00Z"]),
        ("0 18 * * 5L", "UTC", "2026-11-27", &["2026-11-27T18:00Z"]),
        ("0 18 * * 2#2", "UTC", "2026-11-10", &["2026-11-10T18:00Z"]),
    ] {
        assert_due(&fire_times(expression, zone), day, expected);
    }
    let mut second = fire_times("45 1 * * *", "Australia/Lord_Howe");
    second.overlap = DstOverlap::Second;
    assert_due(&second, "2026-04-05", &["2026-04-04T15:15Z"]);
}

#[test]
fn a_day_that_a_calendar_left_out_is_not_made_up_for() {
    let times = fire_times("0 12 30 12 *", "Pacific/Apia");
    // Noon there is 22:00 UTC of the day before.
    assert_eq!(times.next_after(utc("2011-12-29T00:00Z")), Some(utc("2012-12-29T22:00Z")));
}

#[test]
fn a_leap_day_is_waited_for() {
    let times = fire_times("0 0 29 2 *", "UTC");
    assert_eq!(
        times.preview(utc("2026-01-01T00:00Z"), 2),
        [utc("2028-02-29T00:00Z"), utc("2032-02-29T00:00Z")]
    );
}

#[test]
fn a_fraction_of_a_second_does_not_repeat_a_due_time() {
    let times = fire_times("* * * * * *", "UTC");
    let due = utc("2026-01-01T00:00:01Z");
    assert_eq!(times.next_after(due - TimeDelta::microseconds(1)), Some(due));
    assert_eq!(times.next_after(due + TimeDelta::microseconds(1)), Some(due + TimeDelta::seconds(1)));
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let times = fire_times("0 0 1 1 *", zone);
        assert_eq!(times.next_after(DateTime::<Utc>::MAX_UTC), None);
        assert!(times.next_after(DateTime::<Utc>::MIN_UTC).is_some());
        assert_eq!(times.iter_after(DateTime::<Utc>::MIN_UTC).count(), 131, "{zone}");
        assert_eq!(times.count_between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), 131, "{zone}");
        let newest = times.newest_between(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, 200);
        assert_eq!(newest.len(), 131, "{zone}");
    }
}
