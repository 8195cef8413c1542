//! Passes on what other servers on the same data announce, so that the loops here hear of it as of their own.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::REST;
use crate::changes::Event;
use crate::domain::Lease;
use crate::error::Result;
use crate::id::AgentId;
use crate::orchestrator::Orchestrator;
use crate::store::PeerLine;

/// The loop that listens to other servers.
#[derive(Debug)]
pub struct PeerRelay {
    orchestrator: Orchestrator,
    /// What it listens to instead of the store.
    line: Option<Arc<dyn PeerLine>>,
}

impl PeerRelay {
    /// A relay of what this orchestrator's store hears.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator, line: None }
    }

    /// A relay of what another line hears.
    pub(crate) fn over(orchestrator: Orchestrator, line: Arc<dyn PeerLine>) -> Self {
        Self { orchestrator, line: Some(line) }
    }

    /// Runs until it is dropped. Returns at once if the store has no peers.
    pub async fn run(self) {
        loop {
            let events = match &self.line {
                Some(line) => line.peer_events().await,
                None => self.orchestrator.store().peer_events().await,
            };
            match events {
                Ok(None) => return,
                Ok(Some(events)) => self.relay(events).await,
                Err(error) => tracing::warn!(%error, "other servers are not heard; trying again"),
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Until the store hears no more.
    async fn relay(&self, mut events: broadcast::Receiver<Event>) {
        // What was announced before is to be looked for.
        self.orchestrator.publish_here(Event::EventsMissed);
        loop {
            match events.recv().await {
                Ok(event) => self.pass_on(event).await,
                Err(RecvError::Lagged(_)) => self.orchestrator.publish_here(Event::EventsMissed),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Publishes one event of another server here.
    pub async fn pass_on(&self, event: Event) {
        match event {
            // An announcement is a hint. A cancel can't be taken back, so the store is asked.
            Event::CancelRequested { lease, agent_id } => {
                if !self.orchestrator.is_connected(agent_id) {
                    return;
                }
                match self.is_cancelled(lease, agent_id).await {
                    Ok(true) => self.orchestrator.publish_here(event),
                    Ok(false) => {}
                    // The agent learns of it with its next heartbeat.
                    Err(error) => tracing::warn!(%error, "a cancel of another server was not passed on"),
                }
            }
            // It is there now, and the line that it had here is dead. If it is not, the agent comes back.
            Event::AgentConnected { agent_id } => {
                self.orchestrator.connections().end(agent_id);
                self.orchestrator.publish_here(event);
            }
            event => self.orchestrator.publish_here(event),
        }
    }

    async fn is_cancelled(&self, lease: Lease, agent_id: AgentId) -> Result<bool> {
        let execution = self.orchestrator.store().execution(lease.execution).await?;
        Ok(execution.is_some_and(|execution| {
            execution.cancel_requested_at.is_some()
                && execution.lease() == Some(lease)
                && execution.agent_id == Some(agent_id)
        }))
    }
}
