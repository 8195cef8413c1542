//! An orchestrator with its agents at the other end of the transport under test.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::TransportFixture;
use super::metered::MeteredBlobs;
use super::peer::Peer;
use crate::command::agent::{CreateEnrolmentToken, DeleteAgent, RegisterAgent, UpdateAgent};
use crate::command::execution::EnqueueExecution;
use crate::command::identity::CreateFirstAdministrator;
use crate::command::package::{CreatePackage, PublishVersion};
use crate::domain::{AgentStatus, Artifact, InputFile, Package, PackageVersion, Role};
use crate::id::{AgentId, EnvironmentId, ExecutionId};
use crate::orchestrator::{FileIntake, Orchestrator, Settings};
use crate::package::archive::pack;
use crate::permission::{Actor, Principal};
use crate::secret::Secret;
use crate::store::memory::MemoryStore;
use crate::vault::Vault;

/// Far more than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const PIECE: usize = 64 * 1024;

const SOURCE: &str = "
from pathlib import Path

def run(file: Path | None = None, text: str = ''):
    pass
";

/// Waits for what must come soon.
pub(super) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: it never came"))
}

/// Bytes that neither repeat nor compress.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for eight in bytes.chunks_mut(8) {
        // Marsaglia's xorshift, with the shifts 13, 7, 17.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        eight.copy_from_slice(&state.to_le_bytes()[..eight.len()]);
    }
    bytes
}

/// The place of a case.
pub(super) struct World<F> {
    pub(super) fixture: F,
    pub(super) orchestrator: Orchestrator,
    pub(super) blobs: MeteredBlobs,
    pub(super) folder: TempDir,
    pub(super) package: Package,
    pub(super) version: PackageVersion,
    pub(super) admin: Actor,
}

impl<F> Drop for World<F> {
    fn drop(&mut self) {
        // The loops hold the orchestrator; without this they would outlive the case.
        let orchestrator = self.orchestrator.clone();
        tokio::spawn(async move { orchestrator.shutdown().await });
    }
}

impl<F: TransportFixture> World<F> {
    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&folder.path().join("vault.key")).unwrap();
        let blobs = MeteredBlobs::default();
        let orchestrator =
            Orchestrator::builder(Arc::new(MemoryStore::new()), Arc::new(blobs.clone()), vault)
                .settings(settings)
                .build()
                .await
                .unwrap();
        let first = CreateFirstAdministrator {
            username: "ada".into(),
            email: "ada@example.org".into(),
            password: Secret::new("correct horse battery".to_owned()),
        };
        orchestrator.execute(&Actor::system(), first).await.unwrap();
        let user = orchestrator.store().user_by_login("ada").await.unwrap().unwrap();
        let roles = vec![Role::Administrator];
        let admin = Actor::of(Principal::User { id: user.id, name: user.username, roles, session: None });
        orchestrator.start();
        let create = CreatePackage { name: "job".into(), description: String::new() };
        let package = orchestrator.execute(&admin, create).await.unwrap();
        let archive = archive(&folder.path().join("1.0.0"), "1.0.0", b"small");
        let version = orchestrator.execute(&admin, PublishVersion::new(package.id, archive)).await.unwrap();
        let fixture = F::serve(orchestrator.clone()).await;
        Self { fixture, orchestrator, blobs, folder, package, version, admin }
    }

    /// Publishes another version, which becomes the active one where it is deployed.
    pub(super) async fn publish(
        &self,
        number: &str,
        content: &[u8],
        environment: Option<EnvironmentId>,
    ) -> PackageVersion {
        let archive = archive(&self.folder.path().join(number), number, content);
        let command =
            PublishVersion { environment_id: environment, ..PublishVersion::new(self.package.id, archive) };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    /// An environment in which no agent works.
    pub(super) async fn elsewhere(&self) -> EnvironmentId {
        let environments = self.orchestrator.store().environments().await.unwrap();
        environments.into_iter().find(|environment| !environment.is_default).unwrap().id
    }

    /// A registered agent with its transport.
    pub(super) async fn agent(&self, name: &str) -> Peer {
        let register = RegisterAgent {
            name: name.into(),
            machine_name: "machine".into(),
            ip_address: String::new(),
            environment_id: None,
            labels: Vec::new(),
        };
        let id = self.orchestrator.execute(&self.admin, register).await.unwrap().id;
        let token =
            CreateEnrolmentToken { agent_id: Some(id), environment_id: None, labels: Vec::new(), life: None };
        let token = self.orchestrator.execute(&self.admin, token).await.unwrap().token;
        Peer { id, transport: self.fixture.transport(id, token).await }
    }

    pub(super) async fn set_status(&self, agent: AgentId, status: AgentStatus) {
        let command = UpdateAgent { status: Some(status), ..UpdateAgent::new(agent) };
        self.orchestrator.execute(&self.admin, command).await.unwrap();
    }

    pub(super) async fn delete(&self, agent: AgentId) {
        self.orchestrator.execute(&self.admin, DeleteAgent { id: agent }).await.unwrap();
    }

    /// Asks for an execution that this agent alone may run.
    pub(super) async fn enqueue(&self, agent: AgentId, inputs: Map<String, Value>) -> ExecutionId {
        let command =
            EnqueueExecution { inputs, agent_id: Some(agent), ..EnqueueExecution::new(self.package.id) };
        self.orchestrator.execute(&self.admin, command).await.unwrap().id
    }

    pub(super) async fn upload(&self, content: Vec<u8>) -> InputFile {
        let pieces: Vec<_> = content.chunks(PIECE).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let intake = FileIntake {
            name: "Rechnung 7.pdf".into(),
            content_type: "application/pdf".into(),
            size: None,
            body: stream::iter(pieces).boxed(),
        };
        self.orchestrator.keep_file(&self.admin, None, intake).await.unwrap()
    }

    pub(super) async fn artifacts(&self, execution: ExecutionId) -> Vec<Artifact> {
        self.orchestrator.store().artifacts(execution).await.unwrap()
    }

    /// Waits until the orchestrator knows whether an agent is connected.
    pub(super) async fn connected(&self, agent: AgentId, is_connected: bool) {
        let mut events = self.orchestrator.subscribe();
        soon("the agent comes or goes", async {
            while self.orchestrator.is_connected(agent) != is_connected {
                // An error means that some were missed; it is looked again all the same.
                let _ = events.recv().await;
            }
        })
        .await;
    }
}

fn archive(folder: &std::path::Path, number: &str, content: &[u8]) -> Bytes {
    std::fs::create_dir(folder).unwrap();
    let manifest = format!(
        "[project]\nname = \"job\"\nversion = \"{number}\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n"
    );
    std::fs::write(folder.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(folder.join("main.py"), SOURCE).unwrap();
    std::fs::write(folder.join("model.bin"), content).unwrap();
    pack(folder).unwrap().into()
}
