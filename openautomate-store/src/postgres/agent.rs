//! Agents.

use async_trait::async_trait;
use openautomate_core::domain::{Agent, EnrolmentToken};
use openautomate_core::error::Result;
use openautomate_core::id::AgentId;
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AgentStore;

use super::{PostgresDriver, PostgresStore};
use crate::driver::query;
use crate::error::{Error, Result as RowResult};
use crate::row::read_revision;
use crate::table::{one, page};
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
