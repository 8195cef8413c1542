//! Archived lines: a map, and the lines taken out of their vector.

use std::collections::BTreeSet;
use std::ops::Bound;

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::domain::{Lease, LogArchive};
use crate::error::Result;
use crate::id::{ExecutionId, LogArchiveId};
use crate::store::{ArchivableLogs, LogArchiveStore};

#[async_trait]
impl LogArchiveStore for MemoryStore {
    async fn archivable_logs(
        &self,
        after: Option<ExecutionId>,
        ended_by: Timestamp,
        limit: u32,
    ) -> Result<ArchivableLogs> {
        let state = self.state();
        let stored = || state.logs.iter().filter(|(_, lines)| !lines.is_empty()).map(|(lease, _)| *lease);
        let executions: BTreeSet<ExecutionId> = stored().map(|lease| lease.execution).collect();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let looked: BTreeSet<ExecutionId> =
            executions.range((from, Bound::Unbounded)).take(limit as usize).copied().collect();
        let has_ended = |id: ExecutionId| {
            let ended_at = state.executions.get(&id).and_then(|execution| execution.ended_at);
            ended_at.is_some_and(|ended_at| ended_at <= ended_by)
        };
        let leases = stored()
            .filter(|lease| looked.contains(&lease.execution) && has_ended(lease.execution))
            .collect();
        let next = looked.last().copied().filter(|_| looked.len() == limit as usize);
        Ok(ArchivableLogs { leases, next })
    }

    async fn archive_log(&self, archive: LogArchive, replaces: Option<LogArchiveId>) -> Result<bool> {
        let mut state = self.state();
        let lease = archive.lease;
        let execution = state.executions.get(&lease.execution);
        let has_ended = execution.is_some_and(|execution| execution.ended_at.is_some());
        let is_stored =
            state.attempts.get(&lease).is_some_and(|attempt| attempt.stored_log_seq >= archive.last_seq);
        let present = state.log_archives.get(&lease).map(|archive| archive.id);
        if !has_ended || !is_stored || present != replaces {
            return Ok(false);
        }
        if let Some(lines) = state.logs.get_mut(&lease) {
            lines.retain(|record| record.seq > archive.last_seq);
        }
        state.log_archives.insert(lease, archive);
        Ok(true)
    }

    async fn log_archive(&self, lease: Lease) -> Result<Option<LogArchive>> {
        Ok(self.state().log_archives.get(&lease).cloned())
    }

    async fn log_archives(&self, execution: ExecutionId) -> Result<Vec<LogArchiveId>> {
        let state = self.state();
        let archives = state.log_archives.values().filter(|archive| archive.lease.execution == execution);
        Ok(archives.map(|archive| archive.id).collect())
    }
}
