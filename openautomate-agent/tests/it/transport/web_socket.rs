//! The suite over HTTP and WebSocket.

use std::sync::Arc;

use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use openautomate_agent::{Identity, WebSocketTransport, enrol};
use openautomate_core::Orchestrator;
use openautomate_core::conformance::transport::TransportFixture;
use openautomate_core::id::AgentId;
use openautomate_core::secret::Secret;
use openautomate_core::transport::Transport;
use tokio::task::JoinHandle;

use super::line::Line;
use super::served::serve;

struct WebSocketFixture {
    line: Line,
    server: JoinHandle<()>,
}

impl WebSocketFixture {
    fn url(&self) -> String {
        format!("http://{}", self.line.address)
    }
}

#[async_trait]
impl TransportFixture for WebSocketFixture {
    async fn serve(orchestrator: Orchestrator) -> Self {
        let (address, server) = serve(orchestrator).await;
        Self { line: Line::to(address).await, server }
    }

    async fn transport(&self, agent: AgentId, token: Secret<String>) -> Arc<dyn Transport> {
        let folder = tempfile::tempdir().unwrap();
        enrol(folder.path(), &self.url(), &token, None, false).await.unwrap();
        let (identity, key) = Identity::load(folder.path()).unwrap();
        assert_eq!(identity.agent_id, agent);
        Arc::new(WebSocketTransport::new(identity, key).unwrap())
    }

    async fn impostor(&self, agent: AgentId) -> Arc<dyn Transport> {
        let identity = Identity {
            server: self.url(),
            agent_id: agent,
            name: "bot".into(),
            allow_plain_http: false,
            package_keys: Vec::new(),
            server_keys: Vec::new(),
            server_trust: openautomate_agent::ServerTrust::default(),
        };
        Arc::new(WebSocketTransport::new(identity, SigningKey::from_bytes(&[7; 32])).unwrap())
    }

    async fn cut(&self) -> bool {
        self.line.cut().await;
        true
    }

    async fn stop(&self) {
        self.line.end().await;
        self.server.abort();
    }
}

openautomate_core::transport_conformance!(web_socket, WebSocketFixture);
