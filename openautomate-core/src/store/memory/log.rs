//! Log lines: one vector a lease, in their order.

use async_trait::async_trait;

use super::MemoryStore;
use super::state::State;
use crate::domain::{Lease, LogChunk, LogRecord};
use crate::error::{Error, Result};
use crate::id::AgentId;
use crate::store::{LogAck, LogStore};

#[async_trait]
impl LogStore for MemoryStore {
    async fn append(&self, agent_id: AgentId, chunks: &[LogChunk]) -> Result<Vec<LogAck>> {
        let mut state = self.state();
        let was_given = |lease| state.attempts.get(lease).is_some_and(|attempt| attempt.agent_id == agent_id);
        if !chunks.iter().all(|chunk| was_given(&chunk.lease)) {
            return Err(Error::stale_lease());
        }
        chunks.iter().map(|chunk| append(&mut state, chunk)).collect()
    }

    async fn read(&self, lease: Lease, after: u64, limit: u32) -> Result<Vec<LogRecord>> {
        let state = self.state();
        let lines = state.logs.get(&lease).map(Vec::as_slice).unwrap_or_default();
        let from = lines.partition_point(|record| record.seq <= after);
        Ok(lines[from..].iter().take(limit as usize).cloned().collect())
    }
}

fn append(state: &mut State, chunk: &LogChunk) -> Result<LogAck> {
    let attempt = state.attempts.get_mut(&chunk.lease).ok_or_else(Error::stale_lease)?;
    if chunk.first_seq <= attempt.stored_log_seq + 1 {
        let stored = attempt.stored_log_seq;
        let numbered = (chunk.first_seq..).zip(&chunk.lines);
        let new = numbered.filter(|(seq, _)| *seq > stored);
        let lines = state.logs.entry(chunk.lease).or_default();
        lines.extend(new.map(|(seq, line)| LogRecord { seq, line: line.clone() }));
        attempt.stored_log_seq = lines.last().map_or(stored, |record| record.seq);
    }
    Ok(LogAck { lease: chunk.lease, stored_seq: attempt.stored_log_seq, complete: attempt.is_log_complete() })
}
