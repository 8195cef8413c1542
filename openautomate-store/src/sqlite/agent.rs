//! Agents.

use async_trait::async_trait;
use openautomate_core::domain::{Agent, EnrolmentToken};
use openautomate_core::error::Result;
use openautomate_core::id::AgentId;
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AgentStore;

use super::SqliteStore;
use super::search::id_list;
use crate::driver::{Pool, query};
use crate::error::{Error, Result as RowResult};
use crate::row::read_revision;
use crate::table::{one, page};

#[async_trait]
impl<P: Pool> AgentStore for SqliteStore<P> {
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>> {
        Ok(one(query("SELECT * FROM agents WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn agents(&self, request: PageRequest) -> Result<Page<Agent>> {
        const SELECT: &str =
            "SELECT * FROM agents WHERE deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn enrolment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrolmentToken>> {
        const SELECT: &str = "SELECT * FROM enrolment_tokens WHERE token_hash = ?";
        Ok(one(query(SELECT).bind(&hash[..]), &self.readers).await?)
    }

    async fn agent_revisions(&self, ids: &[AgentId]) -> Result<Vec<(AgentId, i64)>> {
        const SELECT: &str =
            "SELECT id, revision FROM agents WHERE id IN (SELECT unhex(value) FROM json_each(?))";
        let select = query(SELECT).bind(id_list(ids.iter().map(AgentId::as_uuid)));
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_revision).collect::<RowResult<_>>()?)
    }
}
