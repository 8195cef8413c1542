//! When an agent takes nothing new: maintenance windows, and a drain with an end.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::{Agent, AgentStatus};
use crate::error::{Error, Result};
use crate::schedule::{CronExpression, DstGap, DstOverlap, FireTimes, parse_zone};

/// The most windows of an agent.
pub const MAX_WINDOWS: usize = 20;
/// The shortest and the longest recurring window, in milliseconds: a minute and a week.
const DURATIONS: std::ops::RangeInclusive<u64> = 60_000..=7 * 86_400_000;

/// A time in which an agent takes nothing new. What it runs goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum MaintenanceWindow {
    /// Once.
    Once {
        /// From this instant.
        starts_at: Timestamp,
        /// Until before this one.
        ends_at: Timestamp,
    },
    /// Again and again.
    Recurring {
        /// When it begins, in the crontab dialect of schedules.
        cron_expression: String,
        /// In which IANA time zone.
        time_zone: String,
        /// How long it lasts, in milliseconds.
        duration_ms: u64,
    },
}

impl MaintenanceWindow {
    /// Checks what was given.
    ///
    /// # Errors
    /// `Invalid`, naming `maintenanceWindows`, `cronExpression` or `timeZone`.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Once { starts_at, ends_at } if starts_at >= ends_at => {
                Err(Error::invalid_field("maintenanceWindows", "holds a window that ends before it begins"))
            }
            Self::Once { .. } => Ok(()),
            Self::Recurring { duration_ms, .. } if !DURATIONS.contains(duration_ms) => {
                Err(Error::invalid_field(
                    "maintenanceWindows",
                    "holds a window that does not last between a minute and seven days",
                ))
            }
            Self::Recurring { .. } => self.beginnings().map(drop),
        }
    }

    fn beginnings(&self) -> Result<Option<FireTimes>> {
        let Self::Recurring { cron_expression, time_zone, .. } = self else { return Ok(None) };
        let expression = CronExpression::parse(cron_expression)?;
        let (gap, overlap) = (DstGap::default(), DstOverlap::default());
        Ok(Some(FireTimes { expression, zone: parse_zone(time_zone)?, gap, overlap, calendar: None }))
    }

    /// The end of the window that holds at `now`; `None` between windows.
    ///
    /// # Errors
    /// `Invalid` if a newer version stored what this one can't read.
    pub fn until(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        match self {
            Self::Once { starts_at, ends_at } => {
                Ok((*starts_at <= now && now < *ends_at).then_some(*ends_at))
            }
            Self::Recurring { duration_ms, .. } => {
                let Some(beginnings) = self.beginnings()? else { return Ok(None) };
                let lasts = TimeDelta::milliseconds(i64::try_from(*duration_ms).unwrap_or(i64::MAX));
                // The first beginning that is not over yet: if it has come, its window holds.
                let begun = beginnings.next_after(now - lasts).filter(|begun| *begun <= now);
                Ok(begun.map(|begun| begun + lasts))
            }
        }
    }
}

/// Why an agent takes nothing new though it is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Rest {
    /// It may not connect.
    Disabled,
    /// An operator drains it.
    Draining {
        /// Until when; `None` until somebody makes it active.
        until: Option<Timestamp>,
    },
    /// A maintenance window holds.
    Maintenance {
        /// Until when.
        until: Timestamp,
    },
}

impl Agent {
    /// Why it takes nothing new at `now`; `None` if it does. A window that can't be read holds: nobody knows what
    /// it was to keep away.
    #[must_use]
    pub fn rest(&self, now: Timestamp) -> Option<Rest> {
        rest(self.status, self.drain_until, &self.maintenance_windows, now)
    }
}

/// As [`Agent::rest`], of what is known of a connected agent.
#[must_use]
pub(crate) fn rest(
    status: AgentStatus,
    drain_until: Option<Timestamp>,
    windows: &[MaintenanceWindow],
    now: Timestamp,
) -> Option<Rest> {
    match status {
        AgentStatus::Disabled => return Some(Rest::Disabled),
        AgentStatus::Draining if drain_until.is_none_or(|until| now < until) => {
            return Some(Rest::Draining { until: drain_until });
        }
        AgentStatus::Draining | AgentStatus::Active => {}
    }
    let held = windows.iter().filter_map(|window| window.until(now).unwrap_or(Some(Timestamp::MAX_UTC)));
    held.max().map(|until| Rest::Maintenance { until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_recurring_window_holds_from_its_beginning_to_before_its_end() {
        let window = MaintenanceWindow::Recurring {
            cron_expression: "0 2 * * *".into(),
            time_zone: "Europe/Berlin".into(),
            duration_ms: 90 * 60_000,
        };
        window.check().unwrap();
        let end = time("2026-11-29T02:30:00Z");
        for (now, until) in [
            ("2026-11-29T00:59:59Z", None),
            ("2026-11-29T01:00:00Z", Some(end)),
            ("2026-11-29T02:29:59Z", Some(end)),
            ("2026-11-29T02:30:00Z", None),
        ] {
            assert_eq!(window.until(time(now)).unwrap(), until, "{now}");
        }
    }

    #[test]
    fn a_drain_with_an_end_is_over_by_itself() {
        let until = Some(time("2026-11-29T12:00:00Z"));
        let at = |now| rest(AgentStatus::Draining, until, &[], time(now));
        assert_eq!(at("2026-11-29T11:59:59Z"), Some(Rest::Draining { until }));
        assert_eq!(at("2026-11-29T12:00:00Z"), None);
        assert!(rest(AgentStatus::Draining, None, &[], time("2099-01-01T00:00:00Z")).is_some());
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let once = |from, to| MaintenanceWindow::Once { starts_at: time(from), ends_at: time(to) };
        assert!(once("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z").check().is_ok());
        assert!(once("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z").check().is_err());
        for (cron, zone, duration_ms) in [
            ("x", "UTC", 60_000),
            ("0 2 * * *", "Mars", 60_000),
            ("0 2 * * *", "UTC", 0),
            ("0 2 * * *", "UTC", u64::MAX),
        ] {
            let (cron_expression, time_zone) = (cron.to_owned(), zone.to_owned());
            assert!(
                MaintenanceWindow::Recurring { cron_expression, time_zone, duration_ms }.check().is_err()
            );
        }
    }
}
