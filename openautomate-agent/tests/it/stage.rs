//! A stage: the agent alone, and a server that the test plays message by message.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_agent::{Agent, AgentBuilder};
use openautomate_core::domain::{ArrivalOutcome, Lease, LogLine, RunResult};
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{AgentRolloutId, AssetId, ExecutionId, FileId, ObjectId};
use openautomate_core::package::archive::pack;
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::runner::{Runner, registry::RunnerRegistry};
use openautomate_core::sealing::{OfferedKeys, SealingKeys};
use openautomate_core::transport::message::ObjectInfo;
use openautomate_core::transport::{
    AgentLink, AgentMessage, ArrivedFile, ArtifactUpload, AssetContent, Assignment, Hello, ObjectUpload,
    PROTOCOL_VERSION, PackageGrant, ServerLink, ServerMessage, Transport, Welcome, link,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One bit that is turned over in what the server gives; counted from the first, and round again beyond the last.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    /// In the index.
    Index(usize),
    /// In this packed chunk.
    Chunk(ChunkHash, usize),
}

/// Turns one bit over.
pub(crate) fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn flipped(bytes: &Bytes, bit: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    flip(&mut bytes, bit);
    bytes.into()
}

/// A transport whose far end is the test.
#[derive(Debug)]
pub(crate) struct Played {
    links: mpsc::UnboundedSender<ServerLink>,
    pub(crate) version: LoadedVersion,
    /// What comes damaged, until it is taken away.
    pub(crate) damage: Mutex<Option<Damage>>,
    /// The repository that publishes it.
    pub(crate) signer: PackageSigner,
    /// A fetch never ends.
    pub(crate) holds_package: AtomicBool,
    pub(crate) fetches: AtomicUsize,
    /// What was uploaded as inputs.
    pub(crate) files: Mutex<BTreeMap<FileId, Vec<u8>>>,
    /// The fetch of an input file never ends.
    pub(crate) holds_files: AtomicBool,
    /// How many uploads fail before one is kept.
    pub(crate) failing_uploads: AtomicUsize,
    pub(crate) uploads: Mutex<Vec<(String, Vec<u8>)>>,
    /// Connections have a key for what is secret.
    pub(crate) has_keys: AtomicBool,
    /// The content of every asset, which comes in clear.
    pub(crate) asset: Mutex<Option<&'static str>>,
}

impl Played {
    fn new(links: mpsc::UnboundedSender<ServerLink>, version: LoadedVersion, signer: PackageSigner) -> Self {
        Self {
            links,
            version,
            damage: Mutex::default(),
            signer,
            holds_package: AtomicBool::new(false),
            fetches: AtomicUsize::new(0),
            files: Mutex::default(),
            holds_files: AtomicBool::new(false),
            failing_uploads: AtomicUsize::new(0),
            uploads: Mutex::default(),
            has_keys: AtomicBool::new(false),
            asset: Mutex::default(),
        }
    }
}

#[async_trait]
impl Transport for Played {
    async fn connect(&self) -> Result<AgentLink> {
        let (mut ours, theirs) = link();
        if self.has_keys.load(Ordering::SeqCst) {
            let keys = SealingKeys::generate()?;
            let offer = keys.offer_in_process();
            ours.sealing = Some(OfferedKeys { keys, offer });
        }
        self.links.send(theirs).map_err(|_| Error::unavailable("test.over", "the test is over"))?;
        Ok(ours)
    }

    async fn fetch_index(&self, _: PackageGrant) -> Result<Bytes> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if self.holds_package.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(match *self.damage.lock().unwrap() {
            Some(Damage::Index(bit)) => flipped(&self.version.index, bit),
            _ => self.version.index.clone(),
        })
    }

    async fn fetch_chunks(
        &self,
        _: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let mut chunks = self.version.chunks(hashes)?;
        if let Some(Damage::Chunk(hash, bit)) = *self.damage.lock().unwrap()
            && let Some(place) = hashes.iter().position(|asked| *asked == hash)
        {
            chunks[place] = flipped(&chunks[place], bit);
        }
        Ok(futures_util::stream::iter(chunks.into_iter().map(Ok)).boxed())
    }

    async fn fetch_file(&self, _: Lease, id: FileId) -> Result<BoxStream<'static, Result<Bytes>>> {
        let content = self.files.lock().unwrap().get(&id).cloned();
        let content = content.ok_or_else(|| Error::not_found("file", id))?;
        let pieces: Vec<_> = content.chunks(3).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let pieces = futures_util::stream::iter(pieces);
        if self.holds_files.load(Ordering::SeqCst) {
            return Ok(pieces.chain(futures_util::stream::pending()).boxed());
        }
        Ok(pieces.boxed())
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        _: &str,
        _: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        Err(Error::not_found("program of the rollout", rollout))
    }

    async fn fetch_object(&self, _: Lease, object: ObjectId) -> Result<BoxStream<'static, Result<Bytes>>> {
        Err(Error::not_found("object", object))
    }

    async fn fetch_asset(&self, _: Lease, asset: AssetId) -> Result<AssetContent> {
        let content = self.asset.lock().unwrap().ok_or_else(|| Error::not_found("asset", asset))?;
        let stream = futures_util::stream::iter([Ok(Bytes::from(content))]).boxed();
        Ok(AssetContent { stream, is_end_to_end: false })
    }

    async fn put_object(&self, upload: ObjectUpload) -> Result<ObjectInfo> {
        Err(Error::not_found("bucket", upload.bucket))
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()> {
        let fails =
            self.failing_uploads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if fails.is_ok() {
            return Err(Error::unavailable("test.away", "the server is away"));
        }
        self.uploads.lock().unwrap().push((upload.name, std::fs::read(upload.path).unwrap()));
        Ok(())
    }

    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome> {
        Err(Error::not_found("trigger", file.arrival.trigger))
    }
}

/// An agent and what the test needs to play its server.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    /// The agent's folder.
    pub(crate) data: PathBuf,
    pub(crate) transport: Arc<Played>,
    links: mpsc::UnboundedReceiver<ServerLink>,
    pub(crate) ttl: Duration,
    pub(crate) stop: CancellationToken,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With a package that has these files too.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), files);
        let version = LoadedVersion::of(&archive).unwrap();
        let signer = PackageSigner::generate().unwrap();
        let (sender, links) = mpsc::unbounded_channel();
        let transport = Arc::new(Played::new(sender, version, signer));
        let ttl = Duration::from_secs(60);
        let data = folder.path().join("agent");
        Self { folder, data, transport, links, ttl, stop: CancellationToken::new() }
    }

    /// What an agent that is killed now leaves is what the next one finds. The one that runs goes on, out of
    /// sight: it can't be killed alone in one process.
    pub(crate) fn kill(&mut self) {
        let next = self.folder.path().join("next");
        copy(&self.data, &next);
        self.data = next;
        let (sender, links) = mpsc::unbounded_channel();
        self.links = links;
        self.transport =
            Arc::new(Played::new(sender, self.transport.version.clone(), self.transport.signer.clone()));
    }

    pub(crate) fn builder(&self) -> AgentBuilder {
        let transport: Arc<dyn Transport> = self.transport.clone();
        Agent::builder(transport, &self.data).slots(2).drain_timeout(Duration::from_millis(50))
    }

    /// Starts an agent with this runner.
    pub(crate) fn start(&self, runner: impl Runner) -> JoinHandle<()> {
        self.start_built(self.builder(), runner)
    }

    /// Starts an agent that is put together so far, with this runner.
    pub(crate) fn start_built(&self, builder: AgentBuilder, runner: impl Runner) -> JoinHandle<()> {
        let agent = builder.runners(RunnerRegistry::new().with(Arc::new(runner))).build().unwrap();
        let stop = self.stop.clone();
        tokio::spawn(async move { agent.run(stop).await })
    }

    pub(crate) fn assignment(&self, runtime: &str, command: &[&str]) -> Assignment {
        Assignment {
            lease: Lease { execution: ExecutionId::new(), epoch: 1 },
            lease_ttl_ms: u64::try_from(self.ttl.as_millis()).unwrap(),
            package: self.transport.version.package_ref("job", "1.0.0", &self.transport.signer),
            version: None,
            runtime: runtime.into(),
            entrypoint: "main.py".into(),
            command: command.iter().map(|&part| part.to_owned()).collect(),
            env: BTreeMap::new(),
            inputs: serde_json::Map::new(),
            files: Vec::new(),
            timeout_ms: None,
            grace_ms: 100,
            limits: Default::default(),
            isolation: Default::default(),
        }
    }

    /// Takes the next connection up to its hello.
    pub(crate) async fn hello(&mut self) -> (Server, Hello) {
        let link = tokio::time::timeout(PATIENCE, self.links.recv()).await.expect("a connection").unwrap();
        let mut server = Server::new(link);
        let AgentMessage::Hello(hello) = server.next().await else { panic!("the first message is no hello") };
        (server, hello)
    }

    /// Takes the next connection and welcomes it.
    pub(crate) async fn connected(&mut self) -> (Server, Hello) {
        self.welcomed(|_| {}).await
    }

    pub(crate) async fn welcomed(&mut self, change: impl FnOnce(&mut Welcome)) -> (Server, Hello) {
        let (server, hello) = self.hello().await;
        let mut welcome = Welcome {
            protocol: PROTOCOL_VERSION,
            server_version: "test".into(),
            lease_ttl_ms: u64::try_from(self.ttl.as_millis()).unwrap(),
            renew_every_ms: 100,
            lease_margin_ms: 0,
            package_keys: vec![self.transport.signer.public_key()],
            stale: Vec::new(),
            cancel: Vec::new(),
            max_artifact_bytes: u64::MAX,
            hears_preparations: false,
            seals_secrets: false,
        };
        change(&mut welcome);
        server.say(ServerMessage::Welcome(welcome)).await;
        (server, hello)
    }

    /// What is on disk of attempts.
    pub(crate) fn attempts_on_disk(&self) -> usize {
        std::fs::read_dir(self.data.join("attempts")).map_or(0, Iterator::count)
    }

    /// Waits until nothing is on disk of attempts and runs.
    pub(crate) async fn is_clean(&self) {
        let clean = async {
            let count = |name: &str| std::fs::read_dir(self.data.join(name)).map_or(0, Iterator::count);
            while count("attempts") + count("work") > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, clean).await.expect("something of an attempt stays on disk");
    }
}

/// The server's end of one connection.
pub(crate) struct Server {
    link: ServerLink,
    /// The lines stored, by lease.
    pub(crate) lines: BTreeMap<Lease, Vec<LogLine>>,
    /// Whether it acknowledges lines.
    pub(crate) acknowledges: bool,
    /// The runs whose begin was told.
    begun: BTreeSet<Lease>,
    /// The last word on free slots, with the assignments received.
    word: Option<(u32, u64)>,
}

impl Server {
    fn new(link: ServerLink) -> Self {
        Self { link, lines: BTreeMap::new(), acknowledges: true, begun: BTreeSet::new(), word: None }
    }

    pub(crate) async fn say(&self, message: ServerMessage) {
        self.link.sender.send(message).await.expect("the agent listens");
    }

    pub(crate) async fn assign(&self, assignment: &Assignment) {
        self.say(ServerMessage::Assign(Box::new(assignment.clone()))).await;
    }

    pub(crate) async fn next(&mut self) -> AgentMessage {
        let message = tokio::time::timeout(PATIENCE, self.link.receiver.recv()).await;
        message.expect("the agent says nothing").expect("the agent ended the connection")
    }

    /// The next message that `wanted` takes; lines are stored and heartbeats passed over on the way.
    pub(crate) async fn until<T>(&mut self, mut wanted: impl FnMut(&AgentMessage) -> Option<T>) -> T {
        let found = async {
            loop {
                let message = self.next().await;
                self.note(&message).await;
                if let Some(found) = wanted(&message) {
                    return found;
                }
            }
        };
        // Heartbeats never cease: the patience with one message would never end.
        tokio::time::timeout(PATIENCE, found).await.expect("the agent never says what is waited for")
    }

    /// Keeps what a later wait may ask for. The agent says what it has to say in one go: the begin of a run may
    /// come before the word on its slot, and the word on a free one before the end of the run.
    async fn note(&mut self, message: &AgentMessage) {
        match message {
            AgentMessage::Logs { chunks } => {
                for chunk in chunks {
                    let lines = self.lines.entry(chunk.lease).or_default();
                    assert!(chunk.first_seq <= lines.len() as u64 + 1, "lines are missing");
                    let known = lines.len() + 1 - usize::try_from(chunk.first_seq).unwrap();
                    lines.extend(chunk.lines.iter().skip(known).cloned());
                    let stored_seq = lines.len() as u64;
                    if self.acknowledges {
                        self.say(ServerMessage::LogAck { lease: chunk.lease, stored_seq }).await;
                    }
                }
            }
            AgentMessage::Started { lease } => {
                self.begun.insert(*lease);
            }
            AgentMessage::Ready { free, received, .. } => self.word = Some((*free, *received)),
            _ => {}
        }
    }

    /// Waits until the begin of a run was told.
    pub(crate) async fn started(&mut self, lease: Lease) {
        while !self.begun.contains(&lease) {
            self.until(|message| matches!(message, AgentMessage::Started { .. }).then_some(())).await;
        }
    }

    /// Waits for the end of a run and acknowledges it.
    pub(crate) async fn finished(&mut self, lease: Lease) -> RunResult {
        let (result, last) = self.finished_unacknowledged(lease).await;
        assert_eq!(self.texts(lease).len() as u64, last, "the end came before the last line");
        self.say(ServerMessage::FinishAck { lease }).await;
        result
    }

    pub(crate) async fn finished_unacknowledged(&mut self, lease: Lease) -> (RunResult, u64) {
        self.until(|message| match message {
            AgentMessage::Finished { lease: told, result, final_log_seq } if *told == lease => {
                Some((result.clone(), *final_log_seq))
            }
            _ => None,
        })
        .await
    }

    /// Waits until this is the last word on free slots.
    pub(crate) async fn ready(&mut self, free: u32, received: u64) {
        while self.word != Some((free, received)) {
            self.until(|message| matches!(message, AgentMessage::Ready { .. }).then_some(())).await;
        }
    }

    pub(crate) fn texts(&self, lease: Lease) -> Vec<&str> {
        self.lines.get(&lease).into_iter().flatten().map(|line| line.text.as_str()).collect()
    }
}

fn archive(folder: &Path, files: &[(&str, &str)]) -> Vec<u8> {
    let package = folder.join("source");
    std::fs::create_dir(&package).unwrap();
    let manifest =
        "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n";
    std::fs::write(package.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(package.join("main.py"), "print('hello')\n").unwrap();
    for (name, text) in files {
        std::fs::write(package.join(name), text).unwrap();
    }
    pack(&package).unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
