//! Making, changing, pausing and running schedules.

mod backfill;
mod firing;
mod pause;
mod run;
mod runnable;
mod save;
mod settings;
mod times;

use serde_json::{Value, json};

use crate::changes::{Changes, Record, Write};
use crate::command::CommandContext;
use crate::domain::{Calendar, Schedule};
use crate::error::{Error, Result};
use crate::id::{CalendarId, ScheduleId};
use crate::store::Store;

pub use backfill::{Backfill, BackfillSchedule, DEFAULT_BACKFILL, MAX_BACKFILL};
pub use pause::{MAX_REASON_CHARS, PauseSchedule, ResumeSchedule};
pub use run::RunSchedule;
pub use runnable::NotRunnable;
pub use save::{CreateSchedule, DeleteSchedule, UpdateSchedule};
pub use settings::{DEFAULT_CATCHUP_WINDOW_MS, MAX_PAUSE_AFTER_FAILURES, ScheduleSettings, fire_times};
pub use times::DueTimes;

pub(crate) use firing::{Decided, Firings};
pub(crate) use pause::{check_reason, pause};
pub(crate) use runnable::{Runnable, runnable};
pub(crate) use settings::MAX_SCHEDULES_OF_CALENDAR;

async fn load(context: &CommandContext<'_>, id: ScheduleId) -> Result<Schedule> {
    let schedule = context.store.schedule(id).await?.filter(|schedule| schedule.deleted_at.is_none());
    let missing = || Error::not_found("schedule", id);
    let schedule = schedule.ok_or_else(missing)?;
    context.allowed_in(schedule.environment_id, missing)?;
    Ok(schedule)
}

/// The calendar of a schedule.
///
/// # Errors
/// `Unavailable` if the store does not answer; `Internal` if the calendar is not there, which the store forbids.
pub async fn calendar_of(store: &dyn Store, id: Option<CalendarId>) -> Result<Option<Calendar>> {
    let Some(id) = id else { return Ok(None) };
    let calendar = store.calendar(id).await?;
    let missing = || Error::internal("store.reference", "a schedule names a calendar that is not there");
    calendar.ok_or_else(missing).map(Some)
}

fn detail(schedule: &Schedule) -> Value {
    json!({
        "name": schedule.name,
        "packageId": schedule.package_id,
        "cronExpression": schedule.cron_expression,
        "timeZone": schedule.time_zone,
        "calendarId": schedule.calendar_id,
        "isActive": schedule.is_active,
    })
}

impl Changes {
    /// Has the commit fail if the calendar that a due time was found with is not the present one. Who changes a
    /// calendar finds its schedules first, so it must also see those that begin to use it.
    fn found_with(mut self, calendar: Option<Calendar>) -> Self {
        // Written first, as by who changes the calendar, so that the two don't wait for each other.
        let write = calendar.map(|calendar| Write::Update(Record::Calendar(calendar)));
        self.writes.splice(0..0, write);
        self
    }
}
