//! Archives of log lines.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Lease, LogArchive};
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::{ExecutionId, LogArchiveId};
use openautomate_core::store::{ArchivableLogs, LogArchiveStore};

use super::SqliteStore;
use super::group_commit::Operation;
use crate::driver::{Columns, Connection, Pool, micros, query};
use crate::error::{Error, Result};
use crate::row::{may_archive, read_archivable, read_log_archive, select_archivable, store_log_archive};

#[async_trait]
impl<P: Pool> LogArchiveStore for SqliteStore<P> {
    async fn archivable_logs(
        &self,
        after: Option<ExecutionId>,
        ended_by: Timestamp,
        limit: u32,
    ) -> CoreResult<ArchivableLogs> {
        let select = select_archivable(after, limit, micros(ended_by));
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(read_archivable(&rows, limit)?)
    }

    async fn archive_log(&self, archive: LogArchive, replaces: Option<LogArchiveId>) -> CoreResult<bool> {
        self.writer.commit(ArchiveLog { archive, replaces }).await
    }

    async fn log_archive(&self, lease: Lease) -> CoreResult<Option<LogArchive>> {
        let select = query("SELECT * FROM log_archives WHERE execution_id = $1 AND epoch = $2");
        let select = select.bind(lease.execution.as_uuid()).bind(lease.epoch);
        let row = select.fetch_optional(&self.readers).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_log_archive).transpose()?)
    }

    async fn log_archives(&self, execution: ExecutionId) -> CoreResult<Vec<LogArchiveId>> {
        let select = query("SELECT id FROM log_archives WHERE execution_id = $1").bind(execution.as_uuid());
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        let ids =
            rows.iter().map(|row| Columns::of(row, "log archive").uuid("id").map(LogArchiveId::from_uuid));
        Ok(ids.collect::<Result<_>>()?)
    }
}

struct ArchiveLog {
    archive: LogArchive,
    replaces: Option<LogArchiveId>,
}

impl Operation for ArchiveLog {
    type Output = bool;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<bool> {
        const SELECT: &str = "SELECT a.stored_log_seq, e.ended_at IS NOT NULL AS has_ended, l.id AS archive_id,
                EXISTS (SELECT 1 FROM log_chunks AS c WHERE c.execution_id = a.execution_id AND c.epoch = a.epoch
                    AND c.first_seq <= ?3 AND c.last_seq > ?3) AS is_divided
            FROM attempts AS a JOIN executions AS e ON e.id = a.execution_id
            LEFT JOIN log_archives AS l ON l.execution_id = a.execution_id AND l.epoch = a.epoch
            WHERE a.execution_id = ?1 AND a.epoch = ?2";
        let lease = self.archive.lease;
        let of_attempt = |sql| query(sql).bind(lease.execution.as_uuid()).bind(lease.epoch);
        let select = of_attempt(SELECT).bind(self.archive.last_seq.cast_signed());
        let row = select.fetch_optional(&mut *connection).await?;
        let may = row.as_ref().map(|row| may_archive(row, &self.archive, self.replaces));
        if !may.transpose()?.unwrap_or(false) {
            return Ok(false);
        }
        store_log_archive(&self.archive, connection).await?;
        Ok(true)
    }
}
