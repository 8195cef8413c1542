//! Triggers, their firings, and what they are due for.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{DueTrigger, Trigger, TriggerFiring, TriggerWatch, TurnState, WatchKind};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, PackageId, TriggerId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::TriggerStore;

use super::search::searchable;
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Word, micros, query};
use crate::error::{Error, Result as RowResult};
use crate::row::{
    count_firings, note_watch, read_due_trigger, read_trigger_firing, read_turn, read_watch, select_turn,
    select_watches,
};
use crate::table::{all, one, page};

#[async_trait]
impl<P: PostgresDriver> TriggerStore for PostgresStore<P> {
    async fn trigger(&self, id: TriggerId) -> Result<Option<Trigger>> {
        Ok(one(query("SELECT * FROM triggers WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn triggers(&self, package: Option<PackageId>, request: PageRequest) -> Result<Page<Trigger>> {
        const OF_ALL: &str =
            "SELECT * FROM triggers WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        const OF_PACKAGE: &str =
            "SELECT * FROM triggers WHERE package_id = $1 AND deleted_at IS NULL AND id < $2
            ORDER BY id DESC LIMIT $3";
        let statement = match package {
            Some(package) => query(OF_PACKAGE).bind(package.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.pool).await?)
    }

    async fn triggers_after(&self, package: PackageId, environment: EnvironmentId) -> Result<Vec<Trigger>> {
        const SELECT: &str = "SELECT * FROM triggers WHERE source_package_id = $1 AND environment_id = $2
            AND source_package_id IS NOT NULL AND deleted_at IS NULL ORDER BY id";
        let select = query(SELECT).bind(package.as_uuid()).bind(environment.as_uuid());
        Ok(all(select, &self.pool).await?)
    }

    async fn trigger_firing(&self, trigger: TriggerId, key: &str) -> Result<Option<TriggerFiring>> {
        let select = query("SELECT * FROM trigger_firings WHERE trigger_id = $1 AND key = $2");
        let select = select.bind(trigger.as_uuid()).bind(searchable(key));
        let row = select.fetch_optional(&self.pool).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_trigger_firing).transpose()?)
    }

    async fn trigger_firings(&self, trigger: TriggerId, limit: u32) -> Result<Vec<TriggerFiring>> {
        const SELECT: &str = "SELECT * FROM trigger_firings WHERE trigger_id = $1
            ORDER BY fired_at DESC, key DESC LIMIT $2";
        let select = query(SELECT).bind(trigger.as_uuid()).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_trigger_firing).collect::<RowResult<_>>()?)
    }

    async fn due_triggers(&self, limit: u32) -> Result<Vec<DueTrigger>> {
        const SELECT: &str = "SELECT * FROM due_triggers ORDER BY execution_id, trigger_id LIMIT $1";
        let select = query(SELECT).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_due_trigger).collect::<RowResult<_>>()?)
    }

    async fn watched_triggers(&self, kind: WatchKind) -> Result<Vec<Trigger>> {
        const SELECT: &str = "SELECT * FROM triggers WHERE watched = $1 AND watched IS NOT NULL
            AND deleted_at IS NULL AND is_active ORDER BY id";
        Ok(all(query(SELECT).bind(Word(kind)), &self.pool).await?)
    }

    async fn trigger_turn(&self, trigger: TriggerId) -> Result<Option<TurnState>> {
        let row = select_turn(trigger).fetch_optional(&self.pool).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_turn).transpose()?)
    }

    async fn count_trigger_firings(&self, trigger: TriggerId, since: Timestamp, most: u32) -> Result<u32> {
        let count = count_firings(trigger, since, most);
        let count: i64 = count.fetch_value(&self.pool).await.map_err(Error::from)?;
        Ok(u32::try_from(count).unwrap_or(most))
    }

    async fn note_watch(&self, watch: TriggerWatch) -> Result<()> {
        note_watch(&watch).execute(&self.pool).await.map_err(Error::from)?;
        Ok(())
    }

    async fn trigger_watches(&self, trigger: TriggerId) -> Result<Vec<TriggerWatch>> {
        let rows = select_watches(trigger).fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_watch).collect::<RowResult<_>>()?)
    }

    async fn prune_trigger_firings(&self, before: Timestamp, limit: u32) -> Result<u64> {
        const DELETE: &str = "DELETE FROM trigger_firings WHERE (trigger_id, key) IN (
            SELECT trigger_id, key FROM trigger_firings WHERE fired_at < $1 ORDER BY fired_at LIMIT $2
            FOR UPDATE SKIP LOCKED)";
        let delete = query(DELETE).bind(micros(before)).bind(i64::from(limit));
        Ok(delete.execute(&self.pool).await.map_err(Error::from)?)
    }
}
