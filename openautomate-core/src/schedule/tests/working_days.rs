//! Calendars of days without work, and the files that they come from.

use std::sync::Arc;

use chrono::{NaiveDate, Weekday};

use super::{fire_times, utc};
use crate::schedule::{
    CalendarRule, CalendarUse, DayOff, FireTimes, WorkingDays, read_calendar_csv, read_icalendar,
};

fn day(date: &str, yearly: bool) -> DayOff {
    DayOff { date: date.parse().unwrap(), name: String::new(), yearly, until: None }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Weekends, Christmas of every year from 2026, and Easter Monday of 2026.
fn with_calendar(expression: &str, rule: CalendarRule) -> FireTimes {
    let days = [day("2026-12-25", true), day("2026-12-26", true), day("2026-04-06", false)];
    let days = Arc::new(WorkingDays::new(&[Weekday::Sat, Weekday::Sun], &days));
    let calendar = Some(CalendarUse { days, rule });
    FireTimes { calendar, ..fire_times(expression, "Europe/Berlin") }
}

fn due(expression: &str, rule: CalendarRule, from: &str, to: &str) -> Vec<String> {
    let times = with_calendar(expression, rule);
    let (from, to) = (utc(from), utc(to));
    let found: Vec<_> = times.iter_after(from).take_while(|due| *due <= to).collect();
    assert_eq!(times.count_between(from, to), found.len() as u64, "{expression} {rule:?}");
    assert_eq!(times.newest_between(from, to, found.len() + 1), found);
    found.iter().map(|due| due.format("%m-%dT%H:%M").to_string()).collect()
}

#[test]
fn a_due_time_on_a_day_off_goes_where_the_rule_says() {
    // Good Friday 2026-04-03 is no day off here; Easter Monday is, after a weekend. Noon is 10:00 in UTC.
    let on = |rule| due("0 12 4,6 4 *", rule, "2026-04-01T00:00Z", "2026-04-30T00:00Z");
    assert_eq!(on(CalendarRule::Skip), Vec::<String>::new());
    assert_eq!(on(CalendarRule::RunBefore), ["04-03T10:00"]);
    assert_eq!(on(CalendarRule::RunAfter), ["04-07T10:00"]);
}

#[test]
fn a_working_day_keeps_its_own_due_times() {
    let on = |rule| due("0 12 * * *", rule, "2026-04-01T12:00Z", "2026-04-08T00:00Z");
    let working = ["04-02T10:00", "04-03T10:00", "04-07T10:00"];
    for rule in [CalendarRule::Skip, CalendarRule::RunBefore, CalendarRule::RunAfter] {
        assert_eq!(on(rule), working, "what falls together is due once: {rule:?}");
    }
}

#[test]
fn the_time_of_day_stays_in_summer_and_winter() {
    let on = |rule| due("30 9 26 * *", rule, "2026-09-01T00:00Z", "2027-01-10T00:00Z");
    assert_eq!(on(CalendarRule::RunAfter), ["09-28T07:30", "10-26T08:30", "11-26T08:30", "12-28T08:30"]);
    assert_eq!(on(CalendarRule::RunBefore), ["09-25T07:30", "10-26T08:30", "11-26T08:30", "12-24T08:30"]);
}

#[test]
fn days_of_every_year_begin_and_end() {
    let until = DayOff { until: Some(date("2027-05-01")), ..day("2026-05-01", true) };
    let days = WorkingDays::new(&[], &[until, day("2024-02-29", true)]);
    let off = |text: &str| !days.contains(date(text));
    assert!(!off("2025-05-01") && off("2026-05-01") && off("2027-05-01") && !off("2028-05-01"));
    assert!(off("2024-02-29") && !off("2025-02-28") && !off("2025-03-01") && off("2028-02-29"));
}

#[test]
fn a_calendar_without_working_days_lets_nothing_be_due() {
    let all =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    for rule in [CalendarRule::Skip, CalendarRule::RunBefore, CalendarRule::RunAfter] {
        let days = Arc::new(WorkingDays::new(&all, &[]));
        let times =
            FireTimes { calendar: Some(CalendarUse { days, rule }), ..fire_times("0 0 1 * *", "UTC") };
        assert_eq!(times.next_after(utc("2026-01-01T00:00Z")), None);
    }
}

const FEED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Holidays\r\n\
    BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nRRULE:FREQ=YEARLY\r\n\
    SUMMARY;LANGUAGE=\"de:x\":Weih\r\n nachten\\, beide\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART:20260501\r\nRRULE:FREQ=YEARLY;COUNT=3;BYMONTH=5;BYMONTHDAY=1\r\n\
    BEGIN:VALARM\r\nTRIGGER:-PT1H\r\nDTSTART:19990101T000000\r\nEND:VALARM\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261001\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260810\r\nDURATION:P1W\r\nSUMMARY:closed\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn whole_day_events_are_read() {
    let days = read_icalendar(FEED).unwrap();
    assert_eq!(days.len(), 2 + 1 + 7);
    let christmas = DayOff { name: "Weihnachten, beide".to_owned(), ..day("2026-12-25", true) };
    assert_eq!(days[0], christmas);
    assert_eq!(days[1], DayOff { date: date("2026-12-26"), ..christmas });
    assert_eq!((days[2].yearly, days[2].until), (true, Some(date("2028-05-01"))));
    assert_eq!((days[9].date, days[9].yearly, days[9].name.as_str()), (date("2026-08-16"), false, "closed"));
}

#[test]
fn what_an_event_means_else_is_refused_with_its_line() {
    let event = |lines: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    for (lines, number) in [
        ("DTSTART:20261225T080000Z", 3),
        ("DTSTART;TZID=\"A:B\";VALUE=DATE:2026122", 3),
        ("DTSTART:20261325", 3),
        ("DTSTART:20261225\nRRULE:FREQ=WEEKLY", 4),
        ("DTSTART:20261225\nRRULE:FREQ=YEARLY;INTERVAL=2", 4),
        ("DTSTART:20261225\nRRULE:FREQ=YEARLY;BYDAY=1MO", 4),
        ("DTSTART:20261225\nRRULE:FREQ=YEARLY;BYMONTH=11", 5),
        ("DTSTART:20261225\nEXDATE:20271225", 4),
        ("DTSTART:20261225\nDTEND:20261225", 5),
        ("DTSTART:20261225\nDURATION:PT1H", 4),
        ("SUMMARY:without a day", 4),
        ("no colon here", 3),
    ] {
        let error = read_icalendar(&event(lines)).unwrap_err();
        assert_eq!(error.field(), Some("icalendar"));
        assert!(error.message().starts_with(&format!("line {number} ")), "{lines}: {error}");
    }
    let deep = "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:X\n".repeat(100_000 / 8);
    for text in
        ["SUMMARY:x", "BEGIN:VEVENT\nEND:VEVENT", "BEGIN:VCALENDAR\nEND:VEVENT", "BEGIN:VCALENDAR", &deep]
    {
        assert!(read_icalendar(text).is_err(), "{}", &text[..text.len().min(40)]);
    }
    assert!(read_icalendar(&" ".repeat(600 * 1024)).is_err());
    assert_eq!(read_icalendar("").unwrap(), []);
}

#[test]
fn a_table_of_days_is_read() {
    let text = "Date,Name,Repeats\n2026-12-25,\"Christmas, first\",yearly\n2026-05-01\n";
    let days = read_calendar_csv(text).unwrap();
    let christmas = DayOff { name: "Christmas, first".to_owned(), ..day("2026-12-25", true) };
    assert_eq!(days, [christmas, day("2026-05-01", false)]);
    for (text, line) in [
        ("2026-12-25,a\n25.12.2026,b\n", 2),
        ("2026-12-25,a,monthly\n", 1),
        ("2026-12-25,a,yearly,x\n", 1),
        ("date,name\n\n2026-02-30,x\n", 3),
    ] {
        let error = read_calendar_csv(text).unwrap_err();
        assert!(error.message().starts_with(&format!("line {line} ")), "{text}: {error}");
    }
}
