//! Removes what is no longer needed: kept answers older than a day.

use std::time::Duration;

use chrono::TimeDelta;

use crate::error::Result;
use crate::orchestrator::Orchestrator;

const EVERY: Duration = Duration::from_secs(600);
const KEPT: TimeDelta = TimeDelta::hours(24);
const BATCH: u32 = 1_000;

/// The loop that prunes.
#[derive(Debug)]
pub struct Pruner {
    orchestrator: Orchestrator,
}

impl Pruner {
    /// A pruner of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.prune().await {
                tracing::warn!(%error, "old answers could not be pruned; trying again later");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// One pass. Says how many answers were removed.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn prune(&self) -> Result<u64> {
        let before = self.orchestrator.clock().now() - KEPT;
        let mut removed = 0;
        loop {
            let batch = self.orchestrator.store().prune_idempotency(before, BATCH).await?;
            removed += batch;
            if batch < u64::from(BATCH) {
                return Ok(removed);
            }
        }
    }
}
