//! Making, changing and deleting schedules.

use async_trait::async_trait;
use serde_json::Map;

use super::pause::drop_queued;
use super::{ScheduleSettings, detail, load};
use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Calendar, ExecutionOptions, FileUser, Pause, Schedule};
use crate::error::{Error, Result};
use crate::id::{FileId, ScheduleId};
use crate::permission::{Access, Permission};
use crate::schedule::CalendarRule;

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
        self.settings.check_interval(context)?;
        let calendar = self.settings.calendar(context, None).await?;
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
            jitter_ms: 0,
            calendar_id: None,
            calendar_rule: CalendarRule::default(),
            pause_after_failures: None,
            is_active: true,
            pause: None,
            resumed_at: None,
            next_due: None,
            delay_ms: 0,
            queued_due: None,
            last_due: None,
            created_by_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        let is_active = settings.is_active.unwrap_or(true);
        settings.apply(&mut schedule, environment_id);
        switch(&mut schedule, is_active, context);
        renew(&mut schedule, calendar.as_ref(), context.now)?;
        let changes = Changes::none()
            .insert(Record::Schedule(Box::new(schedule.clone())))
            .found_with(calendar)
            .uses_if_any(FileUser::Schedule(schedule.id), files)
            .audited(context.audit("schedule", schedule.id, detail(&schedule)))
            .event(Event::ScheduleChanged { schedule_id: schedule.id });
        Ok(Decision::new(changes, schedule))
    }
}

/// Makes a schedule active or inactive, as somebody asks.
fn switch(schedule: &mut Schedule, is_active: bool, context: &CommandContext<'_>) {
    if is_active && !schedule.is_active {
        schedule.pause = None;
        schedule.resumed_at = Some(context.now);
    }
    if !is_active && schedule.is_active {
        let reason = "set inactive".to_owned();
        schedule.pause = Some(Pause { at: context.now, by: context.actor.to_ref(), reason });
    }
    schedule.is_active = is_active;
}

/// Finds the next due time after `from` that nobody decided on; an active schedule must have one.
fn renew(schedule: &mut Schedule, calendar: Option<&Calendar>, from: Timestamp) -> Result<()> {
    let times = schedule.due_times(calendar)?;
    // `last_due` only rises, so a due time that was decided on is never decided on again.
    schedule.renew_next_due(&times, schedule.last_due.unwrap_or(from).max(from));
    if schedule.is_active && schedule.next_due.is_none() {
        let (field, message) = match (schedule.ends_at, calendar) {
            (Some(_), _) => ("endsAt", "comes before the next due time: nothing would ever run"),
            (None, Some(_)) => {
                ("calendarId", "has no working day on which something is due: nothing would ever run")
            }
            (None, None) => ("cronExpression", "is never due again: nothing would ever run"),
        };
        return Err(Error::invalid_field(field, message));
    }
    Ok(())
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
        if self.settings.cron_expression != schedule.cron_expression {
            self.settings.check_interval(context)?;
        }
        let calendar = self.settings.calendar(context, Some(&schedule)).await?;
        let (environment_id, files) = self.settings.check_references(context, &used).await?;
        let is_active = self.settings.is_active.unwrap_or(schedule.is_active);
        self.settings.clone().apply(&mut schedule, environment_id);
        switch(&mut schedule, is_active, context);
        schedule.updated_at = context.now;
        renew(&mut schedule, calendar.as_ref(), context.now)?;
        let changes =
            if schedule.is_active { Changes::none() } else { drop_queued(&mut schedule, context.now) };
        let changes = changes
            .update(Record::Schedule(Box::new(schedule.clone())))
            .found_with(calendar)
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
        let changes = drop_queued(&mut schedule, context.now);
        schedule.deleted_at = Some(context.now);
        schedule.is_active = false;
        schedule.calendar_id = None;
        schedule.set_next_due(None);
        let changes = changes
            .audited(context.audit("schedule", self.id, detail(&schedule)))
            .update(Record::Schedule(Box::new(schedule)))
            .uses(FileUser::Schedule(self.id), Vec::new())
            .event(Event::ScheduleChanged { schedule_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}
