//! Log lines: gapless, in order, without repetition.

use async_trait::async_trait;

use crate::domain::{Lease, LogChunk, LogRecord};
use crate::error::Result;
use crate::id::AgentId;

/// How far the log of a lease is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogAck {
    /// Whose.
    pub lease: Lease,
    /// The highest contiguous line stored.
    pub stored_seq: u64,
    /// Whether that is the last there is (known once the attempt is finished).
    pub complete: bool,
}

/// Stores and reads log lines.
///
/// # Contract
/// - `append` stores the lines of a chunk that follow what is stored; lines stored before are passed over
///   (`log::repeated_lines_are_kept_once`), and a chunk that would leave a gap is not stored at all
///   (`log::a_gap_is_refused`). One answer a chunk, in order; the attempt keeps the highest line
///   (`log::acknowledges_what_is_stored`, `log::completes`).
/// - Lines of an ended or superseded attempt are stored too, as long as the attempt was this agent's: late
///   lines are still true (`log::late_lines_are_kept`). A lease that never was, or another agent's, is
///   [`Error::stale_lease`](crate::Error::stale_lease) and nothing of the call is stored
///   (`log::a_foreign_lease_is_refused`).
/// - `read` gives lines with `seq > after`, in order, at most `limit` (`log::reads_in_order`). What was archived
///   ([`LogArchiveStore`](super::LogArchiveStore)) is not there any more.
#[async_trait]
pub trait LogStore {
    /// Stores chunks of one agent.
    ///
    /// # Errors
    /// `StaleLease`.
    async fn append(&self, agent_id: AgentId, chunks: &[LogChunk]) -> Result<Vec<LogAck>>;

    /// Reads lines.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn read(&self, lease: Lease, after: u64, limit: u32) -> Result<Vec<LogRecord>>;
}
