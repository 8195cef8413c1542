//! Listing blobs.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use super::sample::{MIB, content, pieces};
use crate::blob::{BlobName, BlobPrefix, BlobStore, ListedBlob};
use crate::clock::{Clock as _, SystemClock};
use crate::conformance::fixture::BlobFixture;
use crate::id::{ArtifactId, ExecutionId, FileId, LogArchiveId};
use crate::package::chunk::ChunkHash;

/// More than a service gives in one answer.
const MANY: u32 = 1_100;

fn chunk(number: u32) -> BlobName {
    BlobName::Chunk(ChunkHash::of(&number.to_be_bytes()))
}

async fn listed(store: &dyn BlobStore, prefix: &BlobPrefix) -> Vec<ListedBlob> {
    store.list(prefix).try_collect().await.unwrap()
}

async fn names(store: &dyn BlobStore, prefix: &BlobPrefix) -> HashSet<BlobName> {
    let listed = listed(store, prefix).await;
    let count = listed.len();
    let names: HashSet<_> = listed.into_iter().map(|blob| blob.name).collect();
    assert_eq!(names.len(), count, "each is given once");
    names
}

async fn put(store: &dyn BlobStore, name: &BlobName) {
    store.put(&name.key(), Bytes::from_static(b"content")).await.unwrap();
}

/// An empty store has nothing to list, and nor does one without a blob of the kind.
pub async fn nothing<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    assert!(listed(&*store, &BlobPrefix::Chunks).await.is_empty());
    put(&*store, &BlobName::InputFile(FileId::new())).await;
    assert!(listed(&*store, &BlobPrefix::Chunks).await.is_empty());
    assert!(listed(&*store, &BlobPrefix::RetiredOf(chunk(1))).await.is_empty());
}

/// Each prefix gives its own blobs, each once, and no longer when it is deleted.
pub async fn each_once<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let execution = ExecutionId::new();
    let retired = |number| BlobName::Retired { of: Box::new(chunk(number)), id: Uuid::now_v7() };
    let (one, two, three) = (retired(1), retired(1), retired(2));
    let groups = [
        (BlobPrefix::Chunks, vec![chunk(1), chunk(2), chunk(3)]),
        (BlobPrefix::Indexes, vec![BlobName::Index("0f".repeat(32)), BlobName::Index("f0".repeat(32))]),
        (
            BlobPrefix::Artifacts,
            vec![
                BlobName::Artifact(execution, ArtifactId::new()),
                BlobName::Artifact(execution, ArtifactId::new()),
                BlobName::Artifact(ExecutionId::new(), ArtifactId::new()),
            ],
        ),
        (BlobPrefix::InputFiles, vec![BlobName::InputFile(FileId::new())]),
        (BlobPrefix::Logs, vec![BlobName::Log(execution, LogArchiveId::new())]),
        (BlobPrefix::Retired, vec![one.clone(), two.clone(), three]),
        (BlobPrefix::Probes, vec![BlobName::Probe(Uuid::now_v7())]),
    ];
    for name in groups.iter().flat_map(|(_, names)| names) {
        put(&*store, name).await;
    }
    put(&*store, &BlobName::Owner).await;
    for (prefix, expected) in &groups {
        assert_eq!(names(&*store, prefix).await, expected.iter().cloned().collect(), "{prefix}");
    }
    assert_eq!(names(&*store, &BlobPrefix::RetiredOf(chunk(1))).await, HashSet::from([one, two]));
    store.delete(&chunk(2).key()).await.unwrap();
    assert_eq!(names(&*store, &BlobPrefix::Chunks).await, HashSet::from([chunk(1), chunk(3)]));
}

/// Sizes are those of the contents, and times those of the last writes, give or take a storage's clock.
pub async fn sizes_and_times<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let before = SystemClock.now() - TimeDelta::minutes(5);
    store.put(&chunk(1).key(), content(7, 1)).await.unwrap();
    store.put_stream(&chunk(2).key(), pieces(vec![content(6 * MIB, 1)]), u64::MAX).await.unwrap();
    let after = SystemClock.now() + TimeDelta::minutes(5);
    for blob in listed(&*store, &BlobPrefix::Chunks).await {
        let size = if blob.name == chunk(1) { 7 } else { 6 * MIB as u64 };
        assert_eq!(blob.size, size, "{:?}", blob.name);
        assert!((before..after).contains(&blob.written_at), "{}", blob.written_at);
    }
}

/// A write that is not finished is no blob yet.
pub async fn blobs_alone<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    put(&*store, &chunk(1)).await;
    let seen = Arc::clone(&store);
    let body = stream::iter(0..7_u8).then(move |at| {
        let seen = Arc::clone(&seen);
        async move {
            assert_eq!(names(&*seen, &BlobPrefix::Chunks).await, HashSet::from([chunk(1)]), "after {at} MiB");
            Ok(content(MIB, at))
        }
    });
    store.put_stream(&chunk(2).key(), body.boxed(), u64::MAX).await.unwrap();
    assert_eq!(names(&*store, &BlobPrefix::Chunks).await, HashSet::from([chunk(1), chunk(2)]));
}

/// A list of many blobs is whole, and goes on while others write and delete: it has what was there all the time.
pub async fn while_others_write<F: BlobFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let writes = stream::iter(0..MANY).map(|number| {
        let store = &store;
        async move { put(&**store, &chunk(number)).await }
    });
    writes.buffer_unordered(16).collect::<()>().await;
    let kept: HashSet<BlobName> = (0..MANY).filter(|number| number % 50 != 0).map(chunk).collect();
    let changing = tokio::spawn(async move {
        for number in (0..MANY).step_by(50) {
            peer.delete(&chunk(number).key()).await.unwrap();
            put(&*peer, &chunk(MANY + number)).await;
        }
    });
    loop {
        let ended = changing.is_finished();
        let found = names(&*store, &BlobPrefix::Chunks).await;
        assert!(found.is_superset(&kept), "{} are missing", kept.difference(&found).count());
        if ended {
            assert_eq!(found.len(), MANY as usize);
            break;
        }
    }
    changing.await.unwrap();
}
