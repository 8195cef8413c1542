//! What a person sets of a schedule.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::command::CommandContext;
use crate::command::execution::{Pools, new_execution, settle};
use crate::command::inputs::{check_inputs, check_signature};
use crate::domain::{Calendar, ExecutionOptions, Origin, Schedule, check_name};
use crate::error::{Error, Result};
use crate::id::{CalendarId, EnvironmentId, FileId, PackageId};
use crate::schedule::{
    CalendarRule, CronExpression, DEFAULT_CATCHUP_WINDOW, DEFAULT_MAX_CATCHUP, DstGap, DstOverlap, FireTimes,
    MAX_CATCHUP, MAX_CATCHUP_WINDOW, MAX_JITTER, MIN_CATCHUP_WINDOW, MisfirePolicy, OverlapPolicy,
    parse_zone,
};

/// The most failures after which a schedule may be set to pause.
pub const MAX_PAUSE_AFTER_FAILURES: u32 = 1_000;
/// The most schedules that may use one calendar: all of them are due anew in the commit that changes it.
pub(crate) const MAX_SCHEDULES_OF_CALENDAR: u32 = 1_000;

/// How far back due times are made up for, where a schedule says nothing, in milliseconds.
pub const DEFAULT_CATCHUP_WINDOW_MS: u64 = DEFAULT_CATCHUP_WINDOW.as_secs() * 1_000;

/// Everything that a person sets of a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleSettings {
    /// A name for people.
    pub name: String,
    /// What is run.
    pub package_id: PackageId,
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// When.
    pub cron_expression: String,
    /// In which IANA time zone.
    pub time_zone: String,
    /// What happens to a due time that the clock skips.
    pub dst_gap: DstGap,
    /// What happens to a due time that comes twice.
    pub dst_overlap: DstOverlap,
    /// What happens to due times that passed while no server ran.
    pub misfire: MisfirePolicy,
    /// At most this many of them are made up for.
    pub max_catchup: u32,
    /// Older ones than this are skipped.
    pub catchup_window_ms: u64,
    /// What happens when the last execution still runs.
    pub overlap: OverlapPolicy,
    /// The inputs of each execution; they fit what the active version takes, if there is one.
    pub inputs: Map<String, Value>,
    /// How its executions are placed and repeated, where not as the package says.
    pub options: ExecutionOptions,
    /// Not before.
    pub starts_at: Option<Timestamp>,
    /// Not at or after.
    pub ends_at: Option<Timestamp>,
    /// The longest delay after a due time, in milliseconds: shorter than the time between two, and at most
    /// [`MAX_JITTER`]. Each due time has its own, always the same.
    pub jitter_ms: u64,
    /// The calendar of days without work that it looks at.
    pub calendar_id: Option<CalendarId>,
    /// What happens to due times on those days.
    pub calendar_rule: CalendarRule,
    /// After so many executions in a row that failed or ran out of time, it pauses by itself.
    pub pause_after_failures: Option<u32>,
    /// Whether it fires; `None` leaves it as it is, and a new one fires.
    pub is_active: Option<bool>,
}

impl ScheduleSettings {
    /// A schedule of a package with everything else by default: UTC, active.
    #[must_use]
    pub fn new(name: impl Into<String>, package_id: PackageId, cron_expression: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            package_id,
            environment_id: None,
            cron_expression: cron_expression.into(),
            time_zone: "UTC".to_owned(),
            dst_gap: DstGap::default(),
            dst_overlap: DstOverlap::default(),
            misfire: MisfirePolicy::default(),
            max_catchup: DEFAULT_MAX_CATCHUP,
            catchup_window_ms: DEFAULT_CATCHUP_WINDOW_MS,
            overlap: OverlapPolicy::default(),
            inputs: Map::new(),
            options: ExecutionOptions::default(),
            starts_at: None,
            ends_at: None,
            jitter_ms: 0,
            calendar_id: None,
            calendar_rule: CalendarRule::default(),
            pause_after_failures: None,
            is_active: None,
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        let times = fire_times(&self.cron_expression, &self.time_zone, self.dst_gap, self.dst_overlap)?;
        if !(1..=MAX_CATCHUP).contains(&self.max_catchup) {
            return Err(Error::invalid_field("maxCatchup", format!("is not between 1 and {MAX_CATCHUP}")));
        }
        let window = Duration::from_millis(self.catchup_window_ms);
        if !(MIN_CATCHUP_WINDOW..=MAX_CATCHUP_WINDOW).contains(&window) {
            return Err(Error::invalid_field("catchupWindowMs", "is not between 10 seconds and 365 days"));
        }
        let jitter = Duration::from_millis(self.jitter_ms);
        let interval = times.expression.shortest_interval().map_or(Duration::MAX, Duration::from_secs);
        if jitter > MAX_JITTER || jitter >= interval {
            let message = "is not at most 30 minutes and shorter than the time between two due times";
            return Err(Error::invalid_field("jitterMs", message));
        }
        if self.pause_after_failures.is_some_and(|n| !(1..=MAX_PAUSE_AFTER_FAILURES).contains(&n)) {
            let message = format!("is not between 1 and {MAX_PAUSE_AFTER_FAILURES}");
            return Err(Error::invalid_field("pauseAfterFailures", message));
        }
        if self.calendar_id.is_none() && self.calendar_rule != CalendarRule::default() {
            return Err(Error::invalid_field("calendarRule", "is for a schedule with a calendar; name one"));
        }
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && start >= end
        {
            return Err(Error::invalid_field("endsAt", "is not after startsAt"));
        }
        self.options.check()?;
        check_inputs(&self.inputs)
    }

    /// Checks what it names; gives the environment, and the files that its executions use. `used` are those that
    /// it uses already.
    pub(super) async fn check_references(
        &self,
        context: &CommandContext<'_>,
        used: &[FileId],
    ) -> Result<(EnvironmentId, Vec<FileId>)> {
        let package = context.store.package(self.package_id).await?;
        if package.is_none_or(|package| package.deleted_at.is_some()) {
            return Err(Error::invalid_field("packageId", "names no package; list them first"));
        }
        let environment = context.environment(self.environment_id).await?.id;
        // Another version may be active when it fires: the scheduler checks once more.
        if let Some(version) = context.store.active_version(self.package_id, environment).await? {
            let files = check_signature(context, &version, environment, &self.inputs, used).await?;
            let pools = Pools::named(context.store, environment, &version, &self.options).await?;
            let origin = Origin::Embedded;
            let mut execution =
                new_execution(&version, environment, self.inputs.clone(), origin, context.now);
            settle(&mut execution, &version, &self.options, pools)?;
            return Ok((environment, files));
        }
        Ok((environment, Vec::new()))
    }

    /// The calendar that it names, which has room for one more schedule than `id`.
    pub(super) async fn calendar(
        &self,
        context: &CommandContext<'_>,
        schedule: Option<&Schedule>,
    ) -> Result<Option<Calendar>> {
        let Some(id) = self.calendar_id else { return Ok(None) };
        let calendar = context.store.calendar(id).await?;
        let calendar = calendar
            .ok_or_else(|| Error::invalid_field("calendarId", "names no calendar; list them first"))?;
        if schedule.is_none_or(|schedule| schedule.calendar_id != Some(id)) {
            let using = context.store.schedules_of_calendar(id, MAX_SCHEDULES_OF_CALENDAR).await?;
            if using.len() >= MAX_SCHEDULES_OF_CALENDAR as usize {
                let message =
                    format!("is used by {MAX_SCHEDULES_OF_CALENDAR} schedules; make another calendar");
                return Err(Error::invalid_field("calendarId", message));
            }
        }
        Ok(Some(calendar))
    }

    /// Checks that the actor may set a schedule that is due as often.
    pub(super) fn check_interval(&self, context: &CommandContext<'_>) -> Result<()> {
        let expression = CronExpression::parse(&self.cron_expression)?;
        let allowed = context.settings.schedule_intervals.shortest_for(context.actor);
        match expression.shortest_interval() {
            Some(seconds) if Duration::from_secs(seconds) < allowed => Err(Error::invalid_field(
                "cronExpression",
                format!(
                    "is due {seconds} seconds after it was; with your role the shortest time is {} seconds",
                    allowed.as_secs()
                ),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn apply(self, schedule: &mut Schedule, environment_id: EnvironmentId) {
        schedule.name = self.name;
        schedule.package_id = self.package_id;
        schedule.environment_id = environment_id;
        schedule.cron_expression = self.cron_expression;
        schedule.time_zone = self.time_zone;
        schedule.dst_gap = self.dst_gap;
        schedule.dst_overlap = self.dst_overlap;
        schedule.misfire = self.misfire;
        schedule.max_catchup = self.max_catchup;
        schedule.catchup_window_ms = self.catchup_window_ms;
        schedule.overlap = self.overlap;
        schedule.inputs = self.inputs;
        schedule.options = self.options;
        schedule.starts_at = self.starts_at;
        schedule.ends_at = self.ends_at;
        schedule.jitter_ms = self.jitter_ms;
        schedule.calendar_id = self.calendar_id;
        schedule.calendar_rule = self.calendar_rule;
        schedule.pause_after_failures = self.pause_after_failures;
    }
}

/// The due times that these settings mean.
///
/// # Errors
/// `Invalid`, naming `cronExpression` or `timeZone`.
pub fn fire_times(expression: &str, zone: &str, gap: DstGap, overlap: DstOverlap) -> Result<FireTimes> {
    Ok(FireTimes {
        expression: CronExpression::parse(expression)?,
        zone: parse_zone(zone)?,
        gap,
        overlap,
        calendar: None,
    })
}
