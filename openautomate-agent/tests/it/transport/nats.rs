//! The suite by way of a NATS, and what others on it can do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use openautomate_agent::{Identity, WebSocketTransport, enrol_by_nats};
use openautomate_core::Orchestrator;
use openautomate_core::conformance::transport::TransportFixture;
use openautomate_core::id::AgentId;
use openautomate_core::package::signature::PublicKey;
use openautomate_core::secret::Secret;
use openautomate_core::transport::Transport;
use openautomate_core::transport::nats::{NatsLine, NatsSettings};
use openautomate_core::transport::pipe::PipeSettings;
use openautomate_http::HttpOptions;
use openautomate_http::nats::{ServerKey, serve};
use tokio::runtime::Runtime;

use super::nats_server::NatsServer;
use super::served::options;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that only NATS leads to, in a runtime of its own, so that it can be killed.
pub(super) struct Served {
    runtime: Mutex<Option<Runtime>>,
    pub(super) key: PublicKey,
}

impl Served {
    pub(super) fn start(orchestrator: Orchestrator, url: String) -> Self {
        let key = Arc::new(ServerKey::generate().unwrap());
        Self::with(orchestrator, NatsSettings::new(url), key, options())
    }

    pub(super) fn with(
        orchestrator: Orchestrator,
        settings: NatsSettings,
        key: Arc<ServerKey>,
        options: HttpOptions,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let public = key.public_key();
        runtime.spawn(async move { serve(orchestrator, options, settings, &key).await.unwrap() });
        Self { runtime: Mutex::new(Some(runtime)), key: public }
    }

    /// Ends it without a word.
    pub(super) fn kill(&self) {
        if let Some(runtime) = self.runtime.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until a server listens.
pub(super) async fn heard(nats: &NatsServer) {
    let line = NatsLine::open(&NatsSettings::new(nats.url())).await.unwrap();
    let calls = async {
        while line.dial("test", PipeSettings::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, calls).await.expect("a server listens");
}

/// Enrols, once somebody listens.
pub(super) async fn enrolled(
    nats: &NatsServer,
    key: PublicKey,
    token: &Secret<String>,
) -> (Identity, SigningKey) {
    heard(nats).await;
    let folder = tempfile::tempdir().unwrap();
    // Names are taken once.
    let name = Some(format!("bot-{}", AgentId::new()));
    enrol_by_nats(folder.path(), NatsSettings::new(nats.url()), vec![key], token, name).await.unwrap();
    Identity::load(folder.path()).unwrap()
}

struct NatsFixture {
    nats: NatsServer,
    server: Served,
}

#[async_trait]
impl TransportFixture for NatsFixture {
    async fn serve(orchestrator: Orchestrator) -> Self {
        let nats = NatsServer::start();
        let server = Served::start(orchestrator, nats.url());
        Self { nats, server }
    }

    async fn transport(&self, agent: AgentId, token: Secret<String>) -> Arc<dyn Transport> {
        let (identity, key) = enrolled(&self.nats, self.server.key, &token).await;
        assert_eq!(identity.agent_id, agent);
        Arc::new(WebSocketTransport::by_nats(identity, key, NatsSettings::new(self.nats.url())).unwrap())
    }

    async fn impostor(&self, agent: AgentId) -> Arc<dyn Transport> {
        let identity = Identity {
            server: self.nats.url(),
            agent_id: agent,
            name: "bot".into(),
            allow_plain_http: false,
            package_keys: Vec::new(),
            server_keys: vec![self.server.key],
            server_trust: openautomate_agent::ServerTrust::default(),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        Arc::new(WebSocketTransport::by_nats(identity, key, NatsSettings::new(self.nats.url())).unwrap())
    }

    async fn cut(&self) -> bool {
        self.nats.restart();
        heard(&self.nats).await;
        true
    }

    async fn stop(&self) {
        self.server.kill();
    }
}

openautomate_core::transport_conformance!(nats, NatsFixture);
