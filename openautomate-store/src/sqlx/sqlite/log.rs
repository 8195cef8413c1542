//! Log lines: one row a chunk, numbered without a gap.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use openautomate_core::domain::{Lease, LogChunk, LogLine, LogRecord};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentId;
use openautomate_core::store::{LogAck, LogStore};
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::column::Columns;
use super::group_commit::Operation;
use crate::sqlx::error::Result;
use crate::sqlx::log_piece::LogPiece;

#[async_trait]
impl LogStore for SqliteStore {
    async fn append(&self, agent_id: AgentId, chunks: &[LogChunk]) -> CoreResult<Vec<LogAck>> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        // Encoded here, so that the one writer does not spend its time on it.
        let pieces = chunks.iter().map(LogPiece::of).collect::<Result<_>>()?;
        self.writer.commit(Append { agent_id, pieces }).await
    }

    async fn read(&self, lease: Lease, after: u64, limit: u32) -> CoreResult<Vec<LogRecord>> {
        Ok(read(self, lease, after, limit as usize).await?)
    }
}

async fn read(store: &SqliteStore, lease: Lease, after: u64, limit: usize) -> Result<Vec<LogRecord>> {
    const SELECT: &str = "SELECT first_seq, lines FROM log_chunks
        WHERE execution_id = ? AND epoch = ? AND last_seq > ? ORDER BY last_seq";
    let mut records = Vec::new();
    let after_stored = i64::try_from(after).unwrap_or(i64::MAX);
    let select = sqlx::query(SELECT).bind(lease.execution.as_uuid()).bind(lease.epoch).bind(after_stored);
    let mut rows = select.fetch(&store.readers);
    while records.len() < limit {
        let Some(row) = rows.try_next().await? else { break };
        let columns = Columns::of(&row, "log chunk");
        let first = columns.unsigned("first_seq")?;
        let lines: Vec<LogLine> = columns.json("lines")?;
        let numbered = (first..).zip(lines).map(|(seq, line)| LogRecord { seq, line });
        records.extend(numbered.filter(|record| record.seq > after).take(limit - records.len()));
    }
    Ok(records)
}

struct Append {
    agent_id: AgentId,
    pieces: Vec<LogPiece>,
}

impl Operation for Append {
    type Output = Vec<LogAck>;

    async fn run(self, connection: &mut SqliteConnection) -> Result<Vec<LogAck>> {
        let mut answers = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            answers.push(append(self.agent_id, piece, connection).await?);
        }
        Ok(answers)
    }
}

async fn append(agent_id: AgentId, piece: LogPiece, connection: &mut SqliteConnection) -> Result<LogAck> {
    const STORED: &str = "SELECT stored_log_seq, final_log_seq FROM attempts
        WHERE execution_id = ? AND epoch = ? AND agent_id = ?";
    // Both in one message to the connection's thread; placeholders count on through the two.
    const STORE: &str =
        "INSERT INTO log_chunks (execution_id, epoch, last_seq, first_seq, lines) VALUES (?, ?, ?, ?, ?);
        UPDATE attempts SET stored_log_seq = ? WHERE execution_id = ? AND epoch = ?";
    let lease = piece.lease;
    let (id, epoch) = (lease.execution.as_uuid(), lease.epoch);
    let select = sqlx::query(STORED).bind(id).bind(epoch).bind(agent_id.as_uuid());
    let Some(row) = select.fetch_optional(&mut *connection).await? else {
        return Err(CoreError::stale_lease().into());
    };
    let columns = Columns::of(&row, "attempt");
    let mut stored = columns.unsigned("stored_log_seq")?;
    let last = columns.unsigned_or_none("final_log_seq")?;
    if let Some(piece) = piece.following(stored)? {
        stored = piece.last_seq();
        sqlx::query(STORE)
            .bind(id)
            .bind(epoch)
            .bind(stored.cast_signed())
            .bind(piece.first_seq.cast_signed())
            .bind(piece.lines)
            .bind(stored.cast_signed())
            .bind(id)
            .bind(epoch)
            .execute(connection)
            .await?;
    }
    Ok(LogAck { lease, stored_seq: stored, complete: last.is_some_and(|last| stored >= last) })
}
