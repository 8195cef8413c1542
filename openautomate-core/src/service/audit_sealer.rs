//! Seals audit entries into the hash chain, in batches, within a second.

use std::time::Duration;

use super::REST;
use super::audit_checkpointer::AuditCheckpointer;
use crate::error::Result;
use crate::orchestrator::Orchestrator;

const EVERY: Duration = Duration::from_millis(500);
const BATCH: u32 = 1_000;
/// After so many rests without a new entry the age of the last checkpoint is looked at.
const LOOKS: u32 = 60;
/// How long the last checkpoint may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// The loop that seals.
#[derive(Debug)]
pub struct AuditSealer {
    orchestrator: Orchestrator,
}

impl AuditSealer {
    /// A sealer of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until the orchestrator stops. Then it seals what waits and makes a last checkpoint.
    pub async fn run(self) {
        let stop = self.orchestrator.stop_token().clone();
        let mut checkpointer = AuditCheckpointer::new(self.orchestrator.clone());
        // The first look writes down what an earlier server could not.
        let mut rests = LOOKS;
        loop {
            match self.look(&mut checkpointer, rests >= LOOKS).await {
                Ok(true) => rests = 0,
                Ok(false) => rests += 1,
                Err(error) => {
                    tracing::warn!(%error, "audit entries could not be sealed; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(REST) => {}
                        () = stop.cancelled() => {}
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => break,
            }
        }
        let last = async {
            self.seal().await?;
            checkpointer.checkpoint(true).await
        };
        match tokio::time::timeout(FAREWELL, last).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last checkpoint of the audit could not be made"),
            Err(_) => tracing::warn!("the last checkpoint of the audit took too long"),
        }
    }

    /// Seals what waits, and makes a checkpoint if one is due. Says whether that was looked at.
    async fn look(&self, checkpointer: &mut AuditCheckpointer, is_time: bool) -> Result<bool> {
        let sealed = self.seal().await?;
        if sealed == 0 && !is_time {
            return Ok(false);
        }
        if let Err(error) = checkpointer.checkpoint(false).await {
            tracing::warn!(%error, "a checkpoint of the audit could not be made; trying again");
        }
        Ok(true)
    }

    /// Seals everything that waits. Says how many entries.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn seal(&self) -> Result<u64> {
        let mut sealed = 0;
        loop {
            let batch = self.orchestrator.store().seal(BATCH).await?;
            sealed += batch;
            if batch < u64::from(BATCH) {
                return Ok(sealed);
            }
        }
    }
}
