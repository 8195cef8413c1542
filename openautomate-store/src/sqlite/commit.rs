//! Committing what commands decided.

use async_trait::async_trait;
use openautomate_core::changes::{Changes, Write};
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::IdempotencyRecord;
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::UserId;
use openautomate_core::store::CommitStore;

use super::SqliteStore;
use super::file::use_files;
use super::group_commit::Operation;
use super::insert::{insert_answer, insert_entry, insert_firing, replace_skipped};
use crate::driver::{Connection, Pool, micros, query};
use crate::error::{Error, Result};
use crate::record::{
    delete_asset, delete_calendar, delete_external_identity, delete_role, insert_child, insert_record,
    insert_trigger_firing, seal_asset_content, update_record,
};
use crate::row::{read_answer, take_turn};
use crate::vault::{forget_key, keep_key};

#[async_trait]
impl<P: Pool> CommitStore for SqliteStore<P> {
    async fn commit(&self, changes: Changes) -> CoreResult<()> {
        self.writer.commit(Commit(changes)).await
    }

    async fn idempotency(&self, user: UserId, key: &str) -> CoreResult<Option<IdempotencyRecord>> {
        let row = query("SELECT * FROM idempotency_records WHERE user_id = ? AND key = ?")
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

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        write(&self.0, connection).await
    }
}

/// Writes all of it, row by row.
pub(super) async fn write(changes: &Changes, connection: &mut impl Connection) -> Result<()> {
    for write in &changes.writes {
        apply(write, connection).await?;
    }
    for entry in &changes.audit {
        insert_entry(entry, connection).await?;
    }
    match &changes.idempotency {
        Some(answer) => insert_answer(answer, connection).await,
        None => Ok(()),
    }
}

async fn apply(write: &Write, connection: &mut impl Connection) -> Result<()> {
    match write {
        Write::Insert(record) => insert_record(record, connection).await,
        Write::Update(record) => update_record(record, connection).await,
        Write::DeleteAsset { id, revision } => delete_asset(*id, *revision, connection).await,
        Write::SealAssetContent { id, sealed } => {
            seal_asset_content(*id, sealed.as_deref(), connection).await
        }
        Write::DeleteExternalIdentity { id, revision } => {
            delete_external_identity(*id, *revision, connection).await
        }
        Write::DeleteRole { id, revision } => delete_role(*id, *revision, connection).await,
        Write::DeleteCalendar { id, revision } => delete_calendar(*id, *revision, connection).await,
        Write::UseFiles { user, files } => use_files(*user, files, connection).await,
        Write::Fire(firing) => insert_firing(firing, connection).await,
        Write::FireSkipped(firing) => replace_skipped(firing, connection).await,
        Write::FireTrigger(firing) => insert_trigger_firing(firing, connection).await,
        Write::TakeTurn(turn) => take_turn(turn, connection).await,
        Write::AddChild(call) => insert_child(call, connection).await,
        Write::KeepVaultKey(key) => keep_key(key, connection).await,
        Write::ForgetVaultKey { id } => forget_key(*id, connection).await,
    }
}

struct PruneIdempotency {
    before: Timestamp,
    limit: u32,
}

impl Operation for PruneIdempotency {
    type Output = u64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<u64> {
        const DELETE: &str = "DELETE FROM idempotency_records WHERE (user_id, key) IN (
            SELECT user_id, key FROM idempotency_records WHERE created_at < ? ORDER BY created_at LIMIT ? + 0)";
        Ok(query(DELETE).bind(micros(self.before)).bind(self.limit).execute(connection).await?)
    }
}
