//! Log lines: one row a chunk, numbered without a gap.

use std::collections::HashMap;

use async_trait::async_trait;
use openautomate_core::domain::{Lease, LogChunk, LogRecord};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentId;
use openautomate_core::store::{LogAck, LogStore};

use super::finish::columns_of;
use super::group::Grouped;
use super::transact::{Operation, transact};
use super::{PostgresPool, PostgresStore};
use crate::driver::{Columns, Connection, Pool, query};
use crate::error::{Error, Result};
use crate::log_piece::{LogPiece, records};

#[async_trait]
impl<P: PostgresPool> LogStore for PostgresStore<P> {
    async fn append(&self, agent_id: AgentId, chunks: &[LogChunk]) -> CoreResult<Vec<LogAck>> {
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        let pieces = chunks.iter().map(LogPiece::of).collect::<Result<_>>()?;
        self.appends.write(Append { agent_id, pieces }).await
    }

    async fn read(&self, lease: Lease, after: u64, limit: u32) -> CoreResult<Vec<LogRecord>> {
        // The chunks that hold these lines and no other: the last is the first that reaches the last line.
        const SELECT: &str = "SELECT first_seq, lines FROM log_chunks
            WHERE execution_id = $1 AND epoch = $2 AND last_seq > $3
                AND last_seq <= coalesce((SELECT min(last_seq) FROM log_chunks
                    WHERE execution_id = $1 AND epoch = $2 AND last_seq >= $4), $5)
            ORDER BY last_seq";
        let select = query(SELECT)
            .bind(lease.execution.as_uuid())
            .bind(lease.epoch)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::try_from(after.saturating_add(limit.into())).unwrap_or(i64::MAX))
            .bind(i64::MAX);
        let chunks = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(records(&chunks, after, limit as usize)?)
    }
}

/// Lines of one agent that may share their statements with those of others.
pub(super) struct Append {
    agent_id: AgentId,
    pieces: Vec<LogPiece>,
}

impl Grouped for Append {
    type Output = Vec<LogAck>;

    async fn run_all<P: Pool>(appends: &[Self], pool: &P) -> Result<Vec<Result<Vec<LogAck>>>> {
        transact(&AppendAll(appends), pool).await
    }
}

struct AppendAll<'a>(&'a [Append]);

impl Operation for AppendAll<'_> {
    type Output = Vec<Result<Vec<LogAck>>>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Self::Output> {
        let mut attempts = lock(self.0, connection).await?;
        let mut pieces = Vec::new();
        let mut answers = Vec::with_capacity(self.0.len());
        for append in self.0 {
            let is_theirs = |piece: &LogPiece| {
                attempts.get(&piece.lease).is_some_and(|attempt| attempt.agent_id == append.agent_id)
            };
            if !append.pieces.iter().all(is_theirs) {
                answers.push(Err(CoreError::stale_lease().into()));
                continue;
            }
            let mut acks = Vec::with_capacity(append.pieces.len());
            for piece in &append.pieces {
                let attempt = attempts.get_mut(&piece.lease).expect("invariant: it was looked up above");
                if let Some(piece) = piece.clone().following(attempt.stored)? {
                    attempt.stored = piece.last_seq();
                    pieces.push(piece);
                }
                acks.push(attempt.ack(piece.lease));
            }
            answers.push(Ok(acks));
        }
        if !pieces.is_empty() {
            store(&pieces, connection).await?;
        }
        Ok(answers)
    }
}

/// What is stored of an attempt's log.
struct Stored {
    agent_id: AgentId,
    stored: u64,
    last: Option<u64>,
}

impl Stored {
    fn ack(&self, lease: Lease) -> LogAck {
        let complete = self.last.is_some_and(|last| self.stored >= last);
        LogAck { lease, stored_seq: self.stored, complete }
    }
}

/// Locks the attempts, always in the same order, so that two such transactions don't wait for each other.
async fn lock(appends: &[Append], connection: &mut impl Connection) -> Result<HashMap<Lease, Stored>> {
    const LOCK: &str = "SELECT execution_id, epoch, agent_id, stored_log_seq, final_log_seq FROM attempts
        WHERE (execution_id, epoch) IN (SELECT * FROM unnest($1::uuid[], $2::bigint[]))
        ORDER BY execution_id, epoch FOR NO KEY UPDATE";
    let leases = appends.iter().flat_map(|append| &append.pieces).map(|piece| piece.lease);
    let (ids, epochs) = columns_of(leases);
    let rows = query(LOCK).bind(ids).bind(epochs).fetch_all(connection).await?;
    let read = |row| {
        let columns = Columns::of(row, "attempt");
        let execution = openautomate_core::id::ExecutionId::from_uuid(columns.uuid("execution_id")?);
        let stored = Stored {
            agent_id: AgentId::from_uuid(columns.uuid("agent_id")?),
            stored: columns.unsigned("stored_log_seq")?,
            last: columns.unsigned_or_none("final_log_seq")?,
        };
        Ok((Lease { execution, epoch: columns.count("epoch")? }, stored))
    };
    rows.iter().map(read).collect()
}

async fn store(pieces: &[LogPiece], connection: &mut impl Connection) -> Result<()> {
    const STORE: &str = "WITH stored AS (
            INSERT INTO log_chunks (execution_id, epoch, last_seq, first_seq, lines)
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
            RETURNING execution_id, epoch, last_seq
        )
        UPDATE attempts SET stored_log_seq = last.seq
        FROM (SELECT execution_id, epoch, max(last_seq) AS seq FROM stored GROUP BY execution_id, epoch) AS last
        WHERE attempts.execution_id = last.execution_id AND attempts.epoch = last.epoch";
    let (ids, epochs) = columns_of(pieces.iter().map(|piece| piece.lease));
    query(STORE)
        .bind(ids)
        .bind(epochs)
        .bind(pieces.iter().map(|piece| piece.last_seq().cast_signed()).collect::<Vec<_>>())
        .bind(pieces.iter().map(|piece| piece.first_seq.cast_signed()).collect::<Vec<_>>())
        .bind(pieces.iter().map(|piece| piece.lines.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
