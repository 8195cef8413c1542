//! Calendars.

use async_trait::async_trait;

use crate::domain::{Calendar, Schedule};
use crate::error::Result;
use crate::id::CalendarId;
use crate::query::{Page, PageRequest};

/// Reads calendars. Every method fails with `Unavailable` if the database does not answer, and in no other way.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait CalendarStore {
    /// The calendar with this id.
    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>>;
    /// Calendars, newest first (`page::calendars`).
    async fn calendars(&self, page: PageRequest) -> Result<Page<Calendar>>;
    /// Schedules that are not deleted and use a calendar, by id, at most `limit` (`schedule::of_a_calendar`).
    async fn schedules_of_calendar(&self, id: CalendarId, limit: u32) -> Result<Vec<Schedule>>;
}
