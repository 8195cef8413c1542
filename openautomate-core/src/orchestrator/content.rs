//! Handing out the content of versions: to agents chunk by chunk, to people as a zip.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use super::Orchestrator;
use crate::domain::PackageVersion;
use crate::error::{Error, Result};
use crate::id::AgentId;
use crate::package::chunk::{self, ChunkHash};
use crate::package::keep::{open_index, read_chunk, read_index};
use crate::package::repack::repack;
use crate::transport::{MAX_CHUNKS, PackageGrant};

/// Chunks that are read from the storage at once, for one agent.
const READ_AHEAD: usize = 4;
/// Pieces of a zip that wait for their reader.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 64 * 1024;

impl Orchestrator {
    /// The version that an agent may fetch.
    async fn granted(&self, agent: AgentId, grant: PackageGrant) -> Result<std::sync::Arc<PackageVersion>> {
        let id = match grant {
            PackageGrant::Lease(lease) => self.leased(agent, lease).await?.version_id,
            PackageGrant::Deployment(version) => {
                let refuse = || Error::not_found("deployment of the package version", version);
                let agent = self.connectable(agent).await?;
                let found = self.store().version(version).await?.ok_or_else(refuse)?;
                let deployed = self.store().deployment(found.package_id, agent.environment_id).await?;
                deployed.filter(|deployment| deployment.version_id == version).ok_or_else(refuse)?;
                version
            }
        };
        Ok(self.version_of(id).await?.1)
    }

    /// The index of the version that an agent may fetch.
    ///
    /// # Errors
    /// `StaleLease`, or `NotFound` if the version is not deployed where the agent works, or its content is gone.
    pub async fn package_index(&self, agent: AgentId, grant: PackageGrant) -> Result<Bytes> {
        let version = self.granted(agent, grant).await?;
        read_index(self.blobs(), &version.digest).await
    }

    /// Packed chunks of the version that an agent may fetch, in the order in which they are asked for.
    ///
    /// # Errors
    /// As [`Orchestrator::package_index`]; `Invalid` if more than [`MAX_CHUNKS`] are asked for; `NotFound` if the
    /// version has no such chunk. The stream ends with an error if the storage fails.
    pub async fn package_chunks(
        &self,
        agent: AgentId,
        grant: PackageGrant,
        hashes: Vec<ChunkHash>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        if hashes.len() > MAX_CHUNKS {
            let message = format!("more than {MAX_CHUNKS} chunks are asked for at once; ask in parts");
            return Err(Error::invalid("package.chunks", message));
        }
        let version = self.granted(agent, grant).await?;
        let index = open_index(self.blobs(), &version.digest).await?;
        let has: std::collections::HashSet<_> = index.chunks().iter().map(|chunk| chunk.hash).collect();
        if let Some(foreign) = hashes.iter().find(|hash| !has.contains(hash)) {
            return Err(Error::not_found("chunk of the package", foreign));
        }
        let orchestrator = self.clone();
        let chunks = stream::iter(hashes).map(move |hash| {
            let orchestrator = orchestrator.clone();
            async move { read_chunk(orchestrator.blobs(), &hash).await }
        });
        Ok(chunks.buffered(READ_AHEAD).boxed())
    }

    /// A version as a zip, made as it is read, for those who may download packages. The same bytes each time,
    /// as long as the release is the same. Dropping the stream ends the making.
    ///
    /// # Errors
    /// `NotFound` if its content is gone. The stream ends with an error if the storage fails.
    pub async fn package_archive(
        &self,
        version: &PackageVersion,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let index = open_index(self.blobs(), &version.digest).await?;
        let (sender, receiver) = mpsc::channel(PIECES);
        let orchestrator = self.clone();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let pieces = Pieces { sender: sender.clone(), buffer: Vec::with_capacity(PIECE_BYTES) };
            let made = repack(&index, pieces, |hash| {
                let packed = runtime.block_on(read_chunk(orchestrator.blobs(), hash))?;
                chunk::unpack(hash, &packed)
            });
            if let Err(error) = made {
                // An error means that nobody reads any more.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Ok(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).boxed())
    }
}

/// Sends what is written on, in pieces.
struct Pieces {
    sender: mpsc::Sender<Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE_BYTES));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
