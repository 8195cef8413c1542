//! Uploaded files, and what uses them.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{FileUser, InputFile};
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::FileId;
use openautomate_core::store::FileStore;

use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Connection, micros, query};
use crate::error::{Error, Result};
use crate::table::{all, one};
use uuid::Uuid;

#[async_trait]
impl<P: PostgresDriver> FileStore for PostgresStore<P> {
    async fn file(&self, id: FileId) -> CoreResult<Option<InputFile>> {
        const SELECT: &str = "SELECT * FROM input_files WHERE id = $1";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.pool).await?)
    }

    async fn files_used(&self, user: FileUser) -> CoreResult<Vec<InputFile>> {
        const BY_EXECUTION: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM execution_files WHERE execution_id = $1) ORDER BY id";
        const BY_ITEM: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM work_item_files WHERE item_id = $1) ORDER BY id";
        const BY_SCHEDULE: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM schedule_files WHERE schedule_id = $1) ORDER BY id";
        const BY_RELEASE: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM agent_release_files WHERE release_id = $1) ORDER BY id";
        let statement = match user {
            FileUser::Execution(id) => query(BY_EXECUTION).bind(*id.as_uuid()),
            FileUser::Schedule(id) => query(BY_SCHEDULE).bind(*id.as_uuid()),
            FileUser::WorkItem(id) => query(BY_ITEM).bind(*id.as_uuid()),
            FileUser::AgentRelease(id) => query(BY_RELEASE).bind(*id.as_uuid()),
        };
        Ok(all(statement, &self.pool).await?)
    }

    async fn expire_files(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<FileId>> {
        Ok(transact(&ExpireFiles { now, limit }, &self.pool).await?)
    }

    async fn forget_files(&self, files: &[FileId]) -> CoreResult<()> {
        const DELETE: &str = "DELETE FROM input_files WHERE id = ANY($1) AND removed_at IS NOT NULL";
        query(DELETE).bind(uuids(files)).execute(&self.pool).await.map_err(Error::from)?;
        Ok(())
    }
}

/// Replaces what an execution, a schedule, a work item or a release uses.
pub(super) async fn use_files(
    user: FileUser,
    files: &[FileId],
    connection: &mut impl Connection,
) -> Result<()> {
    // Sorted, so that two who use the same files wait for each other in one order.
    let (delete, insert, id) = match user {
        FileUser::Execution(id) => (
            "DELETE FROM execution_files WHERE execution_id = $1",
            "INSERT INTO execution_files (execution_id, file_id)
                SELECT $1, file FROM unnest($2::uuid[]) AS file ORDER BY file ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::Schedule(id) => (
            "DELETE FROM schedule_files WHERE schedule_id = $1",
            "INSERT INTO schedule_files (schedule_id, file_id)
                SELECT $1, file FROM unnest($2::uuid[]) AS file ORDER BY file ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::WorkItem(id) => (
            "DELETE FROM work_item_files WHERE item_id = $1",
            "INSERT INTO work_item_files (item_id, file_id)
                SELECT $1, file FROM unnest($2::uuid[]) AS file ORDER BY file ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::AgentRelease(id) => (
            "DELETE FROM agent_release_files WHERE release_id = $1",
            "INSERT INTO agent_release_files (release_id, file_id)
                SELECT $1, file FROM unnest($2::uuid[]) AS file ORDER BY file ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
    };
    query(delete).bind(id).execute(&mut *connection).await?;
    if !files.is_empty() {
        query(insert).bind(id).bind(uuids(files)).execute(&mut *connection).await?;
    }
    Ok(())
}

fn uuids(files: &[FileId]) -> Vec<Uuid> {
    files.iter().map(|file| *file.as_uuid()).collect()
}

struct ExpireFiles {
    now: Timestamp,
    limit: u32,
}

impl Operation for ExpireFiles {
    type Output = Vec<FileId>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<FileId>> {
        const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM execution_files WHERE file_id = f.id)
            AND NOT EXISTS (SELECT 1 FROM schedule_files WHERE file_id = f.id)
            AND NOT EXISTS (SELECT 1 FROM work_item_files WHERE file_id = f.id)
            AND NOT EXISTS (SELECT 1 FROM agent_release_files WHERE file_id = f.id)";
        // Whoever begins to use one meanwhile holds its row, which is left out.
        let lock = format!(
            "SELECT f.id FROM input_files f WHERE f.removed_at IS NOT NULL OR (f.expires_at < $1 AND {UNUSED})
            ORDER BY f.id LIMIT $2 FOR UPDATE SKIP LOCKED"
        );
        let lock = query(lock).bind(micros(self.now)).bind(i64::from(self.limit));
        let locked = lock.fetch_all(&mut *connection).await?;
        let ids = locked.iter().map(|row| Columns::of(row, "file").uuid("id")).collect::<Result<Vec<_>>>()?;
        // Looked at again: a use that was committed while the rows were being locked shows now.
        let remove = format!(
            "WITH removed AS (UPDATE input_files f SET removed_at = $1, revision = revision + 1
                WHERE f.id = ANY($2) AND f.removed_at IS NULL AND {UNUSED} RETURNING f.id)
            SELECT id FROM removed
            UNION SELECT id FROM input_files WHERE id = ANY($2) AND removed_at IS NOT NULL ORDER BY id"
        );
        let remove = query(remove).bind(micros(self.now)).bind(ids);
        let removed = remove.fetch_all(&mut *connection).await?;
        removed.iter().map(|row| Columns::of(row, "file").uuid("id").map(FileId::from_uuid)).collect()
    }
}
