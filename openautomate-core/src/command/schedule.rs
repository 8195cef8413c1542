//! Making, changing and deleting schedules.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::execution::{Pools, new_execution, settle};
use crate::command::inputs::{check_inputs, check_signature};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{ExecutionOptions, FileUser, Origin, Schedule, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, FileId, PackageId, ScheduleId};
use crate::permission::{Access, Permission};
use crate::schedule::{
    CronExpression, DEFAULT_CATCHUP_WINDOW, DEFAULT_MAX_CATCHUP, DstGap, DstOverlap, FireTimes, MAX_CATCHUP,
    MAX_CATCHUP_WINDOW, MIN_CATCHUP_WINDOW, MisfirePolicy, OverlapPolicy, parse_zone,
};

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
    /// Whether it fires.
    pub is_active: bool,
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
            is_active: true,
        }
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        fire_times(&self.cron_expression, &self.time_zone, self.dst_gap, self.dst_overlap)?;
        if !(1..=MAX_CATCHUP).contains(&self.max_catchup) {
            return Err(Error::invalid_field("maxCatchup", format!("is not between 1 and {MAX_CATCHUP}")));
        }
        let window = Duration::from_millis(self.catchup_window_ms);
        if !(MIN_CATCHUP_WINDOW..=MAX_CATCHUP_WINDOW).contains(&window) {
            return Err(Error::invalid_field("catchupWindowMs", "is not between 10 seconds and 365 days"));
        }
        if self.overlap == OverlapPolicy::QueueOne {
            let message = "queueOne is not enforced by this version yet; take skip, allow or cancelRunning";
            return Err(Error::invalid_field("overlap", message));
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
    async fn check_references(
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

    fn apply(self, schedule: &mut Schedule, environment_id: EnvironmentId) {
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
        schedule.is_active = self.is_active;
    }
}

/// The due times that these settings mean.
///
/// # Errors
/// `Invalid`, naming `cronExpression` or `timeZone`.
pub fn fire_times(expression: &str, zone: &str, gap: DstGap, overlap: DstOverlap) -> Result<FireTimes> {
    Ok(FireTimes { expression: CronExpression::parse(expression)?, zone: parse_zone(zone)?, gap, overlap })
}

impl Schedule {
    /// The due times of this schedule.
    ///
    /// # Errors
    /// `Invalid` if a newer version stored what this one can't read.
    pub fn fire_times(&self) -> Result<FireTimes> {
        fire_times(&self.cron_expression, &self.time_zone, self.dst_gap, self.dst_overlap)
    }

    /// The first due time after `instant` within start and end; `None` while it is inactive.
    ///
    /// # Errors
    /// As [`Schedule::fire_times`].
    pub fn due_after(&self, instant: Timestamp) -> Result<Option<Timestamp>> {
        if !self.is_active {
            return Ok(None);
        }
        // A due time at the very start counts, so the search begins just before it.
        let from =
            self.starts_at.map_or(instant, |start| instant.max(start - chrono::TimeDelta::microseconds(1)));
        let due = self.fire_times()?.next_after(from);
        Ok(due.filter(|due| self.ends_at.is_none_or(|end| *due < end)))
    }
}

/// Makes a schedule.
#[derive(Clone, Debug)]
pub struct CreateSchedule {
    /// What it shall be.
    pub settings: ScheduleSettings,
}

#[async_trait]
impl Command for CreateSchedule {
    type Output = Schedule;
    const NAME: &'static str = "schedule.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Schedule>> {
        let (environment_id, files) = self.settings.check_references(context, &[]).await?;
        let settings = self.settings.clone();
        let mut schedule = Schedule {
            id: ScheduleId::new(),
            name: String::new(),
            package_id: settings.package_id,
            environment_id,
            cron_expression: String::new(),
            time_zone: String::new(),
            dst_gap: settings.dst_gap,
            dst_overlap: settings.dst_overlap,
            misfire: settings.misfire,
            max_catchup: settings.max_catchup,
            catchup_window_ms: settings.catchup_window_ms,
            overlap: settings.overlap,
            inputs: Map::new(),
            options: ExecutionOptions::default(),
            starts_at: None,
            ends_at: None,
            is_active: settings.is_active,
            next_due: None,
            last_due: None,
            created_by_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        settings.apply(&mut schedule, environment_id);
        schedule.next_due = schedule.due_after(context.now)?;
        let changes = Changes::none()
            .insert(Record::Schedule(Box::new(schedule.clone())))
            .uses_if_any(FileUser::Schedule(schedule.id), files)
            .audited(context.audit("schedule", schedule.id, detail(&schedule)))
            .event(Event::ScheduleChanged { schedule_id: schedule.id });
        Ok(Decision::new(changes, schedule))
    }
}

fn detail(schedule: &Schedule) -> Value {
    json!({
        "name": schedule.name,
        "packageId": schedule.package_id,
        "cronExpression": schedule.cron_expression,
        "timeZone": schedule.time_zone,
        "isActive": schedule.is_active,
    })
}

async fn load(context: &CommandContext<'_>, id: ScheduleId) -> Result<Schedule> {
    let schedule = context.store.schedule(id).await?.filter(|schedule| schedule.deleted_at.is_none());
    schedule.ok_or_else(|| Error::not_found("schedule", id))
}

/// Changes a schedule. The next due time is counted from now on: what was missed before is not made up for.
#[derive(Clone, Debug)]
pub struct UpdateSchedule {
    /// Which.
    pub id: ScheduleId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: ScheduleSettings,
}

#[async_trait]
impl Command for UpdateSchedule {
    type Output = Schedule;
    const NAME: &'static str = "schedule.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Schedule>> {
        let mut schedule = load(context, self.id).await?;
        check_revision(self.revision, schedule.revision)?;
        let user = FileUser::Schedule(schedule.id);
        let used: Vec<FileId> =
            context.store.files_used(user).await?.into_iter().map(|file| file.id).collect();
        let (environment_id, files) = self.settings.check_references(context, &used).await?;
        self.settings.clone().apply(&mut schedule, environment_id);
        schedule.updated_at = context.now;
        // `last_due` only rises, so a due time that was decided on is never decided on again.
        schedule.next_due = schedule.due_after(schedule.last_due.unwrap_or(context.now).max(context.now))?;
        let changes = Changes::none()
            .update(Record::Schedule(Box::new(schedule.clone())))
            .uses(user, files)
            .audited(context.audit("schedule", schedule.id, detail(&schedule)))
            .event(Event::ScheduleChanged { schedule_id: schedule.id });
        schedule.revision += 1;
        Ok(Decision::new(changes, schedule))
    }
}

/// Deletes a schedule. Its executions stay.
#[derive(Clone, Debug)]
pub struct DeleteSchedule {
    /// Which.
    pub id: ScheduleId,
}

#[async_trait]
impl Command for DeleteSchedule {
    type Output = ();
    const NAME: &'static str = "schedule.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteSchedules)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut schedule = load(context, self.id).await?;
        schedule.deleted_at = Some(context.now);
        schedule.is_active = false;
        schedule.next_due = None;
        let changes = Changes::none()
            .audited(context.audit("schedule", self.id, detail(&schedule)))
            .update(Record::Schedule(Box::new(schedule)))
            .uses(FileUser::Schedule(self.id), Vec::new())
            .event(Event::ScheduleChanged { schedule_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}
