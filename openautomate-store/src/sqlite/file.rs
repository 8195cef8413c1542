//! Uploaded files, and what uses them.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{FileUser, InputFile};
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::FileId;
use openautomate_core::store::FileStore;

use super::SqliteStore;
use super::group_commit::Operation;
use crate::driver::{Columns, Connection, Pool, micros, query};
use crate::error::Result;
use crate::table::{all, one};

#[async_trait]
impl<P: Pool> FileStore for SqliteStore<P> {
    async fn file(&self, id: FileId) -> CoreResult<Option<InputFile>> {
        const SELECT: &str = "SELECT * FROM input_files WHERE id = ?";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.readers).await?)
    }

    async fn files_used(&self, user: FileUser) -> CoreResult<Vec<InputFile>> {
        const BY_EXECUTION: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM execution_files WHERE execution_id = ?) ORDER BY id";
        const BY_ITEM: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM work_item_files WHERE item_id = ?) ORDER BY id";
        const BY_SCHEDULE: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM schedule_files WHERE schedule_id = ?) ORDER BY id";
        const BY_RELEASE: &str = "SELECT * FROM input_files
            WHERE id IN (SELECT file_id FROM agent_release_files WHERE release_id = ?) ORDER BY id";
        let statement = match user {
            FileUser::Execution(id) => query(BY_EXECUTION).bind(*id.as_uuid()),
            FileUser::Schedule(id) => query(BY_SCHEDULE).bind(*id.as_uuid()),
            FileUser::WorkItem(id) => query(BY_ITEM).bind(*id.as_uuid()),
            FileUser::AgentRelease(id) => query(BY_RELEASE).bind(*id.as_uuid()),
        };
        Ok(all(statement, &self.readers).await?)
    }

    async fn expire_files(&self, now: Timestamp, limit: u32) -> CoreResult<Vec<FileId>> {
        self.writer.commit(ExpireFiles { now, limit }).await
    }

    async fn forget_files(&self, files: &[FileId]) -> CoreResult<()> {
        if files.is_empty() {
            return Ok(());
        }
        self.writer.commit(ForgetFiles(files.to_vec())).await
    }
}

/// Replaces what an execution, a schedule, a work item or a release uses.
pub(super) async fn use_files(
    user: FileUser,
    files: &[FileId],
    connection: &mut impl Connection,
) -> Result<()> {
    let (delete, insert, id) = match user {
        FileUser::Execution(id) => (
            "DELETE FROM execution_files WHERE execution_id = ?",
            "INSERT INTO execution_files (execution_id, file_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::Schedule(id) => (
            "DELETE FROM schedule_files WHERE schedule_id = ?",
            "INSERT INTO schedule_files (schedule_id, file_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::WorkItem(id) => (
            "DELETE FROM work_item_files WHERE item_id = ?",
            "INSERT INTO work_item_files (item_id, file_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
        FileUser::AgentRelease(id) => (
            "DELETE FROM agent_release_files WHERE release_id = ?",
            "INSERT INTO agent_release_files (release_id, file_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            *id.as_uuid(),
        ),
    };
    query(delete).bind(id).execute(&mut *connection).await?;
    for file in files {
        query(insert).bind(id).bind(file.as_uuid()).execute(&mut *connection).await?;
    }
    Ok(())
}

struct ExpireFiles {
    now: Timestamp,
    limit: u32,
}

impl Operation for ExpireFiles {
    type Output = Vec<FileId>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<FileId>> {
        const SELECT: &str = "SELECT id FROM input_files WHERE removed_at IS NOT NULL
            OR (removed_at IS NULL AND expires_at < ?
                AND NOT EXISTS (SELECT 1 FROM execution_files WHERE file_id = input_files.id)
                AND NOT EXISTS (SELECT 1 FROM schedule_files WHERE file_id = input_files.id)
                AND NOT EXISTS (SELECT 1 FROM work_item_files WHERE file_id = input_files.id)
                AND NOT EXISTS (SELECT 1 FROM agent_release_files WHERE file_id = input_files.id))
            ORDER BY id LIMIT ? + 0";
        const REMOVE: &str = "UPDATE input_files SET removed_at = ?, revision = revision + 1
            WHERE id = ? AND removed_at IS NULL";
        let select = query(SELECT).bind(micros(self.now)).bind(self.limit);
        let rows = select.fetch_all(&mut *connection).await?;
        let mut files = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = Columns::of(row, "file").uuid("id")?;
            query(REMOVE).bind(micros(self.now)).bind(id).execute(&mut *connection).await?;
            files.push(FileId::from_uuid(id));
        }
        Ok(files)
    }
}

struct ForgetFiles(Vec<FileId>);

impl Operation for ForgetFiles {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        const DELETE: &str = "DELETE FROM input_files WHERE id = ? AND removed_at IS NOT NULL";
        for id in &self.0 {
            query(DELETE).bind(id.as_uuid()).execute(&mut *connection).await?;
        }
        Ok(())
    }
}
