//! The next changes of the clocks, and what a person is warned of.

use super::{fire_times, utc};
use crate::schedule::{ClockChangeEffect as Effect, DstGap, DstOverlap, FireTimes};

fn effects(times: &FireTimes) -> Vec<Effect> {
    let changes = times.clock_changes(utc("2026-01-01T00:00Z"), 2);
    assert_eq!(changes[0].at, utc("2026-03-29T01:00Z"));
    assert_eq!(changes[1].at, utc("2026-10-25T01:00Z"));
    assert_eq!((changes[0].offset_before, changes[0].offset_after), (3_600, 7_200));
    for change in &changes {
        let is_told = change.warning().is_some();
        assert_eq!(is_told, change.effect != Effect::None, "{change:?}");
    }
    changes.iter().map(|change| change.effect).collect()
}

#[test]
fn each_rule_has_its_effect() {
    let base = fire_times("30 2 * * *", "Europe/Berlin");
    for (gap, overlap, expected) in [
        (DstGap::RunAfter, DstOverlap::First, [Effect::RunsAfterGap, Effect::RunsFirst]),
        (DstGap::Skip, DstOverlap::Second, [Effect::Skipped, Effect::RunsSecond]),
        (DstGap::RunAfter, DstOverlap::Both, [Effect::RunsAfterGap, Effect::RunsTwice]),
    ] {
        assert_eq!(effects(&FireTimes { gap, overlap, ..base.clone() }), expected);
    }
}

#[test]
fn what_is_not_touched_is_not_warned_of() {
    for expression in ["30 1 * * *", "0 3 * * *", "*/10 * * * *", "30 2 * * 1-6", "30 2 1 * *"] {
        assert_eq!(effects(&fire_times(expression, "Europe/Berlin")), [Effect::None; 2], "{expression}");
    }
    assert_eq!(fire_times("30 2 * * *", "UTC").clock_changes(utc("2026-01-01T00:00Z"), 2), []);
}

#[test]
fn the_first_time_that_is_named_is_told() {
    let times = fire_times("15,45 2 * * *", "Europe/Berlin");
    let change = &times.clock_changes(utc("2026-01-01T00:00Z"), 1)[0];
    assert_eq!(change.named.unwrap().to_string(), "2026-03-29 02:15:00");
    let warning = change.warning().unwrap();
    assert!(warning.contains("2026-03-29 02:15:00 does not exist"), "{warning}");
}

#[test]
fn the_shortest_interval_is_found() {
    for (expression, seconds) in [
        ("* * * * * *", Some(1)),
        ("*/15 * * * * *", Some(15)),
        ("10,13,40 * * * * *", Some(3)),
        ("* * * * *", Some(60)),
        ("58 59 23 * * *", Some(86_400)),
        ("0,59 * * * *", Some(60)),
        ("0 0,23 * * *", Some(3_600)),
        // Only the first of the month: 23:00 and the next midnight are never neighbours.
        ("0 0,23 1 * *", Some(23 * 3_600)),
        ("0 9 * * 1-5", Some(86_400)),
        ("0 9 * * 1", Some(7 * 86_400)),
        ("0 0 1 1 *", Some(365 * 86_400)),
        ("0 0 29 2 *", Some(1_461 * 86_400)),
        ("0 0 1,31 * *", Some(86_400)),
    ] {
        assert_eq!(super::expression(expression).shortest_interval(), seconds, "{expression}");
    }
}
