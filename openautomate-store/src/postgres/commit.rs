//! Committing what commands decided.

use async_trait::async_trait;
use openautomate_core::changes::{Changes, Record, Write};
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Execution, IdempotencyRecord};
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::UserId;
use openautomate_core::store::CommitStore;

use super::file::use_files;
use super::group::Grouped;
use super::insert::{insert_answers, insert_entries, insert_executions, insert_firing, replace_skipped};
use super::search::searchable;
use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Connection, Transactions, micros, query};
use crate::error::{Error, Result};
use crate::record::{
    delete_asset, delete_calendar, delete_external_identity, delete_role, insert_child, insert_record,
    insert_trigger_firing, seal_asset_content, update_record,
};
use crate::row::{read_answer, take_turn};
use crate::vault::{forget_key, keep_key};

#[async_trait]
impl<P: PostgresDriver> CommitStore for PostgresStore<P> {
    async fn commit(&self, changes: Changes) -> CoreResult<()> {
        if Enqueue::fits(&changes) {
            return self.enqueues.write(Enqueue(changes)).await;
        }
        Ok(transact(&Commit(&changes), &self.pool).await?)
    }

    async fn idempotency(&self, user: UserId, key: &str) -> CoreResult<Option<IdempotencyRecord>> {
        let row = query("SELECT * FROM idempotency_records WHERE user_id = $1 AND key = $2")
            .bind(user.as_uuid())
            .bind(searchable(key))
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::from)?;
        Ok(row.as_ref().map(read_answer).transpose()?)
    }

    async fn prune_idempotency(&self, before: Timestamp, limit: u32) -> CoreResult<u64> {
        const DELETE: &str = "DELETE FROM idempotency_records WHERE (user_id, key) IN (
            SELECT user_id, key FROM idempotency_records WHERE created_at < $1 ORDER BY created_at LIMIT $2
            FOR UPDATE SKIP LOCKED)";
        let delete = query(DELETE).bind(micros(before)).bind(i64::from(limit));
        Ok(delete.execute(&self.pool).await.map_err(Error::from)?)
    }
}

/// New executions and what goes with them: the hot one among commits, which may share its statements with
/// others. Everything else is written row by row.
pub(super) struct Enqueue(Changes);

impl Enqueue {
    fn fits(changes: &Changes) -> bool {
        !changes.writes.is_empty()
            && changes.writes.iter().all(|write| matches!(write, Write::Insert(Record::Execution(_))))
    }
}

impl Grouped for Enqueue {
    type Output = ();

    async fn run_all<P: Transactions>(enqueues: &[Self], pool: &P) -> Result<Vec<Result<()>>> {
        transact(&EnqueueAll(enqueues), pool).await?;
        Ok(enqueues.iter().map(|_| Ok(())).collect())
    }
}

struct EnqueueAll<'a>(&'a [Enqueue]);

impl Operation for EnqueueAll<'_> {
    type Output = ();

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<()> {
        let executions: Vec<&Execution> = self
            .0
            .iter()
            .flat_map(|enqueue| &enqueue.0.writes)
            .filter_map(|write| match write {
                Write::Insert(Record::Execution(execution)) => Some(execution.as_ref()),
                _ => None,
            })
            .collect();
        insert_executions(&executions, connection).await?;
        let entries: Vec<_> = self.0.iter().flat_map(|enqueue| &enqueue.0.audit).collect();
        insert_entries(&entries, connection).await?;
        let answers: Vec<_> = self.0.iter().filter_map(|enqueue| enqueue.0.idempotency.as_ref()).collect();
        insert_answers(&answers, connection).await
    }
}

/// All of it, row by row.
pub(super) struct Commit<'a>(pub(super) &'a Changes);

impl Operation for Commit<'_> {
    type Output = ();

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<()> {
        for write in &self.0.writes {
            apply(write, connection).await?;
        }
        insert_entries(&self.0.audit.iter().collect::<Vec<_>>(), connection).await?;
        insert_answers(&self.0.idempotency.iter().collect::<Vec<_>>(), connection).await
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
