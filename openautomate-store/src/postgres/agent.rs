//! Agents.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Agent, AgentPool, AgentPreparation, EnrolmentToken, UsagePoint};
use openautomate_core::error::Result;
use openautomate_core::id::{AgentId, EnvironmentId, PoolId, VersionId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AgentStore;

use super::search::searchable;
use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Connection, micros, query};
use crate::error::{Error, Result as RowResult};
use crate::row::{
    forget_preparations, note_preparation, note_usage, read_preparation, read_revision, read_usage,
};
use crate::table::{below, one, one_too_many, page};
use uuid::Uuid;

#[async_trait]
impl<P: PostgresDriver> AgentStore for PostgresStore<P> {
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>> {
        Ok(one(query("SELECT * FROM agents WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn agents(&self, request: PageRequest) -> Result<Page<Agent>> {
        const SELECT: &str =
            "SELECT * FROM agents WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        Ok(page(query(SELECT), request, &self.pool).await?)
    }

    async fn agent_pool(&self, id: PoolId) -> Result<Option<AgentPool>> {
        Ok(one(query("SELECT * FROM agent_pools WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn agent_pools(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> Result<Page<AgentPool>> {
        const ALL: &str =
            "SELECT * FROM agent_pools WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        const OF_ONE: &str = "SELECT * FROM agent_pools
            WHERE environment_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
        let statement = match environment {
            Some(environment) => query(OF_ONE).bind(environment.as_uuid()),
            None => query(ALL),
        };
        Ok(page(statement, request, &self.pool).await?)
    }

    async fn agent_pool_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<AgentPool>> {
        const SELECT: &str = "SELECT * FROM agent_pools
            WHERE environment_id = $1 AND lower(name) = lower($2 COLLATE \"C\") AND deleted_at IS NULL";
        let select = query(SELECT).bind(environment.as_uuid()).bind(searchable(name));
        Ok(one(select, &self.pool).await?)
    }

    async fn count_agents_of_pool(&self, pool: PoolId) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) AS value FROM agents WHERE deleted_at IS NULL
            AND pool_ids::jsonb @> to_jsonb($1::text)";
        let count = query(COUNT).bind(pool.to_string());
        let count: i64 = count.fetch_value(&self.pool).await.map_err(Error::from)?;
        Ok(count.cast_unsigned())
    }

    async fn note_usage(&self, agent: AgentId, point: UsagePoint) -> Result<()> {
        note_usage(agent, &point).execute(&self.pool).await.map_err(Error::from)?;
        Ok(())
    }

    async fn usage(&self, agent: AgentId, since: Timestamp) -> Result<Vec<UsagePoint>> {
        const SELECT: &str = "SELECT * FROM agent_usage WHERE agent_id = $1 AND at >= $2 ORDER BY at";
        let select = query(SELECT).bind(agent.as_uuid()).bind(micros(since));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_usage).collect::<RowResult<_>>()?)
    }

    async fn note_preparations(&self, agent: AgentId, told: &[AgentPreparation]) -> Result<()> {
        transact(&NotePreparations { agent, told }, &self.pool).await.map_err(Into::into)
    }

    async fn preparation(&self, agent: AgentId, version: VersionId) -> Result<Option<AgentPreparation>> {
        const SELECT: &str = "SELECT * FROM agent_preparations WHERE agent_id = $1 AND version_id = $2";
        let select = query(SELECT).bind(agent.as_uuid()).bind(version.as_uuid());
        let row = select.fetch_optional(&self.pool).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_preparation).transpose()?)
    }

    async fn preparations(&self, version: VersionId, request: PageRequest) -> Result<Page<AgentPreparation>> {
        const SELECT: &str = "SELECT p.* FROM agent_preparations AS p JOIN agents AS a ON a.id = p.agent_id
            WHERE p.version_id = $1 AND a.deleted_at IS NULL AND p.agent_id < $2
            ORDER BY p.agent_id DESC LIMIT $3";
        let select = query(SELECT).bind(version.as_uuid()).bind(below(request)).bind(one_too_many(request));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        let items = rows.iter().map(read_preparation).collect::<RowResult<_>>()?;
        Ok(Page::from_overfetch(items, request.limit, |word: &AgentPreparation| *word.agent_id.as_uuid()))
    }

    async fn enrolment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrolmentToken>> {
        const SELECT: &str = "SELECT * FROM enrolment_tokens WHERE token_hash = $1";
        Ok(one(query(SELECT).bind(&hash[..]), &self.pool).await?)
    }

    async fn agent_revisions(&self, ids: &[AgentId]) -> Result<Vec<(AgentId, i64)>> {
        const SELECT: &str = "SELECT id, revision FROM agents WHERE id = ANY($1)";
        let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
        let rows = query(SELECT).bind(ids).fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_revision).collect::<RowResult<_>>()?)
    }
}

struct NotePreparations<'a> {
    agent: AgentId,
    told: &'a [AgentPreparation],
}

impl Operation for NotePreparations<'_> {
    type Output = ();

    async fn run<C: Connection>(&self, connection: &mut C) -> RowResult<()> {
        let Some(newest) = self.told.iter().map(|word| word.at).max() else { return Ok(()) };
        for word in self.told.iter().filter(|word| word.agent_id == self.agent) {
            note_preparation(word).execute(&mut *connection).await?;
        }
        let since = newest - AgentPreparation::kept_for();
        forget_preparations(self.agent, since).execute(connection).await?;
        Ok(())
    }
}
