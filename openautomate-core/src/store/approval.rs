//! Approvals, and the executions that wait for them.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{Approval, Execution};
use crate::error::Result;
use crate::id::{ApprovalId, ExecutionId};
use crate::query::{ApprovalFilter, Page, PageRequest};

/// Reads approvals. They are written by `CommitStore::commit`. Every method fails with `Unavailable` if the database
/// does not answer, and in no other way.
///
/// # Contract
/// - Of one execution and key there is one approval: a second is a `Conflict` (`approval::one_a_key`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ApprovalStore {
    /// The approval with this id (`approval::round_trip`).
    async fn approval(&self, id: ApprovalId) -> Result<Option<Approval>>;
    /// The approval of an execution with this key (`approval::one_a_key`).
    async fn approval_by_key(&self, execution: ExecutionId, key: &str) -> Result<Option<Approval>>;
    /// Approvals, newest first (`approval::pages`).
    async fn approvals(&self, filter: &ApprovalFilter, page: PageRequest) -> Result<Page<Approval>>;
    /// Those that wait although their execution has ended, or that expire at or before `now`, oldest first, at most
    /// `limit` (`approval::to_settle`).
    async fn approvals_to_settle(&self, now: Timestamp, limit: u32) -> Result<Vec<Approval>>;
    /// Executions that are suspended and of whose approvals none waits, oldest first, at most `limit`: they can go on
    /// (`approval::answered`). `wake` leaves suspended ones alone (`approval::wake_leaves_them`).
    async fn answered_executions(&self, limit: u32) -> Result<Vec<Execution>>;
}
