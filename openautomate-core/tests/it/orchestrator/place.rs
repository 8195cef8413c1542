//! A place to test in: an orchestrator, an administrator, an agent, a package.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openautomate_core::Orchestrator;
use openautomate_core::blob::{BlobStore, ObjectBlobStore};
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::command::agent::RegisterAgent;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::identity::CreateFirstAdministrator;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{
    Agent, AgentFacts, Execution, ExecutionState, Lease, LogChunk, LogLevel, LogLine, LogStream, Package,
    PackageVersion, Role, RunResult,
};
use openautomate_core::id::{EnvironmentId, ExecutionId};
use openautomate_core::orchestrator::Settings;
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::sealing::{OfferedKeys, SealingKeys};
use openautomate_core::secret::Secret;
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::transport::{
    AgentLink, AgentMessage, Assignment, Hello, PROTOCOL_VERSION, ServerMessage, Transport as _, Welcome,
};
use openautomate_core::vault::Vault;

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const MANIFEST: &str = r#"
[project]
name = "greeter"
version = "1.0.0"
[tool.openautomate]
entrypoint = "greeter:run"
"#;

pub(crate) struct Place {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) clock: ManualClock,
    pub(crate) admin: Actor,
    _keys: tempfile::TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        // The loops hold the orchestrator; without this they would outlive the test.
        let orchestrator = self.orchestrator.clone();
        tokio::spawn(async move { orchestrator.shutdown().await });
    }
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::keeping(ObjectBlobStore::memory(), settings).await
    }

    pub(crate) async fn keeping(blobs: impl BlobStore, settings: Settings) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(SystemClock.now());
        let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
        let orchestrator = Orchestrator::builder(Arc::new(MemoryStore::new()), Arc::new(blobs), vault)
            .clock(Arc::new(clock.clone()))
            .settings(settings)
            .build()
            .await
            .unwrap();
        orchestrator
            .execute(
                &Actor::system(),
                CreateFirstAdministrator {
                    username: "ada".into(),
                    email: "ada@example.org".into(),
                    password: Secret::new("correct horse battery".to_owned()),
                },
            )
            .await
            .unwrap();
        let user = orchestrator.store().user_by_login("ada").await.unwrap().unwrap();
        let admin = Actor::of(Principal::User {
            id: user.id,
            name: user.username,
            roles: vec![Role::Administrator],
            session: None,
        });
        orchestrator.start();
        Self { orchestrator, clock, admin, _keys: keys }
    }

    /// The default environment.
    pub(crate) async fn environment(&self) -> EnvironmentId {
        let environments = self.orchestrator.store().environments().await.unwrap();
        environments.into_iter().find(|environment| environment.is_default).unwrap().id
    }

    pub(crate) async fn package(&self, name: &str) -> Package {
        let command = CreatePackage { name: name.into(), description: String::new() };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    pub(crate) async fn publish(&self, package: &Package, manifest: &str) -> PackageVersion {
        let command = PublishVersion::new(package.id, archive(manifest));
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    /// A version with this source, which becomes the active one.
    pub(crate) async fn publish_source(&self, package: &Package, number: &str, source: &str) {
        let archive = archive_of(&MANIFEST.replace("1.0.0", number), source);
        let command = PublishVersion::new(package.id, archive);
        self.orchestrator.execute(&self.admin, command).await.unwrap();
    }

    /// A package with one active version.
    pub(crate) async fn greeter(&self) -> Package {
        let package = self.package("greeter").await;
        self.publish(&package, MANIFEST).await;
        package
    }

    pub(crate) async fn enqueue(&self, package: &Package) -> Execution {
        self.orchestrator.execute(&self.admin, EnqueueExecution::new(package.id)).await.unwrap()
    }

    pub(crate) async fn agent(&self, name: &str) -> Agent {
        let command = RegisterAgent {
            name: name.into(),
            machine_name: "machine".into(),
            ip_address: "127.0.0.1".into(),
            environment_id: None,
            labels: Vec::new(),
        };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    /// Connects as an agent that offers no key for its secrets.
    pub(crate) async fn connect(&self, agent: &Agent, leases: Vec<Lease>) -> ScriptedAgent {
        self.connect_with(agent, leases, false).await.0
    }

    /// Connects and offers a key for its secrets.
    pub(crate) async fn connect_sealed(&self, agent: &Agent) -> (ScriptedAgent, SealingKeys) {
        let (scripted, sealing) = self.connect_with(agent, Vec::new(), true).await;
        (scripted, sealing.expect("the transport has keys").keys)
    }

    async fn connect_with(
        &self,
        agent: &Agent,
        leases: Vec<Lease>,
        offers: bool,
    ) -> (ScriptedAgent, Option<OfferedKeys>) {
        let transport = InProcessTransport::new(self.orchestrator.clone(), agent.id);
        let mut link = transport.connect().await.unwrap();
        let offered = link.sealing.take().filter(|_| offers);
        let sealing = offered.as_ref().map(|offered| offered.offer.clone());
        let facts = AgentFacts::default();
        let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 8, leases, sealing };
        link.sender.send(AgentMessage::Hello(hello)).await.unwrap();
        let mut scripted = ScriptedAgent { link, received: 0, welcome: None };
        let ServerMessage::Welcome(welcome) = scripted.next().await else { panic!("no welcome") };
        scripted.welcome = Some(welcome);
        (scripted, offered)
    }

    pub(crate) async fn execution(&self, id: ExecutionId) -> Execution {
        self.orchestrator.store().execution(id).await.unwrap().unwrap()
    }

    /// Waits for a state, by the events.
    pub(crate) async fn reaches(&self, id: ExecutionId, state: ExecutionState) -> Execution {
        let mut events = self.orchestrator.subscribe();
        let reached = async {
            loop {
                let execution = self.execution(id).await;
                if execution.state == state {
                    return execution;
                }
                let _ = events.recv().await;
            }
        };
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(execution) => execution,
            Err(_) => panic!("{id:?} is {:?} and not {state:?}", self.execution(id).await.state),
        }
    }
}

pub(crate) fn archive(manifest: &str) -> Bytes {
    archive_with(manifest, &[])
}

pub(crate) fn archive_with(manifest: &str, files: &[(&str, &[u8])]) -> Bytes {
    let greeter: (&str, &[u8]) = ("greeter.py", b"def run():\n    print('hello')\n");
    zipped(&[&[("pyproject.toml", manifest.as_bytes()), greeter], files].concat())
}

pub(crate) fn archive_of(manifest: &str, source: &str) -> Bytes {
    zipped(&[("pyproject.toml", manifest.as_bytes()), ("greeter.py", source.as_bytes())])
}

fn zipped(files: &[(&str, &[u8])]) -> Bytes {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner().into()
}

pub(crate) struct ScriptedAgent {
    link: AgentLink,
    received: u64,
    pub(crate) welcome: Option<Welcome>,
}

impl ScriptedAgent {
    pub(crate) async fn send(&self, message: AgentMessage) {
        self.link.sender.send(message).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> ServerMessage {
        let message = tokio::time::timeout(PATIENCE, self.link.receiver.recv()).await;
        message.expect("the server says something").expect("the connection holds")
    }

    /// The next message that `pick` takes; others are passed over.
    pub(crate) async fn until<T>(&mut self, pick: impl Fn(ServerMessage) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.next().await) {
                return found;
            }
        }
    }

    pub(crate) async fn ready(&self, free: u32) {
        self.send(AgentMessage::Ready { free, ahead: 0, received: self.received }).await;
    }

    pub(crate) async fn assignment(&mut self) -> Assignment {
        let assignment = self
            .until(|message| match message {
                ServerMessage::Assign(assignment) => Some(*assignment),
                _ => None,
            })
            .await;
        self.received += 1;
        assignment
    }

    pub(crate) async fn say(&self, lease: Lease, first_seq: u64, texts: &[&str]) {
        let line = |text: &&str| {
            LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, (*text).to_owned())
        };
        let lines = texts.iter().map(line).collect();
        self.send(AgentMessage::Logs { chunks: vec![LogChunk { lease, first_seq, lines }] }).await;
    }

    pub(crate) async fn finish(&mut self, lease: Lease, result: RunResult, final_log_seq: u64) {
        self.send(AgentMessage::Finished { lease, result, final_log_seq }).await;
        self.until(|message| {
            matches!(message, ServerMessage::FinishAck { lease: l } if l == lease).then_some(())
        })
        .await;
    }
}
