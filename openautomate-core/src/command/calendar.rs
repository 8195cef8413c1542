//! Making, changing and removing calendars of days without work.

use async_trait::async_trait;
use chrono::{TimeDelta, Weekday};
use serde_json::json;

use crate::changes::{Changes, Event, Record, Write};
use crate::command::package::check_revision;
use crate::command::schedule::MAX_SCHEDULES_OF_CALENDAR;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Calendar, check_days, check_name};
use crate::error::{Error, Result};
use crate::id::CalendarId;
use crate::permission::{Access, Permission};
use crate::schedule::DayOff;

/// Everything that a person sets of a calendar.
#[derive(Clone, Debug)]
pub struct CalendarSettings {
    /// The name, unique without regard to case.
    pub name: String,
    /// The weekdays without work; never all seven.
    pub weekend: Vec<Weekday>,
    /// The other days without work. They are kept by date, each once.
    pub days: Vec<DayOff>,
}

impl CalendarSettings {
    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_days(&self.weekend, &self.days)
    }

    fn apply(&self, calendar: &mut Calendar, context: &CommandContext<'_>) -> Result<()> {
        calendar.name.clone_from(&self.name);
        calendar.weekend.clone_from(&self.weekend);
        calendar.weekend.sort_unstable_by_key(Weekday::num_days_from_monday);
        calendar.weekend.dedup();
        calendar.days.clone_from(&self.days);
        calendar.days.sort_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
        calendar.days.dedup();
        calendar.updated_by = context.user_id()?;
        calendar.updated_at = context.now;
        Ok(())
    }
}

fn detail(calendar: &Calendar) -> serde_json::Value {
    json!({"name": calendar.name, "days": calendar.days.len()})
}

/// Makes a calendar.
#[derive(Clone, Debug)]
pub struct CreateCalendar {
    /// What it shall be.
    pub settings: CalendarSettings,
}

#[async_trait]
impl Command for CreateCalendar {
    type Output = Calendar;
    const NAME: &'static str = "calendar.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageCalendars)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Calendar>> {
        let mut calendar = Calendar {
            id: CalendarId::new(),
            name: String::new(),
            weekend: Vec::new(),
            days: Vec::new(),
            updated_by: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            revision: 0,
        };
        self.settings.apply(&mut calendar, context)?;
        let changes = Changes::none()
            .insert(Record::Calendar(calendar.clone()))
            .audited(context.audit("calendar", calendar.id, detail(&calendar)))
            .event(Event::CalendarChanged { calendar_id: calendar.id });
        Ok(Decision::new(changes, calendar))
    }
}

/// Replaces the days of a calendar. The schedules that use it are due anew, in the same commit: a firing that was
/// decided on with the old days and is not committed yet is decided on again. What was decided on stays.
#[derive(Clone, Debug)]
pub struct UpdateCalendar {
    /// Which.
    pub id: CalendarId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: CalendarSettings,
}

#[async_trait]
impl Command for UpdateCalendar {
    type Output = Calendar;
    const NAME: &'static str = "calendar.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageCalendars)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Calendar>> {
        let mut calendar = load(context, self.id).await?;
        check_revision(self.revision, calendar.revision)?;
        self.settings.apply(&mut calendar, context)?;
        // A schedule that begins to use the calendar later raises its revision, and this commit is stale.
        let mut changes = Changes::none().update(Record::Calendar(calendar.clone()));
        for mut schedule in
            context.store.schedules_of_calendar(self.id, MAX_SCHEDULES_OF_CALENDAR + 1).await?
        {
            let times = schedule.due_times(Some(&calendar))?;
            // A due time that has come and that nobody decided on yet stays due, if the new days leave it.
            let undecided = schedule.next_due.map(|due| due - TimeDelta::microseconds(1));
            let from = undecided.map_or(context.now, |undecided| undecided.min(context.now));
            schedule.renew_next_due(&times, schedule.last_due.map_or(from, |last| last.max(from)));
            changes = changes.update(Record::Schedule(Box::new(schedule)));
        }
        let changes = changes
            .audited(context.audit("calendar", calendar.id, detail(&calendar)))
            .event(Event::CalendarChanged { calendar_id: calendar.id });
        calendar.revision += 1;
        Ok(Decision::new(changes, calendar))
    }
}

/// Removes a calendar that no schedule uses.
#[derive(Clone, Debug)]
pub struct DeleteCalendar {
    /// Which.
    pub id: CalendarId,
}

#[async_trait]
impl Command for DeleteCalendar {
    type Output = ();
    const NAME: &'static str = "calendar.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageCalendars)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let calendar = load(context, self.id).await?;
        if let [schedule, ..] = &context.store.schedules_of_calendar(self.id, 1).await?[..] {
            return Err(Error::conflict(
                "calendar.in_use",
                format!("the schedule {} uses the calendar; give it another, or none, first", schedule.id),
            ));
        }
        let mut changes = Changes::none()
            .audited(context.audit("calendar", calendar.id, detail(&calendar)))
            .event(Event::CalendarChanged { calendar_id: calendar.id });
        changes.writes.push(Write::DeleteCalendar { id: calendar.id, revision: calendar.revision });
        Ok(Decision::new(changes, ()))
    }
}

async fn load(context: &CommandContext<'_>, id: CalendarId) -> Result<Calendar> {
    context.store.calendar(id).await?.ok_or_else(|| Error::not_found("calendar", id))
}
