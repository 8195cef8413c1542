//! Agents.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Agent, AgentPool, AgentPreparation, EnrolmentToken, UsagePoint};
use crate::error::Result;
use crate::id::{AgentId, EnvironmentId, PoolId, VersionId};
use crate::query::{Page, PageRequest};

/// Reads agents, and keeps how busy they were. Every method fails with `Unavailable` if the database does not answer,
/// and in no other way.
///
/// # Contract
/// - `agents` leaves deleted ones out; `agent` gives them too (`read_agent::deleted_agents`).
/// - `agent_revisions` tells of every change that a command made, a deletion too; connecting and heartbeats are none
///   (`read_agent::agent_revisions`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait AgentStore {
    /// The agent with this id, deleted or not.
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>>;
    /// Agents that are not deleted, newest first.
    async fn agents(&self, page: PageRequest) -> Result<Page<Agent>>;
    /// The pool with this id, deleted or not.
    async fn agent_pool(&self, id: PoolId) -> Result<Option<AgentPool>>;
    /// Pools that are not deleted, of one environment or of all, newest first.
    async fn agent_pools(
        &self,
        environment: Option<EnvironmentId>,
        page: PageRequest,
    ) -> Result<Page<AgentPool>>;
    /// The pool of an environment with this name, without regard to case, that is not deleted.
    async fn agent_pool_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<AgentPool>>;
    /// How many agents that are not deleted are in a pool.
    async fn count_agents_of_pool(&self, pool: PoolId) -> Result<u64>;
    /// Keeps how busy an agent's machine was. One that is kept already in the same place
    /// ([`UsagePoint::slot`]) is replaced if it is older (`read_agent::agent_usage`).
    async fn note_usage(&self, agent: AgentId, point: UsagePoint) -> Result<()>;
    /// How busy an agent's machine was from an instant on, oldest first; at most [`UsagePoint::KEPT`] points.
    async fn usage(&self, agent: AgentId, since: Timestamp) -> Result<Vec<UsagePoint>>;
    /// Keeps an agent's last words on versions, each of which is there; those of another agent among them are left
    /// out, and so are those that do not replace what is kept ([`AgentPreparation::replaces`]). What this agent said
    /// more than [`AgentPreparation::DAYS`] before the newest of them is forgotten (`read_agent::preparations`).
    async fn note_preparations(&self, agent: AgentId, told: &[AgentPreparation]) -> Result<()>;
    /// What an agent said last of a version (`read_agent::preparations`).
    async fn preparation(&self, agent: AgentId, version: VersionId) -> Result<Option<AgentPreparation>>;
    /// What agents that are not deleted said last of a version, by agent, newest agent first
    /// (`read_agent::preparations`).
    async fn preparations(&self, version: VersionId, page: PageRequest) -> Result<Page<AgentPreparation>>;
    /// The enrolment token with this hash.
    async fn enrolment_token(&self, hash: &[u8; 32]) -> Result<Option<EnrolmentToken>>;
    /// The revision of each of these agents, deleted or not, in any order; one that is not there is left out.
    async fn agent_revisions(&self, ids: &[AgentId]) -> Result<Vec<(AgentId, i64)>>;
}
