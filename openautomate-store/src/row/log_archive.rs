//! Archives of log lines. They are written by the operation that takes the lines out of the database alone.

use openautomate_core::domain::{Lease, LogArchive};
use openautomate_core::id::{ExecutionId, LogArchiveId};
use openautomate_core::store::ArchivableLogs;

use crate::driver::{Columns, Connection, Json, Row, Statement, micros, query};
use crate::error::Result;

pub(crate) fn read_log_archive<R: Row>(row: &R) -> Result<LogArchive> {
    let columns = Columns::of(row, "log archive");
    let execution = ExecutionId::from_uuid(columns.uuid("execution_id")?);
    Ok(LogArchive {
        id: LogArchiveId::from_uuid(columns.uuid("id")?),
        lease: Lease { execution, epoch: columns.count("epoch")? },
        last_seq: columns.unsigned("last_seq")?,
        size: columns.unsigned("size")?,
        sha256: columns.get("sha256")?,
        frames: columns.json("frames")?,
        archived_at: columns.time("archived_at")?,
    })
}

/// Puts an archive in the place of the one that the attempt may have, and takes its lines out of the database.
pub(crate) async fn store_log_archive(archive: &LogArchive, connection: &mut impl Connection) -> Result<()> {
    const DELETE: &str = "DELETE FROM log_archives WHERE execution_id = $1 AND epoch = $2";
    const INSERT: &str =
        "INSERT INTO log_archives (execution_id, epoch, id, last_seq, size, sha256, frames, archived_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const DELETE_LINES: &str =
        "DELETE FROM log_chunks WHERE execution_id = $1 AND epoch = $2 AND last_seq <= $3";
    let of_attempt =
        |sql: &'static str| query(sql).bind(archive.lease.execution.as_uuid()).bind(archive.lease.epoch);
    of_attempt(DELETE).execute(&mut *connection).await?;
    let insert = of_attempt(INSERT)
        .bind(archive.id.as_uuid())
        .bind(archive.last_seq.cast_signed())
        .bind(archive.size.cast_signed())
        .bind(&archive.sha256)
        .bind(Json(&archive.frames))
        .bind(micros(archive.archived_at));
    insert.execute(&mut *connection).await?;
    of_attempt(DELETE_LINES).bind(archive.last_seq.cast_signed()).execute(connection).await?;
    Ok(())
}

/// Whether a row about an attempt says that its lines may be archived like this.
pub(crate) fn may_archive<R: Row>(
    row: &R,
    archive: &LogArchive,
    replaces: Option<LogArchiveId>,
) -> Result<bool> {
    let columns = Columns::of(row, "attempt");
    Ok(columns.get::<bool>("has_ended")?
        && !columns.get::<bool>("is_divided")?
        && columns.unsigned("stored_log_seq")? >= archive.last_seq
        && columns.uuid_or_none("archive_id")?.map(LogArchiveId::from_uuid) == replaces)
}

/// Looks for attempts to archive: from one execution that has lines to the next, a seek each, however many lines there
/// are. Binds the execution to begin after, how many to look at, and by when they have ended.
pub(crate) fn select_archivable(after: Option<ExecutionId>, limit: u32, ended_by: i64) -> Statement {
    const SELECT: &str = "WITH RECURSIVE looked (id, place) AS (
            SELECT execution_id, 1 FROM (
                SELECT execution_id FROM log_chunks WHERE execution_id > $1 ORDER BY execution_id LIMIT 1) AS first
            UNION ALL
            SELECT (SELECT execution_id FROM log_chunks WHERE execution_id > looked.id
                ORDER BY execution_id LIMIT 1), place + 1
            FROM looked WHERE id IS NOT NULL AND place < $2
        )
        SELECT looked.id, attempts.epoch FROM looked
        LEFT JOIN executions ON executions.id = looked.id AND executions.ended_at <= $3
        LEFT JOIN attempts ON attempts.execution_id = executions.id AND EXISTS (SELECT 1 FROM log_chunks
            WHERE log_chunks.execution_id = attempts.execution_id AND log_chunks.epoch = attempts.epoch)
        WHERE looked.id IS NOT NULL ORDER BY looked.id, attempts.epoch";
    let after = after.map_or(uuid::Uuid::nil(), |id| *id.as_uuid());
    query(SELECT).bind(after).bind(i64::from(limit)).bind(ended_by)
}

/// What the rows of [`select_archivable`] say.
pub(crate) fn read_archivable<R: Row>(rows: &[R], limit: u32) -> Result<ArchivableLogs> {
    let mut found = ArchivableLogs::default();
    let mut looked = 0;
    for row in rows {
        let columns = Columns::of(row, "log");
        let execution = ExecutionId::from_uuid(columns.uuid("id")?);
        looked += u32::from(found.next.replace(execution) != Some(execution));
        if let Some(epoch) = columns.get::<Option<i64>>("epoch")? {
            let epoch = u32::try_from(epoch).unwrap_or(u32::MAX);
            found.leases.push(Lease { execution, epoch });
        }
    }
    found.next = found.next.filter(|_| looked >= limit);
    Ok(found)
}
