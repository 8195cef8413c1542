use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{ArrivalOutcome, Lease};
use openautomate_core::id::{AgentRolloutId, AssetId, ExecutionId, FileId, ObjectId};
use openautomate_core::package::archive::pack;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::transport::message::ObjectInfo;
use openautomate_core::transport::{AgentLink, ArrivedFile, ArtifactUpload, AssetContent, ObjectUpload};

use super::*;

/// A server that holds one version.
#[derive(Debug)]
struct Shelf {
    version: LoadedVersion,
    signer: PackageSigner,
    indexes: AtomicUsize,
    chunks: AtomicUsize,
    bytes: AtomicUsize,
    /// After so many chunks the line breaks, once.
    breaks_after: AtomicUsize,
    /// The next chunk comes with a bit turned over.
    spoils: AtomicBool,
}

#[async_trait]
impl Transport for Shelf {
    async fn connect(&self) -> CoreResult<AgentLink> {
        Err(CoreError::unavailable("test", "nobody is there"))
    }

    async fn fetch_index(&self, _: PackageGrant) -> CoreResult<Bytes> {
        self.indexes.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(self.version.index.len(), Ordering::SeqCst);
        Ok(self.version.index.clone())
    }

    async fn fetch_chunks(
        &self,
        _: PackageGrant,
        hashes: &[ChunkHash],
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        assert!(!hashes.is_empty() && hashes.len() <= MAX_CHUNKS);
        let mut chunks = self.version.chunks(hashes)?;
        let left = self.breaks_after.swap(usize::MAX, Ordering::SeqCst);
        chunks.truncate(left);
        self.chunks.fetch_add(chunks.len(), Ordering::SeqCst);
        self.bytes.fetch_add(chunks.iter().map(Bytes::len).sum(), Ordering::SeqCst);
        if self.spoils.swap(false, Ordering::SeqCst) {
            let mut spoilt = chunks[0].to_vec();
            *spoilt.last_mut().unwrap() ^= 1;
            chunks[0] = spoilt.into();
        }
        Ok(futures_util::stream::iter(chunks.into_iter().map(Ok)).boxed())
    }

    async fn fetch_file(&self, _: Lease, id: FileId) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        Err(CoreError::not_found("file", id))
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        _: &str,
        _: u64,
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        Err(CoreError::not_found("program of the rollout", rollout))
    }

    async fn fetch_object(
        &self,
        _: Lease,
        object: ObjectId,
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        Err(CoreError::not_found("object", object))
    }

    async fn fetch_asset(&self, _: Lease, asset: AssetId) -> CoreResult<AssetContent> {
        Err(CoreError::not_found("asset", asset))
    }

    async fn put_object(&self, upload: ObjectUpload) -> CoreResult<ObjectInfo> {
        Err(CoreError::not_found("bucket", upload.bucket))
    }

    async fn put_artifact(&self, _: ArtifactUpload) -> CoreResult<()> {
        Ok(())
    }

    async fn put_arrival(&self, file: ArrivedFile) -> CoreResult<ArrivalOutcome> {
        Err(CoreError::not_found("trigger", file.arrival.trigger))
    }
}

const MANIFEST: &str =
    "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n";

fn shelf_of(folder: &Path, files: &[(&str, Vec<u8>)]) -> Shelf {
    let package = folder.join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(package.join("lib")).unwrap();
    std::fs::write(package.join("pyproject.toml"), MANIFEST).unwrap();
    std::fs::write(package.join("main.py"), "print('hello')\n").unwrap();
    for (path, content) in files {
        std::fs::write(package.join(path), content).unwrap();
    }
    Shelf {
        version: LoadedVersion::of(&pack(&package).unwrap()).unwrap(),
        signer: PackageSigner::generate().unwrap(),
        indexes: AtomicUsize::new(0),
        chunks: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        breaks_after: AtomicUsize::new(usize::MAX),
        spoils: AtomicBool::new(false),
    }
}

fn shelf(folder: &Path) -> Shelf {
    shelf_of(folder, &[("lib/data.txt", b"data".to_vec())])
}

impl Shelf {
    fn package(&self) -> PackageRef {
        self.version.package_ref("job", "1.0.0", &self.signer)
    }

    fn fetches(&self) -> usize {
        self.indexes.load(Ordering::SeqCst)
    }
}

fn grant() -> PackageGrant {
    PackageGrant::Lease(Lease { execution: ExecutionId::new(), epoch: 1 })
}

async fn fetched(cache: &PackageCache, shelf: &Shelf) -> CoreResult<Package> {
    cache.fetch(shelf, grant(), &shelf.package()).await
}

fn open(folder: &Path) -> PackageCache {
    PackageCache::open(folder, DEFAULT_CACHE_BYTES).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Bytes that don't repeat.
fn noise(length: usize, mut state: u64) -> Vec<u8> {
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn those_who_want_the_same_share_one_download() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, data) = (shelf(folder.path()), folder.path().join("agent"));
    let cache = open(&data);
    let all = futures_util::future::join_all((0..8).map(|_| fetched(&cache, &shelf))).await;
    for package in all {
        assert_eq!(std::fs::read_to_string(package.unwrap().folder.join("lib/data.txt")).unwrap(), "data");
    }
    assert_eq!(shelf.fetches(), 1);
    // The next agent on the same folder has it too.
    fetched(&open(&data), &shelf).await.unwrap();
    assert_eq!(shelf.fetches(), 1);
}

#[tokio::test]
async fn a_package_that_is_not_what_was_published_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, data) = (shelf(folder.path()), folder.path().join("agent"));
    let cache = open(&data);
    let first = fetched(&cache, &shelf).await.unwrap();
    let unpacked = &first.folder;
    let file = unpacked.join("lib/data.txt");
    let same_size_and_time = || {
        let was = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::fs::write(&file, "DATA").unwrap();
        std::fs::File::options().append(true).open(&file).unwrap().set_modified(was).unwrap();
    };
    let breaks: [&dyn Fn(); 4] = [
        &|| std::fs::write(&file, "").unwrap(),
        &|| std::fs::remove_file(unpacked.join("main.py")).unwrap(),
        &|| std::fs::remove_file(unpacked.with_extension(INDEX)).unwrap(),
        &same_size_and_time,
    ];
    for (n, breaks) in breaks.iter().enumerate() {
        breaks();
        fetched(&cache, &shelf).await.unwrap();
        assert_eq!(shelf.fetches(), n + 2);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "data");
    }
    // The next agent, which has seen nothing yet, finds the same.
    same_size_and_time();
    fetched(&open(&data), &shelf).await.unwrap();
    assert_eq!((shelf.fetches(), std::fs::read_to_string(&file).unwrap().as_str()), (6, "data"));
    assert_eq!(shelf.chunks.load(Ordering::SeqCst), 1, "its one chunk came once");
    // What a run adds breaks nothing.
    std::fs::write(unpacked.join("extra"), "x").unwrap();
    fetched(&cache, &shelf).await.unwrap();
    assert_eq!(shelf.fetches(), 6);
    open(&data);
    assert!(!names(&data.join("packages")).iter().any(|name| name.starts_with('.')), "put aside, and gone");
}

#[tokio::test]
async fn a_fetch_that_broke_off_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf_of(folder.path(), &[("lib/data.bin", noise(3_000_000, 7))]);
    let cache = open(&folder.path().join("agent"));
    shelf.breaks_after.store(10, Ordering::SeqCst);
    let broken = fetched(&cache, &shelf).await.unwrap_err();
    assert_eq!((broken.code(), broken.kind()), ("package.interrupted", ErrorKind::Unavailable));
    let package = fetched(&cache, &shelf).await.unwrap();
    assert_eq!(std::fs::read(package.folder.join("lib/data.bin")).unwrap(), noise(3_000_000, 7));
    let index =
        PackageIndex::decode(&shelf.version.index, &shelf.version.digest, &Limits::default()).unwrap();
    assert_eq!(shelf.chunks.load(Ordering::SeqCst), index.chunks().len(), "each chunk came once");
}

#[tokio::test]
async fn a_changed_line_moves_under_a_hundredth_of_a_large_package() {
    const SIZE: usize = 50 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let mut content = noise(SIZE, 7);
    let old = shelf_of(folder.path(), &[("lib/model.bin", content.clone())]);
    content.splice(20_000_000..20_000_016, *b"one line that is longer than the old\n");
    let new = shelf_of(folder.path(), &[("lib/model.bin", content.clone())]);
    let cache = open(&folder.path().join("agent"));
    fetched(&cache, &old).await.unwrap();
    let package = fetched(&cache, &new).await.unwrap();
    assert!(std::fs::read(package.folder.join("lib/model.bin")).unwrap() == content);
    let moved = new.bytes.load(Ordering::SeqCst);
    assert!(moved < SIZE / 100, "{moved} bytes of {SIZE}");
}

#[tokio::test]
async fn nothing_is_kept_whose_hash_differs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shelf, data) = (shelf(folder.path()), folder.path().join("agent"));
    let cache = open(&data);
    shelf.spoils.store(true, Ordering::SeqCst);
    let refused = fetched(&cache, &shelf).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), ("chunk.damaged", ErrorKind::Unavailable));
    let package = shelf.package();
    shelf.version.index = [&shelf.version.index[..], b" "].concat().into();
    let refused = cache.fetch(&shelf, grant(), &package).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), ("index.damaged", ErrorKind::Unavailable));
    assert!(names(&data.join("packages")).is_empty() && names(&data.join("chunks")).is_empty());
}

#[tokio::test]
async fn a_digest_never_becomes_another_path() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(folder.path());
    let cache = open(&folder.path().join("agent"));
    for bad in ["../../etc", "", &"A".repeat(64), &"é".repeat(32)] {
        let package = PackageRef { digest: bad.to_owned(), ..shelf.package() };
        let refused = cache.fetch(&shelf, grant(), &package).await.unwrap_err();
        assert_eq!(refused.code(), "package.digest");
    }
}

#[tokio::test]
async fn what_nobody_uses_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let shelves: Vec<Shelf> =
        (1..=4).map(|n| shelf_of(folder.path(), &[("lib/data.bin", noise(100_000, n))])).collect();
    let data = folder.path().join("agent");
    let cache = PackageCache::open(&data, 250_000).unwrap();
    let used = fetched(&cache, &shelves[0]).await.unwrap();
    for shelf in &shelves[1..] {
        fetched(&cache, shelf).await.unwrap();
    }
    let packages = names(&data.join("packages"));
    let is_there = |shelf: &Shelf| packages.contains(&shelf.version.digest);
    assert!(is_there(&shelves[0]), "it is in use");
    assert!(!is_there(&shelves[1]) && is_there(&shelves[3]), "{packages:?}");
    assert!(used.folder.join("lib/data.bin").is_file());
    let parts = names(&data.join("chunks")).into_iter().map(|part| data.join("chunks").join(part));
    let chunks = parts.flat_map(|part| names(&part).into_iter().map(move |name| part.join(name)));
    let total: u64 = chunks.map(|chunk| std::fs::metadata(chunk).unwrap().len()).sum();
    assert!((1..=250_000).contains(&total), "{total}");
}
