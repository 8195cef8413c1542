//! The audit's chain.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::page;
use crate::domain::{AuditCheckpoint, AuditEntry, AuditHead};
use crate::error::Result;
use crate::query::{AuditFilter, Page, PageRequest};
use crate::store::AuditStore;

#[async_trait]
impl AuditStore for MemoryStore {
    async fn seal(&self, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let mut sealed = 0;
        while sealed < u64::from(limit) {
            let Some(id) = state.unsealed.pop_first() else { break };
            let head = state.head;
            if let Some(entry) = state.audit.get_mut(&id) {
                let seal = entry.seal_after(&head);
                entry.seal = Some(seal);
                state.head = AuditHead { sequence: seal.sequence, hash: seal.hash };
                state.chain.push(id);
                sealed += 1;
            }
        }
        Ok(sealed)
    }

    async fn audit_head(&self) -> Result<AuditHead> {
        Ok(self.state().head)
    }

    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>> {
        let state = self.state();
        let from = usize::try_from(after).unwrap_or(usize::MAX).min(state.chain.len());
        let ids = state.chain[from..].iter().take(limit as usize);
        Ok(ids.filter_map(|id| state.audit.get(id).cloned()).collect())
    }

    async fn audit_entries(&self, filter: &AuditFilter, request: PageRequest) -> Result<Page<AuditEntry>> {
        let state = self.state();
        Ok(page(
            state.audit.values().rev(),
            request,
            |entry| *entry.id.as_uuid(),
            |entry| {
                filter.action.as_ref().is_none_or(|action| *action == entry.action)
                    && filter.actor_id.as_ref().is_none_or(|id| entry.actor.id.as_ref() == Some(id))
                    && filter.object_id.as_ref().is_none_or(|id| *id == entry.object_id)
                    && filter.from.is_none_or(|from| entry.at >= from)
                    && filter.to.is_none_or(|to| entry.at < to)
            },
        ))
    }

    async fn add_checkpoint(&self, checkpoint: &AuditCheckpoint) -> Result<bool> {
        let mut state = self.state();
        let is_first = !state.checkpoints.contains_key(&checkpoint.sequence);
        state.checkpoints.entry(checkpoint.sequence).or_insert_with(|| checkpoint.clone());
        Ok(is_first)
    }

    async fn checkpoints(&self, after: u64, limit: u32) -> Result<Vec<AuditCheckpoint>> {
        let state = self.state();
        let later = state.checkpoints.values().filter(|checkpoint| checkpoint.sequence > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn last_checkpoint(&self) -> Result<Option<AuditCheckpoint>> {
        Ok(self.state().checkpoints.values().next_back().cloned())
    }
}
