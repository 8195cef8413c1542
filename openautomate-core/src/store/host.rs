//! Writing inside a transaction that a host application holds.

use async_trait::async_trait;

use crate::changes::Changes;
use crate::error::Result;

/// A transaction of a host application that changes can be written in. The adapters make one of what their library
/// calls a transaction.
///
/// # Contract
/// - What `write` wrote is there if, and only if, the host commits; until then nobody else sees it.
/// - The rules are those of [`CommitStore::commit`](super::CommitStore::commit). A refusal takes back all that this
///   call wrote and leaves the rest of the transaction as it was.
/// - Nobody is told of it.
#[async_trait]
pub trait HostTransaction: Send {
    /// Writes changes, with their audit entries and the kept answer.
    ///
    /// Dropped half-way it may have written a part: roll back then.
    ///
    /// # Errors
    /// Those of [`CommitStore::commit`](super::CommitStore::commit), and what the adapter says of a connection that
    /// can't keep the promise.
    async fn write(&mut self, changes: &Changes) -> Result<()>;
}
