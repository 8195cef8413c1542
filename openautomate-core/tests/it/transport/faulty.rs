//! The suite finds what is wrong: transports with a fault each, and the case that sees it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use openautomate_core::Orchestrator;
use openautomate_core::conformance::transport::{TransportFixture, artifact, connection, content, end, file};
use openautomate_core::domain::{ArrivalOutcome, Lease};
use openautomate_core::error::Result;
use openautomate_core::id::{AgentId, AgentRolloutId, AssetId, FileId, ObjectId};
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::secret::Secret;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::transport::message::ObjectInfo;
use openautomate_core::transport::{
    AgentLink, AgentMessage, ArrivedFile, ArtifactUpload, AssetContent, ObjectUpload, PackageGrant,
    ServerMessage, Transport, link,
};
use tokio::sync::mpsc;

const LOSES: u32 = 0;
const DOUBLES: u32 = 1;
const SWAPS: u32 = 2;
const HOARDS: u32 = 3;
const HIDES_THE_END: u32 = 4;
const READS_AHEAD: u32 = 5;
const TURNS_ROUND: u32 = 6;
const KEEPS_NOTHING: u32 = 7;

/// A transport with a fault.
#[derive(Debug)]
struct Faulty<const FAULT: u32>(InProcessTransport);

/// Moves what comes, with the fault; the tenth of each ten messages suffers.
async fn relay<T: Clone>(fault: u32, mut from: mpsc::Receiver<T>, to: mpsc::Sender<T>) {
    let (mut number, mut kept) = (0, None);
    while let Some(message) = from.recv().await {
        number += 1;
        let is_tenth = number % 10 == 0;
        let out = match (fault, kept.take()) {
            (LOSES, _) if is_tenth => vec![],
            (DOUBLES, _) if is_tenth => vec![message.clone(), message],
            (SWAPS, None) if is_tenth => {
                kept = Some(message);
                vec![]
            }
            (SWAPS, Some(earlier)) => vec![message, earlier],
            _ => vec![message],
        };
        for message in out {
            if to.send(message).await.is_err() {
                return;
            }
        }
    }
    if fault == HIDES_THE_END {
        to.closed().await;
    }
}

/// As [`relay`], but takes whatever it is given.
async fn hoard<T>(mut from: mpsc::Receiver<T>, to: mpsc::Sender<T>) {
    let mut hoard = std::collections::VecDeque::new();
    loop {
        tokio::select! {
            message = from.recv() => match message {
                Some(message) => hoard.push_back(message),
                None => return,
            },
            Ok(permit) = to.reserve(), if !hoard.is_empty() => permit.send(hoard.pop_front().unwrap()),
        }
    }
}

#[async_trait]
impl<const FAULT: u32> Transport for Faulty<FAULT> {
    async fn connect(&self) -> Result<AgentLink> {
        let AgentLink { sender, receiver, sealing } = self.0.connect().await?;
        let (mut ours, theirs) = link();
        ours.sealing = sealing;
        if FAULT == HOARDS {
            tokio::spawn(hoard::<AgentMessage>(theirs.receiver, sender));
            tokio::spawn(hoard::<ServerMessage>(receiver, theirs.sender));
        } else {
            tokio::spawn(relay::<AgentMessage>(FAULT, theirs.receiver, sender));
            tokio::spawn(relay::<ServerMessage>(FAULT, receiver, theirs.sender));
        }
        Ok(ours)
    }

    async fn fetch_index(&self, grant: PackageGrant) -> Result<Bytes> {
        self.0.fetch_index(grant).await
    }

    async fn fetch_chunks(
        &self,
        grant: PackageGrant,
        hashes: &[ChunkHash],
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let mut hashes = hashes.to_vec();
        if FAULT == TURNS_ROUND {
            hashes.reverse();
        }
        self.0.fetch_chunks(grant, &hashes).await
    }

    async fn fetch_file(&self, lease: Lease, file: FileId) -> Result<BoxStream<'static, Result<Bytes>>> {
        let stream = self.0.fetch_file(lease, file).await?;
        if FAULT == READS_AHEAD {
            let all: Vec<_> = stream.collect().await;
            return Ok(stream::iter(all).boxed());
        }
        Ok(stream)
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.0.fetch_program(rollout, target, from).await
    }

    async fn fetch_object(
        &self,
        lease: Lease,
        object: ObjectId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.0.fetch_object(lease, object).await
    }

    async fn fetch_asset(&self, lease: Lease, asset: AssetId) -> Result<AssetContent> {
        self.0.fetch_asset(lease, asset).await
    }

    async fn put_object(&self, upload: ObjectUpload) -> Result<ObjectInfo> {
        self.0.put_object(upload).await
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> Result<()> {
        if FAULT == KEEPS_NOTHING { Ok(()) } else { self.0.put_artifact(upload).await }
    }

    async fn put_arrival(&self, file: ArrivedFile) -> Result<ArrivalOutcome> {
        self.0.put_arrival(file).await
    }
}

struct FaultyFixture<const FAULT: u32>(Orchestrator);

#[async_trait]
impl<const FAULT: u32> TransportFixture for FaultyFixture<FAULT> {
    async fn serve(orchestrator: Orchestrator) -> Self {
        Self(orchestrator)
    }

    async fn transport(&self, agent: AgentId, _token: Secret<String>) -> Arc<dyn Transport> {
        Arc::new(Faulty::<FAULT>(InProcessTransport::new(self.0.clone(), agent)))
    }

    async fn impostor(&self, _agent: AgentId) -> Arc<dyn Transport> {
        Arc::new(Faulty::<FAULT>(InProcessTransport::new(self.0.clone(), AgentId::new())))
    }

    async fn cut(&self) -> bool {
        false
    }

    async fn stop(&self) {
        self.0.shutdown().await;
    }
}

macro_rules! seen {
    ($($name:ident: $fault:ident by $group:ident::$case:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[should_panic]
        async fn $name() {
            // A message that never comes is seen by the case's patience, which is long; this is as good.
            let case = $group::$case::<FaultyFixture<$fault>>();
            tokio::time::timeout(std::time::Duration::from_secs(4), case).await.expect("it hangs");
        }
    )*};
}

seen! {
    a_lost_message: LOSES by connection::arrives_once;
    a_doubled_message: DOUBLES by connection::arrives_once;
    a_swapped_message: SWAPS by connection::keeps_order;
    a_hoard: HOARDS by connection::a_slow_agent_slows_the_server;
    a_hidden_end: HIDES_THE_END by end::by_the_orchestrator;
    a_file_read_ahead: READS_AHEAD by file::is_read_as_it_is_taken;
    chunks_in_another_order: TURNS_ROUND by content::chunks_in_order;
    an_artifact_that_is_not_kept: KEEPS_NOTHING by artifact::whole;
}
