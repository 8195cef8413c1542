//! Committing what commands decided.

use async_trait::async_trait;
use openautomate_core::changes::{Changes, Record, Write};
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::IdempotencyRecord;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::{AssetId, UserId};
use openautomate_core::store::CommitStore;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::column::micros;
use super::file::use_files;
use super::group_commit::Operation;
use super::row::{insert_answer, insert_entry, insert_firing, read_answer};
use super::table::{insert, update};
use crate::sqlx::error::{Error, Result};

#[async_trait]
impl CommitStore for SqliteStore {
    async fn commit(&self, changes: Changes) -> CoreResult<()> {
        self.writer.commit(Commit(changes)).await
    }

    async fn idempotency(&self, user: UserId, key: &str) -> CoreResult<Option<IdempotencyRecord>> {
        let row = sqlx::query("SELECT * FROM idempotency_records WHERE user_id = ? AND key = ?")
            .bind(user.as_uuid())
            .bind(key)
            .fetch_optional(&self.readers)
            .await
            .map_err(Error::from)?;
        Ok(row.as_ref().map(read_answer).transpose()?)
    }

    async fn prune_idempotency(&self, before: Timestamp, limit: u32) -> CoreResult<u64> {
        self.writer.commit(PruneIdempotency { before, limit }).await
    }
}

struct Commit(Changes);

impl Operation for Commit {
    type Output = ();

    async fn run(self, connection: &mut SqliteConnection) -> Result<()> {
        for write in &self.0.writes {
            apply(write, connection).await?;
        }
        for entry in &self.0.audit {
            insert_entry(entry, connection).await?;
        }
        match &self.0.idempotency {
            Some(answer) => insert_answer(answer, connection).await,
            None => Ok(()),
        }
    }
}

async fn apply(write: &Write, connection: &mut SqliteConnection) -> Result<()> {
    match write {
        Write::Insert(record) => insert_record(record, connection).await,
        Write::Update(record) => update_record(record, connection).await,
        Write::DeleteAsset { id, revision } => delete_asset(*id, *revision, connection).await,
        Write::UseFiles { user, files } => use_files(*user, files, connection).await,
        Write::Fire(firing) => insert_firing(firing, connection).await,
    }
}

async fn insert_record(record: &Record, connection: &mut SqliteConnection) -> Result<()> {
    match record {
        Record::User(record) => insert(record, connection).await,
        Record::Session(record) => insert(record, connection).await,
        Record::Invitation(record) => insert(record, connection).await,
        Record::Environment(record) => insert(record, connection).await,
        Record::Agent(record) => insert(record, connection).await,
        Record::EnrolmentToken(record) => insert(record, connection).await,
        Record::Package(record) => insert(record, connection).await,
        Record::PackageVersion(record) => insert(record, connection).await,
        Record::Deployment(record) => insert(record, connection).await,
        Record::Execution(record) => insert(record.as_ref(), connection).await,
        Record::Schedule(record) => insert(record.as_ref(), connection).await,
        Record::Asset(record) => insert(record, connection).await,
        Record::InputFile(record) => insert(record, connection).await,
    }
}

async fn update_record(record: &Record, connection: &mut SqliteConnection) -> Result<()> {
    match record {
        Record::User(record) => update(record, connection).await,
        Record::Session(record) => update(record, connection).await,
        Record::Invitation(record) => update(record, connection).await,
        Record::Environment(record) => update(record, connection).await,
        Record::Agent(record) => update(record, connection).await,
        Record::EnrolmentToken(record) => update(record, connection).await,
        Record::Package(record) => update(record, connection).await,
        Record::PackageVersion(record) => update(record, connection).await,
        Record::Deployment(record) => update(record, connection).await,
        Record::Execution(record) => update(record.as_ref(), connection).await,
        Record::Schedule(record) => update(record.as_ref(), connection).await,
        Record::Asset(record) => update(record, connection).await,
        Record::InputFile(record) => update(record, connection).await,
    }
}

async fn delete_asset(id: AssetId, revision: i64, connection: &mut SqliteConnection) -> Result<()> {
    let delete =
        sqlx::query("DELETE FROM assets WHERE id = ? AND revision = ?").bind(id.as_uuid()).bind(revision);
    match delete.execute(connection).await?.rows_affected() {
        0 => Err(CoreError::stale_row("asset").into()),
        _ => Ok(()),
    }
}

struct PruneIdempotency {
    before: Timestamp,
    limit: u32,
}

impl Operation for PruneIdempotency {
    type Output = u64;

    async fn run(self, connection: &mut SqliteConnection) -> Result<u64> {
        const DELETE: &str = "DELETE FROM idempotency_records WHERE (user_id, key) IN (
            SELECT user_id, key FROM idempotency_records WHERE created_at < ? ORDER BY created_at LIMIT ?)";
        let done = sqlx::query(DELETE).bind(micros(self.before)).bind(self.limit).execute(connection).await?;
        Ok(done.rows_affected())
    }
}
