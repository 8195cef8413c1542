//! Executions, attempts, artifacts.

use async_trait::async_trait;

use crate::domain::{Artifact, Attempt, Execution, ExecutionSummary};
use crate::error::Result;
use crate::id::{AgentId, ArtifactId, ExecutionId, PackageId, ScheduleId};
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
    /// The executions that an agent holds a lease of, oldest first.
    async fn leased_executions(&self, agent: AgentId) -> Result<Vec<Execution>>;
}
