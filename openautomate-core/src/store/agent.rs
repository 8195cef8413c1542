//! Agents.

use async_trait::async_trait;

use crate::domain::{Agent, EnrolmentToken};
use crate::error::Result;
use crate::id::AgentId;
use crate::query::{Page, PageRequest};

/// Reads agents. Every method fails with `Unavailable` if the database does not answer, and in no other way.
///
/// # Contract
/// - `agents` leaves deleted ones out; `agent` gives them too (`read::deleted_agents`).
/// - `agent_revisions` tells of every change that a command made, a deletion too; connecting and heartbeats are none
///   (`read::agent_revisions`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait AgentStore {
    /// The agent with this id, deleted or not.
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>>;
    /// Agents that are not deleted, newest first.
    async fn agents(&self, page: PageRequest) -> Result<Page<Agent>>;
    /// The enrolment token with this hash.
    async fn enrolment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrolmentToken>>;
    /// The revision of each of these agents, deleted or not, in any order; one that is not there is left out.
    async fn agent_revisions(&self, ids: &[AgentId]) -> Result<Vec<(AgentId, i64)>>;
}
