//! Blobs that nothing refers to go; those in use stay, whatever happens at the same moment.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use openautomate_core::blob::{
    BlobBody, BlobInfo, BlobKey, BlobName, BlobPrefix, BlobStore, ListedBlob, ObjectBlobStore,
};
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock, Timestamp};
use openautomate_core::command::execution::{CancelExecution, RetryExecution};
use openautomate_core::command::package::{DeletePackage, PublishVersion};
use openautomate_core::domain::{Package, PackageVersion};
use openautomate_core::id::{ArtifactId, ExecutionId, FileId, PackageId};
use openautomate_core::orchestrator::{FileIntake, Settings};
use openautomate_core::package::chunk::{Chunk, ChunkHash};
use openautomate_core::service::{BlobCollection, CollectionReport};
use openautomate_core::{Error, Orchestrator, Result};

use super::place::{MANIFEST, Place, archive_of, archive_with};

const GRACE: Duration = Duration::from_secs(24 * 3_600);

/// So long after the present.
fn after(graces: f64) -> Timestamp {
    SystemClock.now() + TimeDelta::from_std(GRACE.mul_f64(graces)).unwrap()
}

async fn collect(
    orchestrator: &Orchestrator,
    blobs: &dyn BlobStore,
    now: Timestamp,
) -> Result<CollectionReport> {
    let (store, owner, clock) = (orchestrator.store(), orchestrator.package_key(), &ManualClock::new(now));
    BlobCollection { store, blobs, owner, clock, grace: GRACE, dry_run: false }.run().await
}

async fn count(blobs: &dyn BlobStore, prefix: BlobPrefix) -> usize {
    blobs.list(&prefix).try_collect::<Vec<_>>().await.unwrap().len()
}

/// Whether all of a version can be read.
async fn is_whole(orchestrator: &Orchestrator, version: &PackageVersion) -> bool {
    let Ok(stream) = orchestrator.package_archive(version).await else { return false };
    stream.try_for_each(async |_| Ok(())).await.is_ok()
}

fn content() -> Bytes {
    archive_with(MANIFEST, &[("model.bin", &[7; 400_000])])
}

/// Leaves on the blobs what a publish that was never committed leaves: it was committed elsewhere.
async fn interrupted_publish(blobs: &ObjectBlobStore) {
    let elsewhere = Place::keeping(blobs.clone(), Settings::default()).await;
    let package = elsewhere.package("greeter").await;
    let publish = PublishVersion::new(package.id, content());
    elsewhere.orchestrator.execute(&elsewhere.admin, publish).await.unwrap();
}

async fn publish(place: &Place, package: PackageId) -> Result<PackageVersion> {
    place.orchestrator.execute(&place.admin, PublishVersion::new(package, content())).await
}

#[tokio::test]
async fn what_is_in_use_stays_and_the_rest_goes() {
    let blobs = ObjectBlobStore::memory();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let package = place.greeter().await;
    let version = place.orchestrator.store().active_version(package.id, place.environment().await).await;
    let version = version.unwrap().unwrap();
    let intake = FileIntake {
        name: "a.txt".into(),
        content_type: "text/plain".into(),
        size: None,
        body: stream::iter([Ok(Bytes::from_static(b"content"))]).boxed(),
    };
    let file = place.orchestrator.keep_file(&place.admin, None, intake).await.unwrap();
    interrupted_publish(&blobs).await;
    for name in [
        BlobName::Artifact(ExecutionId::new(), ArtifactId::new()),
        BlobName::InputFile(FileId::new()),
        BlobName::Probe(file.id.as_uuid().to_owned()),
    ] {
        blobs.put(&name.key(), Bytes::from_static(b"of nobody")).await.unwrap();
    }
    let chunks = count(&blobs, BlobPrefix::Chunks).await;

    // What is young is nobody's business.
    let young = collect(&place.orchestrator, &blobs, after(0.99)).await.unwrap();
    assert_eq!((young.retired, young.removed), (0, 0), "{young:?}");

    let first = collect(&place.orchestrator, &blobs, after(1.1)).await.unwrap();
    assert_eq!((first.removed, first.restored), (3, 0), "{first:?}");
    assert!(first.retired >= 2, "{first:?}");
    assert_eq!(count(&blobs, BlobPrefix::Indexes).await, 1);
    assert!(count(&blobs, BlobPrefix::Chunks).await < chunks);
    // The copies were written just now, whatever the round was told.
    let second = collect(&place.orchestrator, &blobs, after(1.2)).await.unwrap();
    assert_eq!((second.retired, second.removed), (0, first.retired), "{second:?}");
    for _ in 0..2 {
        let idle = collect(&place.orchestrator, &blobs, after(5.0)).await.unwrap();
        assert_eq!((idle.retired, idle.restored, idle.removed), (0, 0, 0), "{idle:?}");
    }
    assert!(is_whole(&place.orchestrator, &version).await);
    assert!(blobs.contains(&BlobKey::input_file(file.id)).await.unwrap());
}

#[tokio::test]
async fn a_dry_run_tells_what_would_go() {
    let blobs = ObjectBlobStore::memory();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    interrupted_publish(&blobs).await;
    let before = count(&blobs, BlobPrefix::Chunks).await;
    let (store, owner) = (place.orchestrator.store(), place.orchestrator.package_key());
    let clock = &ManualClock::new(after(2.0));
    let look = BlobCollection { store, blobs: &blobs, owner, clock, grace: GRACE, dry_run: true };
    let report = look.run().await.unwrap();
    assert_eq!(report.retired, before as u64 + 1);
    assert_eq!(count(&blobs, BlobPrefix::Chunks).await, before);
    assert!(!blobs.contains(&BlobName::Owner.key()).await.unwrap());
}

#[tokio::test]
async fn the_content_of_a_deleted_package_stays_since_its_executions_may_be_retried() {
    let blobs = ObjectBlobStore::memory();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let package = place.greeter().await;
    let execution = place.enqueue(&package).await;
    place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    place.orchestrator.execute(&place.admin, DeletePackage { id: package.id }).await.unwrap();
    for graces in [2.0, 4.0, 6.0] {
        collect(&place.orchestrator, &blobs, after(graces)).await.unwrap();
    }
    place.orchestrator.execute(&place.admin, RetryExecution::new(execution.id)).await.unwrap();
    let version = place.orchestrator.store().version(execution.version_id).await.unwrap().unwrap();
    assert!(is_whole(&place.orchestrator, &version).await);
}

#[tokio::test]
async fn a_version_whose_index_is_gone_stops_the_round() {
    let blobs = ObjectBlobStore::memory();
    let place = Place::keeping(blobs.clone(), Settings::default()).await;
    let package = place.package("greeter").await;
    let version = publish(&place, package.id).await.unwrap();
    interrupted_publish(&blobs).await;
    let chunk = Chunk::pack(b"of nobody").unwrap();
    blobs.put(&BlobKey::chunk(&chunk.hash), chunk.packed).await.unwrap();
    blobs.delete(&BlobKey::index(&version.digest).unwrap()).await.unwrap();
    let before = count(&blobs, BlobPrefix::Chunks).await;
    collect(&place.orchestrator, &blobs, after(2.0)).await.unwrap_err();
    assert_eq!(count(&blobs, BlobPrefix::Chunks).await, before);
}

#[tokio::test]
async fn the_blobs_of_another_installation_are_left_alone() {
    let blobs = ObjectBlobStore::memory();
    let ours = Place::keeping(blobs.clone(), Settings::default()).await;
    let theirs = Place::keeping(blobs.clone(), Settings::default()).await;
    let package = theirs.package("greeter").await;
    let version = publish(&theirs, package.id).await.unwrap();
    collect(&theirs.orchestrator, &blobs, after(0.0)).await.unwrap();
    let refused = collect(&ours.orchestrator, &blobs, after(9.0)).await.unwrap_err();
    assert_eq!(refused.code(), "blob.foreign");
    assert!(is_whole(&theirs.orchestrator, &version).await);
}

/// Lets something happen before the step with a number, and is an ordinary store otherwise.
#[derive(Clone)]
struct Stepped {
    blobs: ObjectBlobStore,
    inner: Arc<Steps>,
}

#[derive(Default)]
struct Steps {
    taken: AtomicUsize,
    event: Mutex<Option<(usize, BoxFuture<'static, ()>)>>,
}

impl std::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.blobs.fmt(f)
    }
}

impl Stepped {
    fn over(blobs: &ObjectBlobStore) -> Self {
        Self { blobs: blobs.clone(), inner: Arc::default() }
    }

    fn before(&self, step: usize, event: impl Future<Output = ()> + Send + 'static) {
        self.inner.taken.store(0, Ordering::SeqCst);
        *self.inner.event.lock().unwrap() = Some((step, event.boxed()));
    }

    /// Whether it did not come to that step.
    fn is_waiting(&self) -> bool {
        self.inner.event.lock().unwrap().is_some()
    }

    async fn step(&self) {
        let step = self.inner.taken.fetch_add(1, Ordering::SeqCst);
        let event = self.inner.event.lock().unwrap().take_if(|(at, _)| *at == step);
        if let Some((_, event)) = event {
            event.await;
        }
    }
}

#[async_trait]
impl BlobStore for Stepped {
    async fn put(&self, key: &BlobKey, body: Bytes) -> Result<()> {
        self.step().await;
        self.blobs.put(key, body).await
    }

    async fn put_stream(
        &self,
        key: &BlobKey,
        body: BoxStream<'_, io::Result<Bytes>>,
        max_bytes: u64,
    ) -> Result<BlobInfo> {
        self.step().await;
        self.blobs.put_stream(key, body, max_bytes).await
    }

    async fn contains(&self, key: &BlobKey) -> Result<bool> {
        self.step().await;
        self.blobs.contains(key).await
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<BlobBody>> {
        self.step().await;
        self.blobs.get(key).await
    }

    async fn get_range(&self, key: &BlobKey, range: std::ops::Range<u64>) -> Result<Option<Bytes>> {
        self.step().await;
        self.blobs.get_range(key, range).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.step().await;
        self.blobs.delete(key).await
    }

    fn list(&self, prefix: &BlobPrefix) -> BoxStream<'static, Result<ListedBlob>> {
        let (stepped, prefix) = (self.clone(), prefix.clone());
        let list = async move {
            stepped.step().await;
            stepped.blobs.list(&prefix)
        };
        stream::once(list).flatten().boxed()
    }
}

/// What one would write first: removes what no version refers to and is old.
async fn collect_naively(orchestrator: &Orchestrator, blobs: &dyn BlobStore, now: Timestamp) -> Result<()> {
    let mut needed = Vec::new();
    for digest in orchestrator.store().digests(None, 1_000).await? {
        let index = blobs.get(&BlobKey::index(&digest)?).await?.unwrap();
        let json = index.stream.try_fold(Vec::new(), async |all, piece| Ok([all, piece.to_vec()].concat()));
        let json: serde_json::Value = serde_json::from_slice(&json.await?).unwrap();
        for chunk in json["chunks"].as_array().unwrap() {
            needed.push(BlobName::Chunk(chunk["hash"].as_str().unwrap().parse::<ChunkHash>()?));
        }
        needed.push(BlobName::Index(digest));
    }
    for prefix in [BlobPrefix::Chunks, BlobPrefix::Indexes] {
        let mut listed = blobs.list(&prefix);
        while let Some(blob) = listed.try_next().await? {
            let is_old = now - blob.written_at > TimeDelta::from_std(GRACE).unwrap();
            if is_old && !needed.contains(&blob.name) {
                blobs.delete(&blob.name.key()).await?;
            }
        }
    }
    Ok(())
}

/// Publishes a version that shares all it has with what lies about unused, before a step of a round, for each step;
/// says after how many of them the version could not be read.
async fn publish_at_each_step_of_a_round(naive: bool) -> usize {
    let mut lost = 0;
    for step in 0.. {
        let blobs = ObjectBlobStore::memory();
        interrupted_publish(&blobs).await;
        let place = Arc::new(Place::keeping(blobs.clone(), Settings::default()).await);
        let package = place.package("greeter").await;
        let stepped = Stepped::over(&blobs);
        let published = Arc::new(Mutex::new(None));
        stepped.before(step, {
            let (place, published) = (Arc::clone(&place), Arc::clone(&published));
            async move { *published.lock().unwrap() = Some(publish(&place, package.id).await.unwrap()) }
        });
        if naive {
            collect_naively(&place.orchestrator, &stepped, after(1.5)).await.unwrap();
        } else {
            collect(&place.orchestrator, &stepped, after(1.5)).await.unwrap();
        }
        if stepped.is_waiting() {
            assert!(step >= 5, "only {step} steps");
            return lost;
        }
        let version = published.lock().unwrap().take().unwrap();
        // With the looks of readers in between, and without.
        for graces in [1.6, 3.0, 4.5].into_iter().filter(|_| !naive) {
            collect(&place.orchestrator, &blobs, after(graces)).await.unwrap();
            assert!(step % 2 == 1 || is_whole(&place.orchestrator, &version).await, "step {step}");
        }
        lost += usize::from(!is_whole(&place.orchestrator, &version).await);
    }
    lost
}

#[tokio::test]
async fn a_publish_loses_nothing_to_a_round_under_way() {
    assert_eq!(publish_at_each_step_of_a_round(false).await, 0);
}

#[tokio::test]
async fn the_test_above_would_notice() {
    assert!(publish_at_each_step_of_a_round(true).await > 0);
}

/// The other way round: a whole round, or two with a clock that is hours ahead, before each step of a publish.
#[tokio::test]
async fn rounds_lose_nothing_of_a_publish_under_way() {
    for step in 0.. {
        let blobs = ObjectBlobStore::memory();
        interrupted_publish(&blobs).await;
        let stepped = Stepped::over(&blobs);
        let place = Arc::new(Place::keeping(stepped.clone(), Settings::default()).await);
        let package = place.package("greeter").await;
        stepped.before(step, {
            let (orchestrator, blobs) = (place.orchestrator.clone(), blobs.clone());
            async move {
                // What lay about is old now; what comes back is as young as the clock ahead lets it seem.
                collect(&orchestrator, &blobs, after(1.5)).await.unwrap();
                collect(&orchestrator, &blobs, after(0.45)).await.unwrap();
            }
        });
        let version = publish(&place, package.id).await.unwrap();
        if stepped.is_waiting() {
            assert!(step >= 3, "only {step} steps");
            break;
        }
        for graces in [0.5, 1.6, 3.0, 4.5] {
            collect(&place.orchestrator, &blobs, after(graces)).await.unwrap();
        }
        assert!(is_whole(&place.orchestrator, &version).await, "step {step}");
    }
}

/// Servers that collect and publish at once, on one folder: what was published can be read, all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_collect_and_publish_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || ObjectBlobStore::local(folder.path()).unwrap();
    let place = Arc::new(Place::keeping(open(), Settings::default()).await);
    let package: Package = place.package("greeter").await;
    let shared = |round: u32, part: u32| format!("{}\n", round * 10 + part).repeat(40_000);
    let source = |round: u32| format!("def run():\n    pass\n\"\"\"{}\"\"\"\n", shared(round, 0));
    let elsewhere = Place::keeping(open(), Settings::default()).await;
    let unused = elsewhere.package("greeter").await;
    let mut versions = Vec::new();
    for round in 0..20_u32 {
        // Left unused, and old by the time that the rounds are told.
        elsewhere.publish_source(&unused, &format!("1.0.{round}"), &source(round)).await;
        let mut working = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (place, blobs) = (Arc::clone(&place), open());
            working.spawn(async move {
                collect(&place.orchestrator, &blobs, after(1.5)).await?;
                Ok::<_, Error>(None)
            });
        }
        let (place_of, archive) = (
            Arc::clone(&place),
            archive_of(&MANIFEST.replace("1.0.0", &format!("1.0.{round}")), &source(round)),
        );
        working.spawn(async move {
            let publish = PublishVersion::new(package.id, archive);
            Ok(Some(place_of.orchestrator.execute(&place_of.admin, publish).await?))
        });
        while let Some(ended) = working.join_next().await {
            versions.extend(ended.unwrap().unwrap());
        }
        if round % 10 == 9 {
            for version in &versions {
                assert!(is_whole(&place.orchestrator, version).await, "{}", version.version_number);
            }
        }
    }
    assert_eq!(versions.len(), 20);
}
