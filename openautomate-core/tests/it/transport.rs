//! The transport suite on the transport without a network.

use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::Orchestrator;
use openautomate_core::conformance::transport::TransportFixture;
use openautomate_core::id::AgentId;
use openautomate_core::secret::Secret;
use openautomate_core::transport::Transport;
use openautomate_core::transport::in_process::InProcessTransport;

mod faulty;

struct InProcessFixture(Orchestrator);

#[async_trait]
impl TransportFixture for InProcessFixture {
    async fn serve(orchestrator: Orchestrator) -> Self {
        Self(orchestrator)
    }

    async fn transport(&self, agent: AgentId, _token: Secret<String>) -> Arc<dyn Transport> {
        Arc::new(InProcessTransport::new(self.0.clone(), agent))
    }

    async fn impostor(&self, _agent: AgentId) -> Arc<dyn Transport> {
        // Who holds the orchestrator may be any of its agents.
        Arc::new(InProcessTransport::new(self.0.clone(), AgentId::new()))
    }

    async fn cut(&self) -> bool {
        false
    }

    async fn stop(&self) {
        self.0.shutdown().await;
    }
}

openautomate_core::transport_conformance!(in_process, InProcessFixture);
