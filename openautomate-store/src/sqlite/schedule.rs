//! Schedules, firings and calendars.

use async_trait::async_trait;
use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Calendar, Execution, ExecutionState, Firing, Schedule};
use openautomate_core::error::Result;
use openautomate_core::id::{CalendarId, PackageId, ScheduleId};
use openautomate_core::query::{FiringFilter, Page, PageRequest};
use openautomate_core::store::{CalendarStore, ScheduleStore};

use super::SqliteStore;
use crate::driver::{Columns, Pool, micros, query};
use crate::error::Error;
use crate::row::read_firing;
use crate::table::{all, one, page};

#[async_trait]
impl<P: Pool> ScheduleStore for SqliteStore<P> {
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>> {
        Ok(one(query("SELECT * FROM schedules WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn schedules(&self, package: Option<PackageId>, request: PageRequest) -> Result<Page<Schedule>> {
        const OF_ALL: &str =
            "SELECT * FROM schedules WHERE deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ? + 0";
        const OF_PACKAGE: &str =
            "SELECT * FROM schedules WHERE package_id = ? AND deleted_at IS NULL AND id < ?
            ORDER BY id DESC LIMIT ? + 0";
        let statement = match package {
            Some(package) => query(OF_PACKAGE).bind(package.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.readers).await?)
    }

    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>> {
        const SELECT: &str = "SELECT * FROM schedules WHERE is_active = 1 AND deleted_at IS NULL
            AND next_due IS NOT NULL AND next_due + delay_ms * 1000 <= ?
            ORDER BY next_due + delay_ms * 1000, id LIMIT ? + 0";
        Ok(all(query(SELECT).bind(micros(now)).bind(limit), &self.readers).await?)
    }

    async fn next_fire(&self) -> Result<Option<Timestamp>> {
        const SELECT: &str = "SELECT min(next_due + delay_ms * 1000) AS value FROM schedules
            WHERE is_active = 1 AND deleted_at IS NULL AND next_due IS NOT NULL";
        let due: Option<i64> = query(SELECT).fetch_value(&self.readers).await.map_err(Error::from)?;
        Ok(due.and_then(DateTime::from_timestamp_micros))
    }

    async fn queued_schedules(&self, limit: u32) -> Result<Vec<Schedule>> {
        const SELECT: &str = "SELECT * FROM schedules WHERE queued_due IS NOT NULL AND deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM executions WHERE schedule_id = schedules.id
                AND state IN ('Pending', 'Assigned', 'Running', 'Waiting'))
            ORDER BY queued_due, id LIMIT ? + 0";
        Ok(all(query(SELECT).bind(limit), &self.readers).await?)
    }

    async fn has_queued(&self) -> Result<bool> {
        const SELECT: &str =
            "SELECT id FROM schedules WHERE queued_due IS NOT NULL AND deleted_at IS NULL LIMIT 1";
        let found = query(SELECT).fetch_optional(&self.readers).await.map_err(Error::from)?;
        Ok(found.is_some())
    }

    async fn firings(&self, schedule: ScheduleId, filter: FiringFilter, limit: u32) -> Result<Vec<Firing>> {
        const SELECT: &str = "SELECT * FROM firings WHERE schedule_id = ? AND due_at >= ? AND due_at < ?
            ORDER BY due_at DESC LIMIT ? + 0";
        let select = query(SELECT)
            .bind(schedule.as_uuid())
            .bind(filter.from.map_or(i64::MIN, micros))
            .bind(filter.before.map_or(i64::MAX, micros))
            .bind(limit);
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_firing).collect::<crate::error::Result<_>>()?)
    }

    async fn failures_in_a_row(
        &self,
        schedule: ScheduleId,
        since: Option<Timestamp>,
        most: u32,
    ) -> Result<u32> {
        const SELECT: &str = "SELECT state FROM executions
            WHERE schedule_id = ? AND ended_at IS NOT NULL AND ended_at > ?
                AND state IN ('Succeeded', 'Failed', 'TimedOut')
            ORDER BY ended_at DESC, id DESC LIMIT ? + 0";
        let since = since.map_or(i64::MIN, micros);
        let select = query(SELECT).bind(schedule.as_uuid()).bind(since).bind(most);
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        let mut failed = 0;
        for row in &rows {
            let state: ExecutionState = Columns::of(row, "execution").word("state")?;
            if state == ExecutionState::Succeeded {
                break;
            }
            failed += 1;
        }
        Ok(failed)
    }

    async fn not_started(&self, after: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Execution>> {
        const SELECT: &str = "SELECT * FROM executions
            WHERE state = 'Pending' AND run_at > ? AND run_at <= ?
                AND schedule_id IS NOT NULL AND started_at IS NULL
            ORDER BY run_at, id LIMIT ? + 0";
        let select = query(SELECT).bind(micros(after)).bind(micros(until)).bind(limit);
        Ok(all(select, &self.readers).await?)
    }
}

#[async_trait]
impl<P: Pool> CalendarStore for SqliteStore<P> {
    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        Ok(one(query("SELECT * FROM calendars WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn calendars(&self, request: PageRequest) -> Result<Page<Calendar>> {
        const SELECT: &str = "SELECT * FROM calendars WHERE id < ? ORDER BY id DESC LIMIT ? + 0";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn schedules_of_calendar(&self, id: CalendarId, limit: u32) -> Result<Vec<Schedule>> {
        const SELECT: &str =
            "SELECT * FROM schedules WHERE calendar_id = ? AND deleted_at IS NULL ORDER BY id LIMIT ? + 0";
        Ok(all(query(SELECT).bind(id.as_uuid()).bind(limit), &self.readers).await?)
    }
}
