//! Archived logs: nobody who reads sees a difference, whatever stops in between, and the blobs are collected in the end.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::blob::{
    BlobBody, BlobInfo, BlobKey, BlobName, BlobPrefix, BlobStore, ListedBlob, ObjectBlobStore,
};
use openautomate_core::domain::{
    ExecutionState, Lease, LogChunk, LogLevel, LogLine, LogRecord, LogStream, RunResult,
};
use openautomate_core::id::ExecutionId;
use openautomate_core::orchestrator::Settings;
use openautomate_core::service::{BlobCollector, LogArchiver};
use openautomate_core::transport::AgentMessage;
use openautomate_core::{Orchestrator, Result};
use serde_json::Map;
use tokio::sync::watch;

use super::place::Place;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const LINES: u64 = 2_300;

/// Blobs that never come back from a write of a stream, while they are held.
#[derive(Clone, Debug)]
struct Held {
    blobs: ObjectBlobStore,
    is_held: Arc<watch::Sender<bool>>,
}

impl Held {
    fn new() -> Self {
        Self { blobs: ObjectBlobStore::memory(), is_held: Arc::new(watch::Sender::new(false)) }
    }

    async fn logs(&self) -> Vec<BlobName> {
        let listed = self.blobs.list(&BlobPrefix::Logs).try_collect::<Vec<_>>().await.unwrap();
        listed.into_iter().map(|blob| blob.name).collect()
    }
}

#[async_trait]
impl BlobStore for Held {
    async fn put(&self, key: &BlobKey, body: Bytes) -> Result<()> {
        self.blobs.put(key, body).await
    }

    async fn put_stream(
        &self,
        key: &BlobKey,
        body: BoxStream<'_, io::Result<Bytes>>,
        max_bytes: u64,
    ) -> Result<BlobInfo> {
        let written = self.blobs.put_stream(key, body, max_bytes).await;
        let _ = self.is_held.subscribe().wait_for(|held| !held).await;
        written
    }

    async fn contains(&self, key: &BlobKey) -> Result<bool> {
        self.blobs.contains(key).await
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<BlobBody>> {
        self.blobs.get(key).await
    }

    async fn get_range(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Bytes>> {
        self.blobs.get_range(key, range).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.blobs.delete(key).await
    }

    fn list(&self, prefix: &BlobPrefix) -> BoxStream<'static, Result<ListedBlob>> {
        self.blobs.list(prefix)
    }
}

fn chunk(lease: Lease, lines: std::ops::RangeInclusive<u64>) -> LogChunk {
    let time = chrono::DateTime::from_timestamp(1_767_323_045, 0).unwrap();
    let line = |seq: u64| LogLine::new(time, LogLevel::Info, LogStream::Stdout, format!("line {seq}"));
    LogChunk { lease, first_seq: *lines.start(), lines: lines.map(line).collect() }
}

/// An execution that ended after some lines, and their agent.
async fn ended(place: &Place) -> (openautomate_core::domain::Agent, Lease) {
    let package = place.greeter().await;
    let bot = place.agent("bot").await;
    let mut agent = place.connect(&bot, Vec::new()).await;
    agent.ready(1).await;
    let execution = place.enqueue(&package).await;
    let lease = agent.assignment().await.lease;
    agent.send(AgentMessage::Started { lease }).await;
    let chunks = (1..=LINES).step_by(100).map(|first| chunk(lease, first..=first + 99)).collect();
    agent.send(AgentMessage::Logs { chunks }).await;
    let result = RunResult::succeeded(Map::new());
    agent.send(AgentMessage::Finished { lease, result, final_log_seq: LINES }).await;
    place.reaches(execution.id, ExecutionState::Succeeded).await;
    (bot, lease)
}

async fn followed(orchestrator: &Orchestrator, id: ExecutionId) -> Vec<LogRecord> {
    let mut follower = orchestrator.follow_logs(id, 1, 0);
    let mut lines = Vec::new();
    while let Some(line) = follower.next().await.unwrap() {
        lines.push(line.record);
    }
    lines
}

async fn pages(orchestrator: &Orchestrator, lease: Lease) -> Vec<Vec<LogRecord>> {
    let mut pages = Vec::new();
    for (after, limit) in [(0, 10), (0, 5_000), (995, 20), (1_999, 1), (2_290, 50), (LINES, 10), (700, 1_500)]
    {
        pages.push(orchestrator.read_log(lease, after, limit).await.unwrap());
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_log_reads_as_before() {
    let blobs = Held::new();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let (bot, lease) = ended(&place).await;
    let (orchestrator, store) = (&place.orchestrator, place.orchestrator.store());
    let before = (followed(orchestrator, lease.execution).await, pages(orchestrator, lease).await);
    assert_eq!(before.0.len() as u64, LINES);
    let archiver = LogArchiver::new(orchestrator.clone());
    place.clock.advance(6 * DAY);
    assert_eq!(archiver.archive_due().await.unwrap(), 0, "it is not old enough");
    place.clock.advance(2 * DAY);
    assert_eq!(archiver.archive_due().await.unwrap(), 1);
    assert_eq!(store.read(lease, 0, 10).await.unwrap(), []);
    assert_eq!(blobs.logs().await.len(), 1);
    assert_eq!((followed(orchestrator, lease.execution).await, pages(orchestrator, lease).await), before);
    assert_eq!(archiver.archive_due().await.unwrap(), 0, "there is no more to do");

    // Lines that come after all that are read after the archived ones, and archived with them.
    store.append(bot.id, &[chunk(lease, LINES - 1..=LINES + 5)]).await.unwrap();
    let late = orchestrator.read_log(lease, LINES - 3, 100).await.unwrap();
    assert_eq!(
        late.iter().map(|record| record.seq).collect::<Vec<_>>(),
        (LINES - 2..=LINES + 5).collect::<Vec<_>>()
    );
    let (first, all) = (blobs.logs().await, followed(orchestrator, lease.execution).await);
    assert_eq!(archiver.archive_due().await.unwrap(), 1);
    assert_eq!(store.read(lease, 0, 10).await.unwrap(), []);
    assert_eq!(followed(orchestrator, lease.execution).await, all);

    // The one that nothing names any more goes when it is old enough; the other stays.
    let archive = store.log_archive(lease).await.unwrap().unwrap();
    let kept = BlobName::Log(lease.execution, archive.id);
    assert_eq!(blobs.logs().await.len(), 2);
    place.clock.advance(2 * DAY);
    BlobCollector::new(orchestrator.clone()).collect().await.unwrap();
    assert_eq!(blobs.logs().await, [kept]);
    assert!(!first.contains(&BlobName::Log(lease.execution, archive.id)));
    assert_eq!(followed(orchestrator, lease.execution).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_blob_and_the_commit_loses_nothing() {
    let blobs = Held::new();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let (_, lease) = ended(&place).await;
    let (orchestrator, store) = (&place.orchestrator, place.orchestrator.store());
    let before = followed(orchestrator, lease.execution).await;
    place.clock.advance(8 * DAY);
    blobs.is_held.send_replace(true);
    let killed = tokio::spawn({
        let archiver = LogArchiver::new(orchestrator.clone());
        async move { archiver.archive(lease).await }
    });
    while blobs.logs().await.is_empty() {
        tokio::task::yield_now().await;
    }
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    assert_eq!(store.log_archive(lease).await.unwrap(), None);
    assert_eq!(followed(orchestrator, lease.execution).await, before);
    // The next one begins anew, and the blob of the first is collected.
    blobs.is_held.send_replace(false);
    let left_behind = blobs.logs().await;
    assert_eq!(LogArchiver::new(orchestrator.clone()).archive_due().await.unwrap(), 1);
    assert_eq!(followed(orchestrator, lease.execution).await, before);
    place.clock.advance(2 * DAY);
    BlobCollector::new(orchestrator.clone()).collect().await.unwrap();
    let archive = store.log_archive(lease).await.unwrap().unwrap();
    assert_eq!(blobs.logs().await, [BlobName::Log(lease.execution, archive.id)]);
    assert_ne!(blobs.logs().await, left_behind);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_took_too_long_or_is_gone_is_told() {
    let blobs = Held::new();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let (_, lease) = ended(&place).await;
    let orchestrator = &place.orchestrator;
    // Half of the grace period goes by before the blob is there: it may count as forgotten.
    blobs.is_held.send_replace(true);
    let slow = tokio::spawn({
        let archiver = LogArchiver::new(orchestrator.clone());
        async move { archiver.archive(lease).await }
    });
    while blobs.logs().await.is_empty() {
        tokio::task::yield_now().await;
    }
    place.clock.advance(DAY);
    blobs.is_held.send_replace(false);
    assert_eq!(slow.await.unwrap().unwrap_err().code(), "log.slow");
    assert_eq!(orchestrator.store().log_archive(lease).await.unwrap(), None);
    // Without its blob an archive is missed, and not taken for the end of the log.
    assert!(LogArchiver::new(orchestrator.clone()).archive(lease).await.unwrap());
    let archive = orchestrator.store().log_archive(lease).await.unwrap().unwrap();
    blobs.delete(&archive.key()).await.unwrap();
    assert_eq!(orchestrator.read_log(lease, 0, 10).await.unwrap_err().code(), "log.missing");
}
