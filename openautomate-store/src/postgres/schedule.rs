//! Schedules and firings.

use async_trait::async_trait;
use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Firing, Schedule};
use openautomate_core::error::Result;
use openautomate_core::id::{PackageId, ScheduleId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::ScheduleStore;

use super::{PostgresPool, PostgresStore};
use crate::driver::{micros, query};
use crate::error::Error;
use crate::row::read_firing;
use crate::table::{all, one, page};

#[async_trait]
impl<P: PostgresPool> ScheduleStore for PostgresStore<P> {
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>> {
        Ok(one(query("SELECT * FROM schedules WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn schedules(&self, package: Option<PackageId>, request: PageRequest) -> Result<Page<Schedule>> {
        const OF_ALL: &str =
            "SELECT * FROM schedules WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        const OF_PACKAGE: &str =
            "SELECT * FROM schedules WHERE package_id = $1 AND deleted_at IS NULL AND id < $2
            ORDER BY id DESC LIMIT $3";
        let statement = match package {
            Some(package) => query(OF_PACKAGE).bind(package.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.pool).await?)
    }

    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>> {
        const SELECT: &str = "SELECT * FROM schedules WHERE is_active AND deleted_at IS NULL
            AND next_due IS NOT NULL AND next_due <= $1 ORDER BY next_due, id LIMIT $2";
        Ok(all(query(SELECT).bind(micros(now)).bind(i64::from(limit)), &self.pool).await?)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        const SELECT: &str = "SELECT min(next_due) AS value FROM schedules
            WHERE is_active AND deleted_at IS NULL AND next_due IS NOT NULL";
        let due: Option<i64> = query(SELECT).fetch_value(&self.pool).await.map_err(Error::from)?;
        Ok(due.and_then(DateTime::from_timestamp_micros))
    }

    async fn firings(&self, schedule: ScheduleId, limit: u32) -> Result<Vec<Firing>> {
        const SELECT: &str = "SELECT * FROM firings WHERE schedule_id = $1 ORDER BY due_at DESC LIMIT $2";
        let select = query(SELECT).bind(schedule.as_uuid()).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_firing).collect::<crate::error::Result<_>>()?)
    }
}
