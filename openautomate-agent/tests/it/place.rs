//! A place to test in: an orchestrator, an agent, a runner that does what a test says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use openautomate_agent::Agent;
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::command::agent::{CreateEnrolmentToken, RegisterAgent};
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::identity::CreateFirstAdministrator;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{
    ArrivalOutcome, Execution, ExecutionState, Lease, LogLevel, LogLine, LogStream, Package, Role, RunResult,
};
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{AgentId, AgentRolloutId, AssetId, ExecutionId, FileId, ObjectId};
use openautomate_core::orchestrator::Settings;
use openautomate_core::package::archive::pack;
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::runner::{Job, RunControl, RunEvent, Runner};
use openautomate_core::secret::Secret;
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::transport::message::ObjectInfo;
use openautomate_core::transport::{
    AgentLink, ArrivedFile, ArtifactUpload, AssetContent, ObjectUpload, PackageGrant, Transport, link,
};
use openautomate_core::vault::Vault;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

type Script = Arc<dyn Fn(Job, RunControl) -> BoxFuture<'static, RunResult> + Send + Sync>;

/// Runs what a test says.
pub(crate) struct Scripted(Script);

impl Scripted {
    pub(crate) fn new<F>(script: impl Fn(Job, RunControl) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = RunResult> + Send + 'static,
    {
        Self(Arc::new(move |job, control| Box::pin(script(job, control))))
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

#[async_trait]
impl Runner for Scripted {
    fn runtime(&self) -> &'static str {
        "python"
    }

    async fn run(&self, job: Job, control: RunControl) -> RunResult {
        (self.0)(job, control).await
    }
}

pub(crate) async fn print(control: &RunControl, text: impl Into<String>) {
    let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text);
    control.events.send(RunEvent::Log(line)).await.expect("the agent listens");
}

/// A transport that a test cuts, or that cuts itself after a number of messages each way.
#[derive(Debug)]
pub(crate) struct Cuttable {
    inner: Arc<dyn Transport>,
    /// It offers no key for secrets, as agents of the releases before.
    is_old: bool,
    /// What the server said, as JSON.
    heard: Option<Arc<Mutex<Vec<u8>>>>,
    pub(crate) closed: AtomicBool,
    cut: Mutex<CancellationToken>,
    pub(crate) connections: AtomicU32,
    messages: Option<usize>,
}

impl Cuttable {
    /// Ends the connection and refuses new ones.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.cut.lock().unwrap().cancel();
    }
}

#[async_trait]
impl Transport for Cuttable {
    async fn connect(&self) -> Result<AgentLink> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::unavailable("test.closed", "closed by the test"));
        }
        self.connections.fetch_add(1, Ordering::SeqCst);
        let cut = CancellationToken::new();
        *self.cut.lock().unwrap() = cut.clone();
        let mut far = self.inner.connect().await?;
        let (mut near, mut middle) = link();
        near.sealing = far.sealing.take().filter(|_| !self.is_old);
        let heard = self.heard.clone();
        let mut left = self.messages;
        tokio::spawn(async move {
            loop {
                if left == Some(0) {
                    return;
                }
                left = left.map(|n| n - 1);
                tokio::select! {
                    message = middle.receiver.recv() => match message {
                        Some(message) => if far.sender.send(message).await.is_err() { return },
                        None => return,
                    },
                    message = far.receiver.recv() => match message {
                        Some(message) => {
                            if let Some(heard) = &heard {
                                heard.lock().unwrap().extend(serde_json::to_vec(&message).unwrap());
                            }
                            if middle.sender.send(message).await.is_err() {
                                return;
                            }
                        }
                        None => return,
                    },
                    () = cut.cancelled() => return,
                }
            }
        });
        Ok(near)
    }

    async fn fetch_index(&self, grant: PackageGrant) -> Result<Bytes> {
        self.inner.fetch_index(grant).await
    }

    async fn fetch_chunks(
        &self,
        grant: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.inner.fetch_chunks(grant, hashes).await
    }

    async fn fetch_file(&self, lease: Lease, file: FileId) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.inner.fetch_file(lease, file).await
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.inner.fetch_program(rollout, target, from).await
    }

    async fn fetch_object(
        &self,
        lease: Lease,
        object: ObjectId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.inner.fetch_object(lease, object).await
    }

    async fn fetch_asset(&self, lease: Lease, asset: AssetId) -> Result<AssetContent> {
        self.inner.fetch_asset(lease, asset).await
    }

    async fn put_object(&self, upload: ObjectUpload) -> Result<ObjectInfo> {
        self.inner.put_object(upload).await
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()> {
        self.inner.put_artifact(upload).await
    }

    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome> {
        self.inner.put_arrival(file).await
    }
}

pub(crate) struct Place {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) admin: Actor,
    pub(crate) agent_id: AgentId,
    pub(crate) folder: tempfile::TempDir,
    package: Package,
}

impl Place {
    pub(crate) async fn new(settings: Settings) -> Self {
        Self::keeping(ObjectBlobStore::memory(), settings).await
    }

    /// With blobs in this store.
    pub(crate) async fn keeping(blobs: ObjectBlobStore, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&folder.path().join("vault.key")).unwrap();
        let orchestrator = Orchestrator::builder(Arc::new(MemoryStore::new()), Arc::new(blobs), vault)
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
        let register = RegisterAgent {
            name: "bot".into(),
            machine_name: "machine".into(),
            ip_address: String::new(),
            environment_id: None,
            labels: Vec::new(),
        };
        let agent_id = orchestrator.execute(&admin, register).await.unwrap().id;
        let create = CreatePackage { name: "job".into(), description: String::new() };
        let package = orchestrator.execute(&admin, create).await.unwrap();
        let publish = PublishVersion::new(package.id, archive(folder.path()).into());
        orchestrator.execute(&admin, publish).await.unwrap();
        orchestrator.start();
        Self { orchestrator, admin, agent_id, folder, package }
    }

    pub(crate) fn transport(&self, messages: Option<usize>) -> Arc<Cuttable> {
        let inner = Arc::new(InProcessTransport::new(self.orchestrator.clone(), self.agent_id));
        Arc::new(Cuttable {
            inner,
            is_old: false,
            heard: None,
            closed: AtomicBool::new(false),
            cut: Mutex::new(CancellationToken::new()),
            connections: AtomicU32::new(0),
            messages,
        })
    }

    /// A transport that keeps what the server says in it.
    pub(crate) fn overheard(inner: Arc<dyn Transport>, is_old: bool) -> (Arc<Cuttable>, Arc<Mutex<Vec<u8>>>) {
        let heard = Arc::new(Mutex::default());
        let transport = Cuttable {
            inner,
            is_old,
            heard: Some(Arc::clone(&heard)),
            closed: AtomicBool::new(false),
            cut: Mutex::new(CancellationToken::new()),
            connections: AtomicU32::new(0),
            messages: None,
        };
        (Arc::new(transport), heard)
    }

    /// An agent whose runs do what `script` says.
    pub(crate) fn agent<F>(
        &self,
        transport: Arc<Cuttable>,
        script: impl Fn(Job, RunControl) -> F + Send + Sync + 'static,
    ) -> Agent
    where
        F: Future<Output = RunResult> + Send + 'static,
    {
        Agent::builder(transport, self.folder.path().join("agent"))
            .slots(2)
            .runners(RunnerRegistry::new().with(Arc::new(Scripted::new(script))))
            .drain_timeout(Duration::from_millis(100))
            .build()
            .unwrap()
    }

    pub(crate) async fn enrolment_token(&self) -> Secret<String> {
        let command =
            CreateEnrolmentToken { agent_id: None, environment_id: None, labels: Vec::new(), life: None };
        self.orchestrator.execute(&self.admin, command).await.unwrap().token
    }

    pub(crate) async fn enqueue(&self) -> ExecutionId {
        let command = EnqueueExecution::new(self.package.id);
        self.orchestrator.execute(&self.admin, command).await.unwrap().id
    }

    pub(crate) async fn reaches(&self, id: ExecutionId, state: ExecutionState) -> Execution {
        self.reaches_within(PATIENCE, id, state).await
    }

    pub(crate) async fn reaches_within(
        &self,
        patience: Duration,
        id: ExecutionId,
        state: ExecutionState,
    ) -> Execution {
        let mut events = self.orchestrator.subscribe();
        let reached = async {
            loop {
                let execution = self.orchestrator.store().execution(id).await.unwrap().unwrap();
                if execution.state == state {
                    return execution;
                }
                let _ = events.recv().await;
            }
        };
        tokio::time::timeout(patience, reached)
            .await
            .unwrap_or_else(|_| panic!("{id:?} never became {state:?}"))
    }

    /// Every line of an execution by attempt, once it has ended.
    pub(crate) async fn log(&self, id: ExecutionId) -> BTreeMap<u32, Vec<String>> {
        let mut follower = self.orchestrator.follow_logs(id, 1, 0);
        let mut lines: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        let read = async {
            while let Some(line) = follower.next().await.unwrap() {
                let texts = lines.entry(line.epoch).or_default();
                texts.push(line.record.line.text);
                assert_eq!(texts.len() as u64, line.record.seq, "a line is missing or came twice");
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the log ends");
        lines
    }
}

fn archive(folder: &Path) -> Vec<u8> {
    let package = folder.join("package");
    std::fs::create_dir(&package).unwrap();
    let manifest =
        "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n";
    std::fs::write(package.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(package.join("main.py"), "print('hello')\n").unwrap();
    pack(&package).unwrap()
}
