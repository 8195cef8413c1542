//! Schedules and calendars.

use chrono::Weekday;
use serde_json::Map;

use super::{World, at, instant};
use crate::domain::{Calendar, ExecutionOptions, Schedule};
use crate::id::{CalendarId, ScheduleId};
use crate::schedule::{CalendarRule, DayOff, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};

impl World {
    /// A schedule that is due at [`instant`]; not written yet.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            id: ScheduleId::new(),
            name: "nightly".to_owned(),
            package_id: self.package.id,
            environment_id: self.environment.id,
            cron_expression: "30 2 * * *".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            dst_gap: DstGap::default(),
            dst_overlap: DstOverlap::default(),
            misfire: MisfirePolicy::default(),
            max_catchup: 10,
            catchup_window_ms: 3_600_000,
            overlap: OverlapPolicy::default(),
            inputs: Map::new(),
            options: ExecutionOptions::default(),
            starts_at: None,
            ends_at: None,
            jitter_ms: 0,
            calendar_id: None,
            calendar_rule: CalendarRule::default(),
            pause_after_failures: None,
            is_active: true,
            pause: None,
            resumed_at: None,
            next_due: Some(instant()),
            delay_ms: 0,
            queued_due: None,
            last_due: None,
            created_by_id: self.user.id,
            created_at: instant(),
            updated_at: instant(),
            deleted_at: None,
            revision: 0,
        }
    }

    /// A calendar with a weekend, a day and a day of every year; not written yet.
    #[must_use]
    pub fn calendar(&self, name: &str) -> Calendar {
        let day = |date: &str, yearly, until: Option<&str>| DayOff {
            date: date.parse().unwrap_or_default(),
            name: "day \u{fc}".to_owned(),
            yearly,
            until: until.map(|until| until.parse().unwrap_or_default()),
        };
        Calendar {
            id: CalendarId::new(),
            name: name.to_owned(),
            weekend: vec![Weekday::Sat, Weekday::Sun],
            days: vec![
                day("2026-12-25", true, None),
                day("2026-05-01", false, None),
                day("2026-01-06", true, Some("2030-01-06")),
            ],
            updated_by: self.user.id,
            created_at: instant(),
            updated_at: at(1),
            revision: 0,
        }
    }
}
