//! The transport without a network: an agent in the orchestrator's own process.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::domain::{ArrivalOutcome, Lease};
use crate::error::{Error, Result};
use crate::id::{AgentId, AgentRolloutId, AssetId, FileId, ObjectId};
use crate::orchestrator::{ArrivalIntake, ArtifactIntake, ObjectIntake, Orchestrator};
use crate::package::chunk::ChunkHash;
use crate::sealing::{LineProof, OfferedKeys, SealingKeys};
use crate::transport::message::ObjectInfo;
use crate::transport::{
    AgentLink, ArrivedFile, ArtifactUpload, AssetContent, ObjectUpload, PackageGrant, Transport, link,
};

/// Reaches an orchestrator of the same process as one of its agents.
#[derive(Clone, Debug)]
pub struct InProcessTransport {
    orchestrator: Orchestrator,
    agent: AgentId,
}

impl InProcessTransport {
    /// The transport of an agent that was registered before.
    #[must_use]
    pub fn new(orchestrator: Orchestrator, agent: AgentId) -> Self {
        Self { orchestrator, agent }
    }
}

#[async_trait]
impl Transport for InProcessTransport {
    async fn connect(&self) -> Result<AgentLink> {
        if self.orchestrator.stop_token().is_cancelled() {
            return Err(Error::unavailable("server.stopped", "the orchestrator has stopped"));
        }
        let agent = self.orchestrator.connectable(self.agent).await?;
        let (mut ours, mut theirs) = link();
        let keys = SealingKeys::generate()?;
        let offer = keys.offer_in_process();
        (ours.sealing, theirs.proof) = (Some(OfferedKeys { keys, offer }), Some(LineProof::SameProcess));
        let orchestrator = self.orchestrator.clone();
        self.orchestrator.tasks().spawn(async move { orchestrator.serve(agent, theirs).await });
        Ok(ours)
    }

    async fn fetch_index(&self, grant: PackageGrant) -> Result<Bytes> {
        self.orchestrator.package_index(self.agent, grant).await
    }

    async fn fetch_chunks(
        &self,
        grant: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.orchestrator.package_chunks(self.agent, grant, hashes.to_vec()).await
    }

    async fn fetch_file(&self, lease: Lease, file: FileId) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.orchestrator.file_for_lease(self.agent, lease, file).await
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.orchestrator.release_program(self.agent, rollout, target, from).await
    }

    async fn fetch_object(
        &self,
        lease: Lease,
        object: ObjectId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.orchestrator.object_for_lease(self.agent, lease, object).await
    }

    async fn fetch_asset(&self, lease: Lease, asset: AssetId) -> Result<AssetContent> {
        let agent = self.orchestrator.connectable(self.agent).await?;
        let stream = self.orchestrator.asset_file_for_lease(&agent, lease, asset).await?;
        Ok(AssetContent { stream, is_end_to_end: true })
    }

    async fn put_object(&self, upload: ObjectUpload) -> Result<ObjectInfo> {
        let ObjectUpload { lease, bucket, key, content_type, condition, path } = upload;
        let file = tokio::fs::File::open(&path).await.map_err(|error| {
            Error::invalid("object.unreadable", "the file of the object can't be opened").with_source(error)
        })?;
        let size = file.metadata().await.ok().map(|found| found.len());
        let body = tokio_util::io::ReaderStream::new(file).boxed();
        let agent = self.orchestrator.connectable(self.agent).await?;
        let intake = ObjectIntake { key, content_type, size, condition: condition.into(), body };
        let kept =
            self.orchestrator.put_object_for_lease(self.agent, &agent.name, lease, &bucket, intake).await?;
        Ok(kept.into())
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()> {
        let ArtifactUpload { lease, name, content_type, path } = upload;
        let file = tokio::fs::File::open(&path).await.map_err(|error| {
            Error::invalid("artifact.unreadable", "the file of the artifact can't be opened")
                .with_source(error)
        })?;
        let size = file.metadata().await.ok().map(|found| found.len());
        let body = tokio_util::io::ReaderStream::new(file).boxed();
        self.orchestrator
            .keep_artifact(self.agent, ArtifactIntake { lease, name, content_type, size, body })
            .await?;
        Ok(())
    }

    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome> {
        let ArrivedFile { arrival, content } = file;
        let body = match content {
            None => futures_util::stream::empty().boxed(),
            Some(path) => {
                let file = tokio::fs::File::open(&path).await.map_err(|error| {
                    Error::invalid("file.unreadable", "the file that arrived can't be opened")
                        .with_source(error)
                })?;
                tokio_util::io::ReaderStream::new(file).boxed()
            }
        };
        self.orchestrator.receive_file(self.agent, ArrivalIntake { arrival, body }).await
    }
}
