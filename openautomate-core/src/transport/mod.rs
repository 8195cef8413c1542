//! The seam between orchestrator and agent.
//!
//! A connection is a pair of channels of [`AgentMessage`] and [`ServerMessage`]; an adapter moves the
//! messages and knows nothing of them. Adapters: [`in_process`] (embedding, tests), WebSocket
//! (`openautomate-http` and `openautomate-agent`), and the same by way of a NATS (feature `nats`).
//!
//! # Contract
//! - Messages of one connection arrive whole (`connection::large_messages`), in order (`connection::keeps_order`),
//!   once (`connection::arrives_once`), or the connection ends: both receivers give `None` (`end::*`).
//!   What was on its way then is lost: whatever must not be lost is repeated after the next `Hello` until it
//!   is acknowledged (log lines, finishes), or is found by comparing leases (assignments).
//! - What the orchestrator said before it ended a connection still arrives (`end::by_the_orchestrator`,
//!   `end::a_server_that_stops`), and what the agent said before it let go is still handled
//!   (`end::by_the_agent`).
//! - The agent's identity is settled before the first message: a connection belongs to one agent
//!   (`identity::*`).
//! - What a run asks of a queue is answered in the connection in which it was asked (`queue::calls`,
//!   `queue::stale_lease`).
//! - What a run has done by the orchestrator is done once, however often it is told, and answered each time
//!   (`call::*`).
//! - Both channels are bounded, so a slow reader slows its writer (`connection::a_slow_agent_slows_the_server`).
//!   So are the streams of content (`file::is_read_as_it_is_taken`).

use std::fmt::{self, Debug};
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tokio_util::codec::LengthDelimitedCodec;

use crate::domain::{ArrivalOutcome, FileArrival, Lease};
use crate::error::Result;
use crate::id::{AgentRolloutId, AssetId, FileId, ObjectId, VersionId};
use crate::package::chunk::{self, ChunkHash};
use crate::sealing::{self, LineProof, OfferedKeys};
use crate::transport::message::{ObjectInfo, PutCondition};

pub mod in_process;
pub mod message;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "nats")]
pub mod pipe;

pub use message::{
    AgentMessage, AssignedFile, Assignment, Hello, PROTOCOL_VERSION, PackageRef, Preparation,
    PreparationWord, ServerMessage, UpdateOrder, Welcome,
};

/// How many messages wait in one direction before the sender does.
pub const CHANNEL_CAPACITY: usize = 256;

/// The agent's end of a connection.
#[derive(Debug)]
pub struct AgentLink {
    /// To the server.
    pub sender: mpsc::Sender<AgentMessage>,
    /// From the server; `None` when the connection ended.
    pub receiver: mpsc::Receiver<ServerMessage>,
    /// The keys for which the server seals what is secret in this connection; without, it comes in clear.
    pub sealing: Option<OfferedKeys>,
}

/// The server's end of a connection.
#[derive(Debug)]
pub struct ServerLink {
    /// To the agent.
    pub sender: mpsc::Sender<ServerMessage>,
    /// From the agent; `None` when the connection ended.
    pub receiver: mpsc::Receiver<AgentMessage>,
    /// By what it is known who is at the other end; without, no key is believed that is offered through it.
    pub proof: Option<LineProof>,
}

/// Two ends that are joined, of which nothing else is known.
#[must_use]
pub fn link() -> (AgentLink, ServerLink) {
    let (to_server, from_agent) = mpsc::channel(CHANNEL_CAPACITY);
    let (to_agent, from_server) = mpsc::channel(CHANNEL_CAPACITY);
    (
        AgentLink { sender: to_server, receiver: from_server, sealing: None },
        ServerLink { sender: to_agent, receiver: from_agent, proof: None },
    )
}

/// How many chunks are asked for at once: some megabytes.
pub const MAX_CHUNKS: usize = 256;

/// How packed chunks stand one after the other in a stream of bytes: each behind its length, four bytes, the
/// highest first.
#[must_use]
pub fn chunk_frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(chunk::MAX_PACKED_BYTES).new_codec()
}

/// How the sealed content of an asset stands in a stream of bytes: each frame behind its length, as chunks do.
#[must_use]
pub fn sealed_frames() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(sealing::MAX_FRAME_BYTES).new_codec()
}

/// The content of an asset that is a file.
pub struct AssetContent {
    /// The content, as it comes.
    pub stream: BoxStream<'static, Result<Bytes>>,
    /// Whether nothing between the orchestrator and this process could read it: it came sealed, or never left the process.
    pub is_end_to_end: bool,
}

impl Debug for AssetContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetContent").field("is_end_to_end", &self.is_end_to_end).finish_non_exhaustive()
    }
}

/// Why an agent may fetch a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageGrant {
    /// It holds a lease of an execution of it.
    Lease(Lease),
    /// It is deployed where the agent works.
    Deployment(VersionId),
}

/// A file that a run leaves.
#[derive(Clone, Debug)]
pub struct ArtifactUpload {
    /// Under which lease.
    pub lease: Lease,
    /// The name to keep it under.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// A file that arrived in a folder that the agent watches.
#[derive(Clone, Debug)]
pub struct ArrivedFile {
    /// What it is.
    pub arrival: FileArrival,
    /// Where its content is read, if it is sent; not less and not more than `arrival.size` bytes.
    pub content: Option<PathBuf>,
}

/// An object that a run writes.
#[derive(Clone, Debug)]
pub struct ObjectUpload {
    /// Under which lease.
    pub lease: Lease,
    /// Into which bucket.
    pub bucket: String,
    /// Under which key.
    pub key: String,
    /// Its media type.
    pub content_type: String,
    /// What must hold of the key.
    pub condition: PutCondition,
    /// Where the content lies.
    pub path: PathBuf,
}

/// How an agent reaches its orchestrator.
///
/// Every method may be called at any time and by several tasks at once (`connection::side_by_side`); each is cancel
/// safe (`connection::a_dropped_connect`, `content::dropped_chunks`, `file::dropped`, `artifact::dropped`, `object::dropped`).
#[async_trait]
pub trait Transport: Send + Sync + Debug + 'static {
    /// Opens a connection, signed in as this agent (`connection::greets`). The next connection of the same agent
    /// ends the one before (`end::the_next_connection`).
    ///
    /// # Errors
    /// `Unavailable` if the server can't be reached (try again later, `end::a_server_that_is_gone`),
    /// `Unauthenticated` or `Forbidden` if it does not want this agent (`identity::impostors`,
    /// `identity::disabled`, `identity::deleted`).
    async fn connect(&self) -> Result<AgentLink>;

    /// The index of a version (`content::index_by_lease`, `content::index_by_deployment`). The caller checks its
    /// digest.
    ///
    /// # Errors
    /// `StaleLease` if the lease is not this agent's any more (`content::stale_lease`,
    /// `identity::another_agents_lease`), `NotFound` if the version is not deployed where the agent works
    /// (`content::undeployed`), `Unavailable`.
    async fn fetch_index(&self, grant: PackageGrant) -> Result<Bytes>;

    /// Packed chunks of a version, at most [`MAX_CHUNKS`], in the order in which they are asked for
    /// (`content::chunks_in_order`, `content::chunks_by_deployment`, `content::a_large_version`,
    /// `content::no_chunks`). The caller checks the hash of each. A stream that ends early, or with an error, may
    /// be asked for the rest again.
    ///
    /// # Errors
    /// As [`Transport::fetch_index`]; `NotFound` also if the version has no such chunk
    /// (`content::foreign_chunks`); `Invalid` if more are asked for (`content::too_many_chunks`).
    async fn fetch_chunks(
        &self,
        grant: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>>;

    /// The content of an uploaded file that the inputs of a leased execution name (`file::whole`, `file::empty`), or
    /// that belongs to a work item which it holds (`queue::files`).
    /// The caller checks size and hash, since a stream may end early (`end::a_cut_fetch`).
    ///
    /// # Errors
    /// `StaleLease` if the lease is not this agent's any more (`file::stale_lease`), `NotFound` if its execution
    /// does not use the file (`file::unused`), `Unavailable`.
    async fn fetch_file(&self, lease: Lease, file: FileId) -> Result<BoxStream<'static, Result<Bytes>>>;

    /// The program of a release that a rollout brings this agent, for a target, from a byte on (`release::whole`,
    /// `release::from_the_middle`). The caller checks size and hash; a stream that ends early may be asked for the
    /// rest again.
    ///
    /// # Errors
    /// `NotFound` if no rollout brings this agent such a program, or the agent has ended it (`release::nothing`),
    /// `Invalid` if it is shorter than that (`release::from_the_middle`), `Unavailable`.
    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>>;

    /// The content of an object in a bucket of the environment of a leased execution (`object::whole`). The caller
    /// checks size and hash, since a stream may end early.
    ///
    /// # Errors
    /// `StaleLease` if the lease is not this agent's any more (`object::stale_lease`), `NotFound` if there is no such
    /// object, or not there (`object::elsewhere`), `Unavailable`.
    async fn fetch_object(&self, lease: Lease, object: ObjectId)
    -> Result<BoxStream<'static, Result<Bytes>>>;

    /// The content of an asset that is a file in the environment of a leased execution (`object::asset_files`). A stream
    /// that ends early ends in an error.
    ///
    /// # Errors
    /// As [`Transport::fetch_object`].
    async fn fetch_asset(&self, lease: Lease, asset: AssetId) -> Result<AssetContent>;

    /// Writes an object into a bucket of the environment of a leased execution (`object::whole`, `object::names`). The
    /// same again by the same attempt is done once, whatever the condition (`object::again`). Nothing is kept of one
    /// that breaks off.
    ///
    /// # Errors
    /// `StaleLease` (`object::stale_lease`), `NotFound` if there is no such bucket (`object::elsewhere`), `Conflict` if
    /// the condition does not hold (`object::conditions`), `QuotaExceeded` if it is too large or the bucket is full
    /// (`object::too_large`), `Invalid` if its key is no good or it can't be read (`object::bad_key`), `Unavailable`.
    async fn put_object(&self, upload: ObjectUpload) -> Result<ObjectInfo>;

    /// Keeps a file with the execution (`artifact::whole`, `artifact::empty`, `artifact::names`,
    /// `artifact::large`); the same name again replaces it (`artifact::replaces`). Nothing is kept of one that
    /// breaks off (`end::a_cut_upload`).
    ///
    /// # Errors
    /// `StaleLease` (`artifact::stale_lease`), `QuotaExceeded` if it is too large (`artifact::too_large`),
    /// `Invalid` if its name is no good or it can't be read (`artifact::bad_name`, `artifact::unreadable`),
    /// `Unavailable`.
    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()>;

    /// Tells of a file that arrived, with its content if it is to be sent (`arrival::whole`, `arrival::path_alone`).
    /// Told again, it makes nothing more and gives the first outcome (`arrival::told_again`).
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` or `Conflict` if the agent does not watch for the trigger (`arrival::of_others`),
    /// `QuotaExceeded` if the file is too large or the trigger fired too often (`arrival::too_large`), `Conflict` with
    /// `file.changed` if it is not as large as it was told (`arrival::changed`), `Unavailable`.
    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome>;
}
