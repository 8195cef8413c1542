//! The packages on disk: fetched once, checked by hash, unpacked within limits, shared by executions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt as _;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::package::archive::{Archive, Limits};
use openautomate_core::transport::{Assignment, Transport};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::disk;
use crate::error::{Error, Result};

/// The code of the error that says that a package came whose hash differs.
pub(crate) const BROKEN: &str = "package.hash";

/// Unpacked packages by the hash of their archive: a folder, and beside it the file that says what is in it.
#[derive(Debug)]
pub(crate) struct PackageCache {
    folder: PathBuf,
    /// One lock a package, so that executions that want the same one wait for one download.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// What a whole package holds. Written last: a folder without it was left half done, and a folder that does
/// not match it was broken afterwards, by a loss of power or by a run.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    files: Vec<(String, u64)>,
}

impl PackageCache {
    /// The cache in a folder, which is made if need be; what a kill left half done is removed.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io("made", folder))?;
        for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
            let path = entry.map_err(Error::io("read", folder))?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                disk::remove(&path)?;
            }
        }
        Ok(Self { folder: folder.to_owned(), locks: Mutex::default() })
    }

    /// The folder of the package that an assignment names; fetched if it is not there, or not whole. Cancel
    /// safe: what was begun is begun anew by the next who asks.
    ///
    /// # Errors
    /// `Unavailable` with the code [`BROKEN`] if the hash of what came differs; those of
    /// [`Transport::fetch_package`] and of [`Archive::unpack`].
    pub(crate) async fn fetch(
        &self,
        transport: &dyn Transport,
        assignment: &Assignment,
    ) -> CoreResult<PathBuf> {
        let digest = assignment.package.digest.clone();
        if digest.len() != 64 || !digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(CoreError::invalid("package.digest", "the server names the package by no SHA-256"));
        }
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(digest.clone()).or_default())
        };
        let turn = lock.lock_owned().await;
        let folder = self.folder.join(&digest);
        let marker = self.folder.join(format!("{digest}.json"));
        let found = (folder.clone(), marker.clone());
        if blocking(move || Ok(is_whole(&found.0, &found.1))).await? {
            return Ok(folder);
        }
        let archive = self.folder.join(format!(".{digest}.zip"));
        let fetched = download(transport, assignment, &archive).await;
        let dest = folder.clone();
        let unpacked = blocking(move || {
            // Held to the end, also if nobody waits for it any more: nobody else unpacks meanwhile.
            let _turn = turn;
            let unpacked = fetched.and_then(|()| unpack(&archive, &dest, &marker));
            disk::remove(&archive).map_err(not_kept)?;
            unpacked
        });
        unpacked.await?;
        Ok(folder)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> CoreResult<T> + Send + 'static) -> CoreResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        CoreError::internal("package.unpack", "unpacking the package failed").with_source(error)
    })?
}

fn is_whole(folder: &Path, marker: &Path) -> bool {
    let holds = |(path, size): &(String, u64)| {
        let path = folder.join(path.split('/').collect::<PathBuf>());
        std::fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() == *size)
    };
    disk::read_whole::<Marker>(marker).is_some_and(|marker| folder.is_dir() && marker.files.iter().all(holds))
}

/// Writes the archive to a file, bounded in size, and checks its hash before a byte of it is unpacked.
async fn download(transport: &dyn Transport, assignment: &Assignment, path: &Path) -> CoreResult<()> {
    let limit = Limits::default().packed_bytes;
    let too_large = || CoreError::invalid("package.too_large", "the package is larger than the agent takes");
    let body = transport.fetch_package(assignment.lease).await?;
    // Said by the server; counted below nevertheless.
    if body.size > limit || assignment.package.size > limit {
        return Err(too_large());
    }
    let mut stream = body.stream;
    let mut file = tokio::fs::File::create(path).await.map_err(not_kept)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = stream.try_next().await? {
        size += chunk.len() as u64;
        if size > limit {
            return Err(too_large());
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(not_kept)?;
    }
    file.flush().await.map_err(not_kept)?;
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found != assignment.package.digest {
        let message = "the package that came is not the one that was published; its hash differs";
        return Err(CoreError::unavailable(BROKEN, message));
    }
    Ok(())
}

fn unpack(archive: &Path, dest: &Path, marker: &Path) -> CoreResult<()> {
    // What is there is not whole. It is put aside, since another run may still read from it; the next start
    // of the agent removes it.
    disk::remove(marker).map_err(not_kept)?;
    if dest.symlink_metadata().is_ok() {
        tracing::warn!(folder = %dest.display(), "a package in the cache is not whole; it is fetched again");
        let aside = dest.with_file_name(format!(".broken-{}", uuid::Uuid::new_v4()));
        std::fs::rename(dest, aside).map_err(not_kept)?;
    }
    let file = std::fs::File::open(archive).map_err(not_kept)?;
    let checked = Archive::unpack(std::io::BufReader::new(file), dest, &Limits::default())?;
    let files = checked.files.into_iter().map(|file| (file.path, file.size)).collect();
    disk::write_whole(marker, &Marker { files }).map_err(not_kept)
}

fn not_kept(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CoreError {
    CoreError::internal("package.io", "the package can't be kept on the agent's disk; see the agent's log")
        .with_source(error)
}

#[cfg(test)]
mod tests;
