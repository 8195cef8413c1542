//! A server for one execution, at the other end of an in-process connection.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::domain::{ArrivalOutcome, Lease, LogChunk, RunResult};
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::id::{AgentRolloutId, AssetId, FileId, ObjectId};
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::PublicKey;
use openautomate_core::transport::message::{
    CallAnswer, InClear, NamesAnswer, ObjectInfo, QueueAnswer, RunCall, SecretAnswer,
};
use openautomate_core::transport::{
    AgentLink, AgentMessage, ArrivedFile, ArtifactUpload, AssetContent, Assignment, ObjectUpload,
    PROTOCOL_VERSION, PackageGrant, ServerLink, ServerMessage, Transport, Welcome, link,
};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::{AssetFiles, Assets, LEASE_TTL, LocalEvent, LocalOptions, millis};
use crate::outcome::{cancelled, failed};

/// How much earlier than its lease a run would be killed.
const MARGIN_MS: u64 = 5_000;
const RENEW_EVERY_MS: u64 = 15_000;
const NO_BUCKETS: &str = "there are no buckets without a server; name a folder for them by --buckets";

/// The two ends: what the agent is built on, and the server.
pub(super) fn open(
    version: LoadedVersion,
    files: BTreeMap<FileId, PathBuf>,
    key: PublicKey,
    options: &LocalOptions,
) -> (Arc<dyn Transport>, Server) {
    let (links, incoming) = mpsc::unbounded_channel();
    let (kept, artifacts) = mpsc::unbounded_channel();
    let transport = Local { links, kept, version, files, folder: options.artifacts.clone() };
    let server = Server {
        incoming,
        artifacts,
        assets: Arc::clone(&options.assets),
        asset_files: Arc::clone(&options.asset_files),
        asset_names: options.asset_names.clone(),
        key,
        stored: 0,
        is_cancel_sent: false,
    };
    (Arc::new(transport), server)
}

/// The agent's way to the server.
struct Local {
    links: mpsc::UnboundedSender<ServerLink>,
    kept: mpsc::UnboundedSender<LocalEvent>,
    version: LoadedVersion,
    /// Where the files lie that inputs name.
    files: BTreeMap<FileId, PathBuf>,
    /// Where artifacts are kept.
    folder: Option<PathBuf>,
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Local")
    }
}

#[async_trait]
impl Transport for Local {
    async fn connect(&self) -> Result<AgentLink> {
        let (ours, theirs) = link();
        let over = |_| Error::unavailable("local.over", "the local run is over");
        self.links.send(theirs).map_err(over)?;
        Ok(ours)
    }

    async fn fetch_index(&self, _: PackageGrant) -> Result<Bytes> {
        Ok(self.version.index.clone())
    }

    async fn fetch_chunks(
        &self,
        _: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let chunks = self.version.chunks(hashes)?;
        Ok(futures_util::stream::iter(chunks.into_iter().map(Ok)).boxed())
    }

    async fn fetch_file(&self, _: Lease, file: FileId) -> Result<BoxStream<'static, Result<Bytes>>> {
        let path = self.files.get(&file).ok_or_else(|| Error::not_found("file", file))?;
        let unreadable = |error| {
            Error::invalid("file.unreadable", "the file of an input can't be read any more")
                .with_source(error)
        };
        let content = tokio::fs::File::open(path).await.map_err(unreadable)?;
        Ok(ReaderStream::new(content).map(move |chunk| chunk.map_err(unreadable)).boxed())
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
        Err(Error::not_found("asset", asset))
    }

    async fn put_object(&self, _: ObjectUpload) -> Result<ObjectInfo> {
        Err(Error::new(ErrorKind::Unsupported, "bucket.none", NO_BUCKETS))
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()> {
        let path = self.folder.as_ref().map(|folder| folder.join(&upload.name));
        let size = match &path {
            Some(target) => copy_whole(&upload.path, target).await,
            None => tokio::fs::metadata(&upload.path).await.map(|file| file.len()),
        };
        let size = size.map_err(|error| {
            Error::invalid("artifact.unwritable", format!("the artifact can't be kept: {error}"))
        })?;
        // The run may be over.
        let _ = self.kept.send(LocalEvent::Artifact { name: upload.name, size, path });
        Ok(())
    }

    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome> {
        // A run without a server has no triggers.
        Err(Error::not_found("trigger", file.arrival.trigger))
    }
}

/// Copies a file so that the target is the old one or the new one, never a part.
async fn copy_whole(source: &Path, target: &Path) -> std::io::Result<u64> {
    if let Some(folder) = target.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".part-{}", uuid::Uuid::new_v4()));
    let part = target.with_file_name(name);
    let copied = match tokio::fs::copy(source, &part).await {
        Ok(size) => tokio::fs::rename(&part, target).await.map(|()| size),
        Err(error) => Err(error),
    };
    if copied.is_err() {
        // What is left of it is in nobody's way but the user's.
        let _ = tokio::fs::remove_file(&part).await;
    }
    copied
}

/// The server's side of the run.
pub(super) struct Server {
    incoming: mpsc::UnboundedReceiver<ServerLink>,
    artifacts: mpsc::UnboundedReceiver<LocalEvent>,
    assets: Assets,
    asset_files: AssetFiles,
    asset_names: Vec<String>,
    /// By which the signature of the package is checked.
    key: PublicKey,
    /// The last line that was told.
    stored: u64,
    is_cancel_sent: bool,
}

impl Server {
    /// Has the agent run it and tells what comes, to the end.
    pub(super) async fn serve(
        &mut self,
        assignment: Assignment,
        cancel: &CancellationToken,
        on_event: &mut (impl FnMut(LocalEvent) + Send),
    ) -> RunResult {
        let Some(mut link) = self.incoming.recv().await else { return no_agent() };
        let lease = assignment.lease;
        let mut assignment = Some(assignment);
        loop {
            let is_assigned = assignment.is_none();
            let message = tokio::select! {
                message = link.receiver.recv() => message,
                Some(event) = self.artifacts.recv() => {
                    on_event(event);
                    continue;
                }
                () = cancel.cancelled(), if is_assigned && !self.is_cancel_sent => {
                    self.is_cancel_sent = true;
                    say(&link, ServerMessage::Cancel { lease }).await;
                    continue;
                }
            };
            let Some(message) = message else { return no_agent() };
            match message {
                AgentMessage::Hello(_) => say(&link, ServerMessage::Welcome(welcome(self.key))).await,
                AgentMessage::Ready { free, .. } if free > 0 => {
                    if cancel.is_cancelled() && !is_assigned {
                        return cancelled("cancelled before it began");
                    }
                    if let Some(assignment) = assignment.take() {
                        say(&link, ServerMessage::Assign(Box::new(assignment))).await;
                    }
                }
                // It is asked to watch nothing.
                AgentMessage::Ready { .. }
                | AgentMessage::Watches { .. }
                | AgentMessage::Prepared { .. }
                | AgentMessage::Update { .. } => {}
                AgentMessage::Heartbeat { leases, .. } => {
                    let cancel = if self.is_cancel_sent { vec![lease] } else { Vec::new() };
                    say(&link, ServerMessage::Renewed { leases, cancel, stale: Vec::new() }).await;
                }
                AgentMessage::Started { .. } => on_event(LocalEvent::Started),
                AgentMessage::Logs { chunks } => {
                    for chunk in chunks {
                        self.tell_lines(chunk, on_event);
                    }
                    say(&link, ServerMessage::LogAck { lease, stored_seq: self.stored }).await;
                }
                AgentMessage::Progress { progress, .. } => on_event(LocalEvent::Progress(progress)),
                AgentMessage::Secret { request, name, .. } => {
                    say(&link, ServerMessage::Secret { request, answer: self.asset(&name) }).await;
                }
                AgentMessage::AssetNames { request, .. } => {
                    let answer = NamesAnswer::Names(self.asset_names.clone());
                    say(&link, ServerMessage::AssetNames { request, answer }).await;
                }
                AgentMessage::Queue { request, .. } => {
                    let message = "there are no queues without a server; name a folder for them by --queues";
                    let answer =
                        QueueAnswer::Refused { kind: ErrorKind::Unsupported, message: message.to_owned() };
                    say(&link, ServerMessage::Queue { request, answer }).await;
                }
                AgentMessage::Call { request, call, .. } => {
                    say(&link, ServerMessage::Called { request, answer: self.answer(call) }).await;
                }
                AgentMessage::Release { .. } => {
                    return failed("StartFailed", "the run could not be begun; see whether the disk is full");
                }
                AgentMessage::Finished { result, .. } => {
                    while let Ok(event) = self.artifacts.try_recv() {
                        on_event(event);
                    }
                    say(&link, ServerMessage::FinishAck { lease }).await;
                    return result;
                }
            }
        }
    }

    fn answer(&self, call: RunCall) -> CallAnswer {
        let refused = |message: &str| CallAnswer::Refused {
            error: ErrorKind::Unsupported,
            message: message.to_owned(),
        };
        match call {
            RunCall::Bucket { .. } => refused(NO_BUCKETS),
            RunCall::AssetFile { name } => self.asset_file(name),
            _ => refused("a local run has no orchestrator to ask; run the automation on an agent"),
        }
    }

    /// Repeated lines are told once.
    fn tell_lines(&mut self, chunk: LogChunk, on_event: &mut impl FnMut(LocalEvent)) {
        for (seq, line) in (chunk.first_seq..).zip(chunk.lines) {
            if seq == self.stored + 1 {
                self.stored = seq;
                on_event(LocalEvent::Line(line));
            }
        }
    }

    /// Lies here already.
    fn asset_file(&self, name: String) -> CallAnswer {
        let path = (self.asset_files)(&name).and_then(|path| path.to_str().map(str::to_owned));
        match path {
            Some(path) => CallAnswer::AssetFile { asset: AssetId::new(), file_name: name, path: Some(path) },
            None => CallAnswer::Refused {
                error: ErrorKind::NotFound,
                message: "there is no asset with this name that is a file; name one to the local run".into(),
            },
        }
    }

    fn asset(&self, name: &str) -> SecretAnswer {
        match (self.assets)(name) {
            Some(value) => SecretAnswer::Value(InClear::new(value)),
            None => SecretAnswer::Refused {
                kind: ErrorKind::NotFound,
                message: "there is no asset with this name; give it to the local run or mend the name".into(),
            },
        }
    }
}

fn welcome(key: PublicKey) -> Welcome {
    Welcome {
        protocol: PROTOCOL_VERSION,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        lease_ttl_ms: millis(LEASE_TTL),
        renew_every_ms: RENEW_EVERY_MS,
        lease_margin_ms: MARGIN_MS,
        package_keys: vec![key],
        stale: Vec::new(),
        cancel: Vec::new(),
        max_artifact_bytes: u64::MAX,
        hears_preparations: false,
        // It is this process.
        seals_secrets: false,
    }
}

async fn say(link: &ServerLink, message: ServerMessage) {
    // An agent that is gone shows at the next read.
    let _ = link.sender.send(message).await;
}

fn no_agent() -> RunResult {
    failed("AgentError", "the local agent ended before the run did")
}
