//! The chunks on disk: what came once is not fetched again, also after a fetch that broke off.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openautomate_core::error::Result as CoreResult;
use openautomate_core::package::chunk::{self, ChunkHash};

use super::not_kept;
use crate::disk;
use crate::error::{Error, Result};

/// Packed chunks in a folder, each under its name.
#[derive(Clone, Debug)]
pub(super) struct ChunkFolder {
    folder: PathBuf,
}

impl ChunkFolder {
    /// The chunks in a folder, which is made if need be. Blocks.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io("made", folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, hash: &ChunkHash) -> PathBuf {
        let name = hash.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Whether a chunk is there; what is in it is seen when it is read. Blocks.
    pub(super) fn contains(&self, hash: &ChunkHash) -> bool {
        self.path(hash).is_file()
    }

    /// Keeps a chunk, if it is the one that is named. Blocks.
    pub(super) fn keep(&self, hash: &ChunkHash, packed: &[u8]) -> CoreResult<()> {
        chunk::unpack(hash, packed)?;
        let path = self.path(hash);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(not_kept)?;
        }
        // Two may keep the same at once, each under a name of its own until then.
        let partial = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
        std::fs::write(&partial, packed).map_err(not_kept)?;
        std::fs::rename(&partial, &path).map_err(not_kept)
    }

    /// The content of a chunk. One that is damaged is removed, so that it is fetched again. Blocks.
    pub(super) fn read(&self, hash: &ChunkHash) -> CoreResult<Vec<u8>> {
        let path = self.path(hash);
        let packed = std::fs::read(&path).map_err(|_| missing())?;
        let content = chunk::unpack(hash, &packed);
        if content.is_err() {
            disk::remove(&path).map_err(not_kept)?;
        }
        content
    }

    /// Notes that a chunk was of use just now: what was not is removed first. Blocks.
    pub(super) fn touch(&self, hash: &ChunkHash) {
        disk::touch(&self.path(hash));
    }

    /// Removes the chunks that were of no use for the longest time until the rest takes no more than this.
    /// Blocks.
    pub(super) fn shrink(&self, max_bytes: u64) -> Result<()> {
        let mut found = Vec::new();
        for part in std::fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))?.flatten() {
            for file in std::fs::read_dir(part.path()).into_iter().flatten().flatten() {
                let Ok(metadata) = file.metadata() else { continue };
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((used, metadata.len(), file.path()));
            }
        }
        let mut total: u64 = found.iter().map(|(_, size, _)| size).sum();
        found.sort();
        for (_, size, path) in found {
            if total <= max_bytes {
                break;
            }
            disk::remove(&path)?;
            total -= size;
        }
        Ok(())
    }
}

fn missing() -> openautomate_core::Error {
    openautomate_core::Error::unavailable(
        "chunk.missing",
        "a chunk of the package is not on the disk any more",
    )
}

#[cfg(test)]
mod tests {
    use openautomate_core::package::chunk::Chunk;

    use super::*;

    #[test]
    fn what_is_damaged_is_not_kept_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let chunks = ChunkFolder::open(folder.path()).unwrap();
        let (one, two) = (Chunk::pack(b"one").unwrap(), Chunk::pack(b"two").unwrap());
        assert_eq!(chunks.keep(&one.hash, &two.packed).unwrap_err().code(), "chunk.damaged");
        assert!(!chunks.contains(&one.hash));
        chunks.keep(&one.hash, &one.packed).unwrap();
        assert_eq!(chunks.read(&one.hash).unwrap(), b"one");
        std::fs::write(chunks.path(&one.hash), &two.packed).unwrap();
        assert_eq!(chunks.read(&one.hash).unwrap_err().code(), "chunk.damaged");
        assert!(!chunks.contains(&one.hash), "it is fetched again");
    }

    #[test]
    fn what_was_of_no_use_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let chunks = ChunkFolder::open(folder.path()).unwrap();
        let all: Vec<_> = (0..4_u8).map(|n| Chunk::pack(&[n; 100]).unwrap()).collect();
        for (age, chunk) in all.iter().enumerate() {
            chunks.keep(&chunk.hash, &chunk.packed).unwrap();
            let file = std::fs::File::options().append(true).open(chunks.path(&chunk.hash)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64)).unwrap();
        }
        chunks.touch(&all[0].hash);
        chunks.shrink(all[0].packed.len() as u64 * 2).unwrap();
        let left: Vec<bool> = all.iter().map(|chunk| chunks.contains(&chunk.hash)).collect();
        assert_eq!(left, [true, false, false, true]);
    }
}
