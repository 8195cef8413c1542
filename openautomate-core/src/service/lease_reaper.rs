//! Ends attempts whose agent was not heard of and executions that waited too long for their first one, takes back work
//! items whose lease ran out, and wakes executions whose back-off is over.

use std::time::Duration;

use crate::changes::Event;
use crate::error::Result;
use crate::orchestrator::Orchestrator;

use super::REST;

const EVERY: Duration = Duration::from_millis(500);
const BATCH: u32 = 500;

/// The loop that reaps.
#[derive(Debug)]
pub struct LeaseReaper {
    orchestrator: Orchestrator,
}

impl LeaseReaper {
    /// A reaper of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.reap().await {
                tracing::warn!(%error, "leases could not be reaped; trying again");
                tokio::time::sleep(REST).await;
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// One pass. Says how many attempts were ended.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn reap(&self) -> Result<usize> {
        let now = self.orchestrator.clock().now();
        let mut ended = 0;
        loop {
            let expired = self.orchestrator.store().expire(now, BATCH).await?;
            for execution in &expired {
                tracing::warn!(execution = %execution.id, state = ?execution.state, "a lease ran out");
                self.orchestrator.publish_state(execution);
            }
            ended += expired.len();
            if expired.len() < BATCH as usize {
                break;
            }
        }
        loop {
            let overdue = self.orchestrator.store().time_out_queued(now, BATCH).await?;
            for execution in &overdue {
                tracing::info!(execution = %execution.id, "an execution waited too long and was ended");
                self.orchestrator.publish_state(execution);
            }
            if overdue.len() < BATCH as usize {
                break;
            }
        }
        loop {
            let queues = self.orchestrator.store().expire_items(now, BATCH).await?;
            let is_last = queues.len() < BATCH as usize;
            let queues: std::collections::BTreeSet<_> = queues.into_iter().collect();
            for queue_id in queues {
                self.orchestrator.publish(Event::WorkItemsAdded { queue_id });
            }
            if is_last {
                break;
            }
        }
        if self.orchestrator.store().wake(now, BATCH).await? > 0 {
            // Which ones does not matter: the dispatcher looks for all.
            self.orchestrator.publish(Event::ExecutionsWoken);
        }
        Ok(ended)
    }
}
