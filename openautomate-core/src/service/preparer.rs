//! Tells agents of versions that were deployed where they work, so that the first run finds everything there.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::changes::Event;
use crate::error::Result;
use crate::id::{AgentId, EnvironmentId, VersionId};
use crate::orchestrator::{Connected, Orchestrator};
use crate::query::PageRequest;
use crate::transport::ServerMessage;

/// An agent that connects is told of this many deployments, the newest ones: a hint, not a promise.
const NEWEST: u32 = 50;

/// The loop that tells agents of deployments.
#[derive(Debug)]
pub struct Preparer {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

impl Preparer {
    /// A preparer of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped. What it misses costs the first run some time and nothing else.
    pub async fn run(mut self) {
        loop {
            let told = match self.events.recv().await {
                Ok(Event::VersionDeployed { version_id, environment_id }) => {
                    self.deployed(version_id, environment_id).await
                }
                Ok(Event::AgentConnected { agent_id }) => self.came(agent_id).await,
                Ok(_) | Err(RecvError::Lagged(_)) => Ok(()),
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = told {
                tracing::debug!(%error, "agents could not be told of a deployment");
            }
        }
    }

    async fn deployed(&self, version: VersionId, environment: EnvironmentId) -> Result<()> {
        let agents = self.orchestrator.connections().in_environment(environment);
        // Another server may have said so, and it is a hint.
        if agents.is_empty() || !self.is_active(version, environment).await? {
            return Ok(());
        }
        for agent in agents {
            self.tell(&agent, version).await?;
        }
        Ok(())
    }

    async fn is_active(&self, id: VersionId, environment: EnvironmentId) -> Result<bool> {
        let store = self.orchestrator.store();
        let Some(version) = store.version(id).await? else { return Ok(false) };
        let deployment = store.deployment(version.package_id, environment).await?;
        Ok(deployment.is_some_and(|deployment| deployment.version_id == id))
    }

    async fn came(&self, agent: AgentId) -> Result<()> {
        let Some(agent) = self.orchestrator.connections().newly_welcomed(agent) else { return Ok(()) };
        let page = PageRequest::new(None, NEWEST);
        for deployment in self.orchestrator.store().deployments_in(agent.environment_id, page).await?.items {
            self.tell(&agent, deployment.version_id).await?;
        }
        Ok(())
    }

    async fn tell(&self, agent: &Connected, version: VersionId) -> Result<()> {
        let Some(preparation) = self.orchestrator.preparation(version, &agent.labels).await? else {
            return Ok(());
        };
        // A connection that is full has other things to do.
        let _ = agent.sender.try_send(ServerMessage::Prepare(Box::new(preparation)));
        Ok(())
    }
}
