use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::blob::BlobBody;
use openautomate_core::domain::Lease;
use openautomate_core::id::ExecutionId;
use openautomate_core::package::archive::pack;
use openautomate_core::transport::{AgentLink, ArtifactUpload, PackageRef};

use super::*;

#[derive(Debug)]
struct Shelf {
    archive: Vec<u8>,
    fetched: AtomicUsize,
}

#[async_trait]
impl Transport for Shelf {
    async fn connect(&self) -> CoreResult<AgentLink> {
        Err(CoreError::unavailable("test", "nobody is there"))
    }

    async fn fetch_package(&self, _: Lease) -> CoreResult<BlobBody> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let chunks: Vec<_> = self.archive.chunks(100).map(|c| Ok(bytes::Bytes::copy_from_slice(c))).collect();
        // The size that a server tells is not relied on.
        Ok(BlobBody { size: 0, stream: futures_util::stream::iter(chunks).boxed() })
    }

    async fn put_artifact(&self, _: ArtifactUpload) -> CoreResult<()> {
        Ok(())
    }
}

fn shelf(folder: &Path) -> (Shelf, Assignment) {
    let package = folder.join("source");
    std::fs::create_dir_all(package.join("lib")).unwrap();
    let manifest =
        "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n";
    std::fs::write(package.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(package.join("main.py"), "print('hello')\n").unwrap();
    std::fs::write(package.join("lib/data.txt"), "data").unwrap();
    let archive = pack(&package).unwrap();
    let digest = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    let size = archive.len() as u64;
    let assignment = Assignment {
        lease: Lease { execution: ExecutionId::new(), epoch: 1 },
        lease_ttl_ms: 60_000,
        package: PackageRef { name: "job".into(), version_number: "1.0.0".into(), digest, size },
        runtime: "python".into(),
        entrypoint: "main.py".into(),
        command: Vec::new(),
        env: BTreeMap::new(),
        inputs: serde_json::Map::new(),
        timeout_ms: None,
        grace_ms: 0,
        limits: Default::default(),
        isolation: Default::default(),
    };
    (Shelf { archive, fetched: AtomicUsize::new(0) }, assignment)
}

fn hidden(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with('.')).count()
}

#[tokio::test]
async fn those_who_want_the_same_share_one_download() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, assignment) = shelf(folder.path());
    let cache = PackageCache::open(&folder.path().join("packages")).unwrap();
    let all = futures_util::future::join_all((0..8).map(|_| cache.fetch(&shelf, &assignment))).await;
    for fetched in all {
        assert_eq!(std::fs::read_to_string(fetched.unwrap().join("lib/data.txt")).unwrap(), "data");
    }
    assert_eq!(shelf.fetched.load(Ordering::SeqCst), 1);
    // The next agent on the same folder has it too, and nothing half done is left.
    let cache = PackageCache::open(&folder.path().join("packages")).unwrap();
    cache.fetch(&shelf, &assignment).await.unwrap();
    assert_eq!(shelf.fetched.load(Ordering::SeqCst), 1);
    assert_eq!(hidden(&folder.path().join("packages")), 0);
}

#[tokio::test]
async fn a_package_that_is_not_whole_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, assignment) = shelf(folder.path());
    let packages = folder.path().join("packages");
    let cache = PackageCache::open(&packages).unwrap();
    let unpacked = cache.fetch(&shelf, &assignment).await.unwrap();
    let breaks: [&dyn Fn(); 3] = [
        &|| std::fs::write(unpacked.join("lib/data.txt"), "").unwrap(),
        &|| std::fs::remove_file(unpacked.join("main.py")).unwrap(),
        &|| std::fs::remove_file(packages.join(format!("{}.json", assignment.package.digest))).unwrap(),
    ];
    for (n, breaks) in breaks.iter().enumerate() {
        breaks();
        cache.fetch(&shelf, &assignment).await.unwrap();
        assert_eq!(shelf.fetched.load(Ordering::SeqCst), n + 2);
        assert_eq!(std::fs::read_to_string(unpacked.join("lib/data.txt")).unwrap(), "data");
    }
    // What a run adds breaks nothing.
    std::fs::write(unpacked.join("extra"), "x").unwrap();
    cache.fetch(&shelf, &assignment).await.unwrap();
    assert_eq!(shelf.fetched.load(Ordering::SeqCst), 4);
    PackageCache::open(&packages).unwrap();
    assert_eq!(hidden(&packages), 0, "what was put aside is still there after a start");
}

#[tokio::test]
async fn nothing_is_unpacked_whose_hash_differs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shelf, assignment) = shelf(folder.path());
    *shelf.archive.last_mut().unwrap() ^= 1;
    let packages = folder.path().join("packages");
    let cache = PackageCache::open(&packages).unwrap();
    let refused = cache.fetch(&shelf, &assignment).await.unwrap_err();
    assert_eq!((refused.code(), refused.kind()), (BROKEN, ErrorKind::Unavailable));
    assert_eq!(std::fs::read_dir(&packages).unwrap().count(), 0);
}

#[tokio::test]
async fn a_digest_never_becomes_another_path() {
    let folder = tempfile::tempdir().unwrap();
    let (shelf, mut assignment) = shelf(folder.path());
    let cache = PackageCache::open(&folder.path().join("packages")).unwrap();
    for bad in ["../../etc", "", &"A".repeat(64), &"é".repeat(32)] {
        assignment.package.digest = bad.to_owned();
        assert_eq!(cache.fetch(&shelf, &assignment).await.unwrap_err().code(), "package.digest");
    }
}
