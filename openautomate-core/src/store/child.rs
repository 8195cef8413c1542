//! Which executions asked for which.

use async_trait::async_trait;

use crate::error::Result;
use crate::id::ExecutionId;

/// Reads who asked for whom, and looks after children whose parent is over. Calls are written by
/// `CommitStore::commit`. Every method fails with `Unavailable` if the database does not answer, and in no other way.
///
/// # Contract
/// - A second child for the same parent, try and call is [`Error::stale_row`](crate::Error::stale_row)
///   (`child::one_a_call`).
/// - A child is looked after until `close_children` finds that it has ended (`child::closed`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ChildStore {
    /// The child that a run of an execution asked for by this call (`child::one_a_call`).
    async fn child_of_call(
        &self,
        parent: ExecutionId,
        attempt_try: u32,
        call: u32,
    ) -> Result<Option<ExecutionId>>;
    /// The children of an execution, oldest first, at most `limit` (`child::in_order`).
    async fn children(&self, parent: ExecutionId, limit: u32) -> Result<Vec<ExecutionId>>;
    /// Open children of executions that were cancelled or ran out of time, whose own cancel was not asked for yet,
    /// oldest first, at most `limit` (`child::to_cancel`).
    async fn children_to_cancel(&self, limit: u32) -> Result<Vec<ExecutionId>>;
    /// Looks no more after children that have ended, at most `limit`; gives how many (`child::closed`).
    async fn close_children(&self, limit: u32) -> Result<u64>;
}
