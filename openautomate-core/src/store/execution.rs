//! Executions, attempts, artifacts.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Artifact, Attempt, ConcurrencyLimits, Execution, ExecutionSummary, Occupancy};
use crate::error::Result;
use crate::id::{AgentId, ArtifactId, EnvironmentId, ExecutionId, PackageId, PoolId, ScheduleId};
use crate::query::{ExecutionFilter, Page, PageRequest};

/// Reads executions. Every method fails with `Unavailable` if the database does not answer, and in no other
/// way.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ExecutionStore {
    /// The execution with this id.
    async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>>;
    /// Executions, newest first, without inputs, outputs and tracebacks.
    async fn executions(&self, filter: &ExecutionFilter, page: PageRequest)
    -> Result<Page<ExecutionSummary>>;
    /// The attempts of an execution, first to last.
    async fn attempts(&self, execution: ExecutionId) -> Result<Vec<Attempt>>;
    /// The artifacts of an execution, oldest id first.
    async fn artifacts(&self, execution: ExecutionId) -> Result<Vec<Artifact>>;
    /// One artifact.
    async fn artifact(&self, execution: ExecutionId, id: ArtifactId) -> Result<Option<Artifact>>;
    /// The executions with the origin `Schedule` of this schedule that have not ended, oldest first.
    async fn open_executions_of_schedule(&self, schedule: ScheduleId) -> Result<Vec<Execution>>;
    /// How many executions of a package have not ended.
    async fn count_open_executions_of_package(&self, package: PackageId) -> Result<u64>;
    /// How many executions that ask for a pool have not ended.
    async fn count_open_executions_of_pool(&self, pool: PoolId) -> Result<u64>;
    /// What is leased in an environment, and the limits that hold there.
    async fn occupancy(&self, environment: EnvironmentId) -> Result<(Occupancy, ConcurrencyLimits)>;
    /// Leased executions of an environment, oldest first: of this package and with this key, where they are given.
    async fn holders(
        &self,
        environment: EnvironmentId,
        package: Option<PackageId>,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ExecutionId>>;
    /// How many executions of an environment each agent has a lease of; those that have none are left out.
    async fn leases_by_agent(&self, environment: EnvironmentId) -> Result<Vec<(AgentId, u64)>>;
    /// How many `Pending` executions of its environment that are due at `now` come before an execution.
    async fn count_ahead(&self, execution: &Execution, now: Timestamp) -> Result<u64>;
    /// The executions that an agent holds a lease of, oldest first.
    async fn leased_executions(&self, agent: AgentId) -> Result<Vec<Execution>>;
}
