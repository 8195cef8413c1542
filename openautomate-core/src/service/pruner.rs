//! Removes what is no longer needed: kept answers older than a day, tries to sign in that count no more, uploaded files
//! that expired unused, objects of buckets whose time is over, what triggers did more than 90 days ago.

use std::time::Duration;

use chrono::TimeDelta;

use crate::error::Result;
use crate::orchestrator::Orchestrator;

const EVERY: Duration = Duration::from_secs(600);
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long it is known what a trigger did. A signed webhook is refused as a repetition for as long.
const FIRINGS_KEPT: TimeDelta = TimeDelta::days(90);
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
            if let Err(error) = self.prune_logins().await {
                tracing::warn!(%error, "old tries to sign in could not be pruned; trying again later");
            }
            if let Err(error) = self.remove_expired_files().await {
                tracing::warn!(%error, "expired files could not be removed; trying again later");
            }
            if let Err(error) = self.expire_objects().await {
                tracing::warn!(%error, "old objects of buckets could not be removed; trying again later");
            }
            if let Err(error) = self.prune_firings().await {
                tracing::warn!(%error, "old firings of triggers could not be pruned; trying again later");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Removes objects of buckets whose time is over. Says how many; their contents go with the next collection.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn expire_objects(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            let now = self.orchestrator.clock().now();
            let batch = self.orchestrator.store().expire_objects(now, BATCH).await?;
            removed += batch;
            if batch < u64::from(BATCH) {
                return Ok(removed);
            }
        }
    }

    /// One pass over what triggers did. Says how many rows were removed.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn prune_firings(&self) -> Result<u64> {
        let before = self.orchestrator.clock().now() - FIRINGS_KEPT;
        let mut removed = 0;
        loop {
            let batch = self.orchestrator.store().prune_trigger_firings(before, BATCH).await?;
            removed += batch;
            if batch < u64::from(BATCH) {
                return Ok(removed);
            }
        }
    }

    /// Removes uploaded files that expired and are used by nothing, and their content. Says how many.
    ///
    /// # Errors
    /// `Unavailable` if the store or the blobs do not answer.
    pub async fn remove_expired_files(&self) -> Result<u64> {
        self.orchestrator.remove_expired_files().await
    }

    /// One pass over the tries to sign in. Says how many were removed.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn prune_logins(&self) -> Result<u64> {
        let now = self.orchestrator.clock().now();
        let mut removed = 0;
        loop {
            let batch = self.orchestrator.store().prune_logins(now, BATCH).await?;
            removed += batch;
            if batch < u64::from(BATCH) {
                return Ok(removed);
            }
        }
    }

    /// One pass over the kept answers. Says how many were removed.
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
