//! Which executions asked for which.

use async_trait::async_trait;

use crate::domain::Lease;
use crate::error::Result;
use crate::id::{AgentId, ExecutionId};

/// Reads who asked for whom, and looks after children whose parent is over. Calls are written by
/// `CommitStore::commit`. Every method fails with `Unavailable` if the database does not answer, and in no other way but as it says.
///
/// # Contract
/// - A second child for the same parent, try and call is [`Error::stale_row`](crate::Error::stale_row)
///   (`child::one_a_call`).
/// - A child for which its parent waits may stand in for it (`child::stands_in`): from then on it takes no place of a
///   limit that its parent holds one of, as [`Occupancy`](crate::domain::Occupancy) says, for as long as the parent is
///   leased (`limit::stand_ins`). One child of a parent does at a time (`child::one_stands_in`).
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
    /// Lets a child have the places of its parent, which waits for it under this lease. Says whether it does from now
    /// on: not if it did before, is no child of the execution or has ended, or another child does that has not ended
    /// (`child::stands_in`, `child::one_stands_in`). `StaleLease` if the lease is not held.
    async fn stand_in(&self, lease: Lease, agent: AgentId, child: ExecutionId) -> Result<bool>;
    /// Looks no more after children that have ended, at most `limit`; gives how many (`child::closed`).
    async fn close_children(&self, limit: u32) -> Result<u64>;
}
