//! The packages on disk: fetched chunk by chunk, checked by hash, put together once, shared by executions.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use futures_util::StreamExt as _;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::package::archive::Limits;
use openautomate_core::package::assemble::assemble;
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::index::PackageIndex;
use openautomate_core::transport::{MAX_CHUNKS, PackageGrant, PackageRef, Transport};

use crate::disk;
use crate::error::{Error, Result};

mod chunks;
mod whole;

use chunks::ChunkFolder;
use whole::{Stamps, is_genuine, stamps};

/// The default of how much packages and chunks may take on disk, each, in bytes.
pub(crate) const DEFAULT_CACHE_BYTES: u64 = 10 * 1024 * 1024 * 1024;
/// The ending of the file beside a package's folder that says what is in it. Written last: a folder without it
/// was left half done.
const INDEX: &str = "index";

/// Unpacked packages by their digest: a folder each, and beside it the index.
#[derive(Debug)]
pub(crate) struct PackageCache {
    folder: PathBuf,
    chunks: ChunkFolder,
    max_bytes: u64,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// One lock a package, so that executions that want the same one wait for one download.
    locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
    /// What was found genuine, and how it looked then.
    genuine: HashMap<String, Genuine>,
    /// How many use a package.
    uses: HashMap<String, usize>,
}

/// A package that was read and found genuine.
#[derive(Debug)]
struct Genuine {
    index: Arc<PackageIndex>,
    stamps: Stamps,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A package on disk. It is not removed before this is dropped.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its folder.
    pub(crate) folder: PathBuf,
    digest: String,
    shared: Arc<Mutex<Shared>>,
}

impl Package {
    fn lease(shared: &Arc<Mutex<Shared>>, folder: PathBuf, digest: String) -> Self {
        *lock(shared).uses.entry(digest.clone()).or_default() += 1;
        Self { folder, digest, shared: Arc::clone(shared) }
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        if let Some(uses) = shared.uses.get_mut(&self.digest) {
            *uses -= 1;
            if *uses == 0 {
                shared.uses.remove(&self.digest);
            }
        }
    }
}

impl PackageCache {
    /// The cache in a folder, which is made if need be; what a kill left half done is removed. Blocks.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<Self> {
        let packages = folder.join("packages");
        std::fs::create_dir_all(&packages).map_err(Error::io("made", &packages))?;
        for entry in std::fs::read_dir(&packages).map_err(Error::io("read", &packages))? {
            let path = entry.map_err(Error::io("read", &packages))?.path();
            let is_whole = match path.extension() {
                Some(extension) => extension == INDEX && path.with_extension("").is_dir(),
                None => path.with_extension(INDEX).is_file(),
            };
            if !is_whole {
                disk::remove(&path)?;
            }
        }
        let chunks = ChunkFolder::open(&folder.join("chunks"))?;
        Ok(Self { folder: packages, chunks, max_bytes, shared: Arc::default() })
    }

    /// The folder of a package; fetched if it is not there, or is not what was published any more. The caller
    /// has checked its signature. Cancel safe: what was begun is gone on with by the next who asks.
    ///
    /// # Errors
    /// `Unavailable` if what came is not what was published, or the server can't be reached: try again; those
    /// of [`Transport::fetch_index`] and of [`PackageIndex::decode`].
    pub(crate) async fn fetch(
        &self,
        transport: &dyn Transport,
        grant: PackageGrant,
        package: &PackageRef,
    ) -> CoreResult<Package> {
        let digest = package.digest.clone();
        if digest.len() != 64 || !digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(CoreError::invalid("package.digest", "the server names the package by no SHA-256"));
        }
        let turn = Arc::clone(lock(&self.shared).locks.entry(digest.clone()).or_default());
        let turn = turn.lock_owned().await;
        // From here on nobody removes it.
        let leased = Package::lease(&self.shared, self.folder.join(&digest), digest.clone());
        let place = Place::of(&leased.folder);
        let (found, shared) = (place.clone(), Arc::clone(&self.shared));
        if blocking(move || Ok(found.is_whole(&shared))).await? {
            return Ok(leased);
        }
        let index = transport.fetch_index(grant).await?;
        let limits = Limits::default();
        let decoded = {
            let index = index.clone();
            blocking(move || PackageIndex::decode(&index, &digest, &limits).map(Arc::new)).await?
        };
        self.fetch_chunks(transport, grant, &decoded).await?;
        let (chunks, shared, max_bytes) = (self.chunks.clone(), Arc::clone(&self.shared), self.max_bytes);
        blocking(move || {
            // Held to the end, also if nobody waits for it any more: nobody else does the same meanwhile.
            let _turn = turn;
            place.put_together(&decoded, &index, &chunks, &shared)?;
            shrink(&place.folder, &shared, max_bytes);
            chunks.shrink(max_bytes).map_err(not_kept)
        })
        .await?;
        Ok(leased)
    }

    /// Fetches the chunks that are not there; each is kept as it comes, so that a fetch that breaks off is not
    /// begun anew.
    async fn fetch_chunks(
        &self,
        transport: &dyn Transport,
        grant: PackageGrant,
        index: &PackageIndex,
    ) -> CoreResult<()> {
        let all: Vec<ChunkHash> = index.chunks().iter().map(|chunk| chunk.hash).collect();
        let chunks = self.chunks.clone();
        let missing = blocking(move || {
            let mut seen = HashSet::new();
            Ok(all
                .into_iter()
                .filter(|hash| seen.insert(*hash) && !chunks.contains(hash))
                .collect::<Vec<_>>())
        });
        for part in missing.await?.chunks(MAX_CHUNKS) {
            let mut stream = transport.fetch_chunks(grant, part).await?;
            for hash in part {
                let packed = stream.next().await.ok_or_else(|| {
                    CoreError::unavailable("package.interrupted", "the package broke off; it is gone on with")
                })??;
                let (chunks, hash) = (self.chunks.clone(), *hash);
                blocking(move || chunks.keep(&hash, &packed)).await?;
            }
        }
        Ok(())
    }
}

/// Where a package lies.
#[derive(Clone, Debug)]
struct Place {
    folder: PathBuf,
    digest: String,
}

impl Place {
    fn of(folder: &Path) -> Self {
        let digest = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder: folder.to_owned(), digest }
    }

    fn index(&self) -> PathBuf {
        self.folder.with_extension(INDEX)
    }

    /// Whether the package is there as it was published. All of it is read the first time, and when the system
    /// says that a file was touched since.
    fn is_whole(&self, shared: &Mutex<Shared>) -> bool {
        let known = lock(shared).genuine.get(&self.digest).map(|known| Arc::clone(&known.index));
        let Some(index) = known.or_else(|| self.read_index()) else { return false };
        let Some(now) = stamps(&self.folder, &index) else { return false };
        let is_as_before = |known: &Genuine| known.stamps == now;
        if self.index().is_file() && lock(shared).genuine.get(&self.digest).is_some_and(is_as_before) {
            return true;
        }
        // Also if the index is gone by now: then nothing says what the next start shall find.
        let is_genuine = self.read_index().is_some() && is_genuine(&self.folder, &index);
        if is_genuine {
            lock(shared).genuine.insert(self.digest.clone(), Genuine { index, stamps: now });
            // Which packages were of no use for long is told by it.
            disk::touch(&self.index());
        }
        is_genuine
    }

    fn read_index(&self) -> Option<Arc<PackageIndex>> {
        let bytes = std::fs::read(self.index()).ok()?;
        PackageIndex::decode(&bytes, &self.digest, &Limits::default()).ok().map(Arc::new)
    }

    fn put_together(
        &self,
        index: &Arc<PackageIndex>,
        encoded: &[u8],
        chunks: &ChunkFolder,
        shared: &Mutex<Shared>,
    ) -> CoreResult<()> {
        // What is there is not whole. It is put aside, since another run may still read from it; the next start
        // of the agent removes it.
        disk::remove(&self.index()).map_err(not_kept)?;
        if self.folder.symlink_metadata().is_ok() {
            tracing::warn!(folder = %self.folder.display(), "a package in the cache is not whole; it is made again");
            let aside = self.folder.with_file_name(format!(".broken-{}", uuid::Uuid::new_v4()));
            std::fs::rename(&self.folder, aside).map_err(not_kept)?;
        }
        assemble(index, &self.folder, |hash| chunks.read(hash))?;
        index.chunks().iter().for_each(|chunk| chunks.touch(&chunk.hash));
        disk::write_bytes(&self.index(), encoded).map_err(not_kept)?;
        if let Some(stamps) = stamps(&self.folder, index) {
            let index = Arc::clone(index);
            lock(shared).genuine.insert(self.digest.clone(), Genuine { index, stamps });
        }
        Ok(())
    }
}

/// Removes packages that nobody uses, those first that were of no use for the longest time, until the rest takes
/// no more than this beside the one that was put together just now. Best effort.
fn shrink(newest: &Path, shared: &Mutex<Shared>, max_bytes: u64) {
    let Some(parent) = newest.parent() else { return };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != INDEX) {
            continue;
        }
        let place = Place::of(&path.with_extension(""));
        let used =
            entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let size = place.read_index().map_or(0, |index| index.content_bytes());
        found.push((used, size, place));
    }
    found.sort_by_key(|(used, ..)| *used);
    let mut total: u64 = found.iter().map(|(_, size, _)| size).sum();
    for (_, size, place) in found {
        if total <= max_bytes {
            return;
        }
        let mut shared = lock(shared);
        if shared.uses.contains_key(&place.digest) {
            continue;
        }
        shared.genuine.remove(&place.digest);
        // Under the lock: whoever wants it now waits, and finds that it is gone.
        let removed = disk::remove(&place.index()).and_then(|()| disk::remove(&place.folder));
        if let Err(error) = removed {
            tracing::warn!(%error, "a package that nobody uses stays on disk");
        }
        total -= size;
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> CoreResult<T> + Send + 'static) -> CoreResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        CoreError::internal("package.unpack", "unpacking the package failed").with_source(error)
    })?
}

fn not_kept(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CoreError {
    CoreError::internal("package.io", "the package can't be kept on the agent's disk; see the agent's log")
        .with_source(error)
}

#[cfg(test)]
mod tests;
