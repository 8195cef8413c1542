//! Log lines: one row a chunk, numbered without a gap.

use async_trait::async_trait;
use openautomate_core::domain::{Lease, LogChunk, LogRecord};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentId;
use openautomate_core::store::{LogAck, LogStore};

use super::SqliteStore;
use super::group_commit::Operation;
use crate::driver::{Columns, Connection, Pool, query};
use crate::error::{Error, Result};
use crate::log_piece::{LogPiece, records};

#[async_trait]
impl<P: Pool> LogStore for SqliteStore<P> {
    async fn append(&self, agent_id: AgentId, chunks: &[LogChunk]) -> CoreResult<Vec<LogAck>> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        // Encoded here, so that the one writer does not spend its time on it.
        let pieces = chunks.iter().map(LogPiece::of).collect::<Result<_>>()?;
        self.writer.commit(Append { agent_id, pieces }).await
    }

    async fn read(&self, lease: Lease, after: u64, limit: u32) -> CoreResult<Vec<LogRecord>> {
        // The chunks that hold these lines and no other: the last is the first that reaches the last line.
        const SELECT: &str = "SELECT first_seq, lines FROM log_chunks
            WHERE execution_id = ?1 AND epoch = ?2 AND last_seq > ?3
                AND last_seq <= coalesce((SELECT min(last_seq) FROM log_chunks
                    WHERE execution_id = ?1 AND epoch = ?2 AND last_seq >= ?4), ?5)
            ORDER BY last_seq";
        let select = query(SELECT)
            .bind(lease.execution.as_uuid())
            .bind(lease.epoch)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::try_from(after.saturating_add(limit.into())).unwrap_or(i64::MAX))
            .bind(i64::MAX);
        let chunks = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(records(&chunks, after, limit as usize)?)
    }
}

struct Append {
    agent_id: AgentId,
    pieces: Vec<LogPiece>,
}

impl Operation for Append {
    type Output = Vec<LogAck>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<LogAck>> {
        let mut answers = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            answers.push(append(self.agent_id, piece, connection).await?);
        }
        Ok(answers)
    }
}

async fn append(agent_id: AgentId, piece: LogPiece, connection: &mut impl Connection) -> Result<LogAck> {
    const STORED: &str = "SELECT stored_log_seq, final_log_seq FROM attempts
        WHERE execution_id = ? AND epoch = ? AND agent_id = ?";
    const STORE: &str =
        "INSERT INTO log_chunks (execution_id, epoch, last_seq, first_seq, lines) VALUES (?, ?, ?, ?, ?)";
    const COUNT: &str = "UPDATE attempts SET stored_log_seq = ? WHERE execution_id = ? AND epoch = ?";
    let lease = piece.lease;
    let (id, epoch) = (lease.execution.as_uuid(), lease.epoch);
    let select = query(STORED).bind(id).bind(epoch).bind(agent_id.as_uuid());
    let Some(row) = select.fetch_optional(&mut *connection).await? else {
        return Err(CoreError::stale_lease().into());
    };
    let columns = Columns::of(&row, "attempt");
    let mut stored = columns.unsigned("stored_log_seq")?;
    let last = columns.unsigned_or_none("final_log_seq")?;
    if let Some(piece) = piece.following(stored)? {
        stored = piece.last_seq();
        let store = query(STORE)
            .bind(id)
            .bind(epoch)
            .bind(stored.cast_signed())
            .bind(piece.first_seq.cast_signed())
            .bind(piece.lines);
        let count = query(COUNT).bind(stored.cast_signed()).bind(id).bind(epoch);
        connection.execute_both(store, count).await?;
    }
    Ok(LogAck { lease, stored_seq: stored, complete: last.is_some_and(|last| stored >= last) })
}
