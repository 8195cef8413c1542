//! The index of a version: which files it holds, and which chunks their contents put together make.
//!
//! The contents stand one after the other, in the order of the paths, and the whole is cut into chunks. The
//! SHA-256 of the encoded index is the digest of the version: it names every byte of it, whoever packed it
//! and however.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::archive::Limits;
use super::archive::name::{self, Tree};
use super::chunk::{self, Chunk, ChunkHash};
use crate::error::{Error, Result};

/// What this program writes and reads.
const FORMAT: u32 = 1;
/// No index is larger, in bytes: twenty thousand files with long paths, and a gibibyte in chunks.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFile {
    /// Its path, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it may be executed, where the system has such a thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

/// A chunk of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexChunk {
    /// Its name.
    pub hash: ChunkHash,
    /// The size of its content in bytes.
    pub size: u32,
}

impl From<&Chunk> for IndexChunk {
    fn from(chunk: &Chunk) -> Self {
        Self { hash: chunk.hash, size: chunk.size }
    }
}

/// What a version holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageIndex {
    format: u32,
    files: Vec<IndexFile>,
    chunks: Vec<IndexChunk>,
}

/// An index as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedIndex {
    /// SHA-256 of `bytes`, in lower-case hex.
    pub digest: String,
    /// JSON.
    pub bytes: Vec<u8>,
}

impl PackageIndex {
    /// An index of files, sorted by path, and chunks, in their order.
    pub(super) fn new(files: Vec<IndexFile>, chunks: Vec<IndexChunk>) -> Self {
        Self { format: FORMAT, files, chunks }
    }

    /// The files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[IndexFile] {
        &self.files
    }

    /// The chunks, in their order; one may be there more than once.
    #[must_use]
    pub fn chunks(&self) -> &[IndexChunk] {
        &self.chunks
    }

    /// The bytes of all files.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The index as it is kept and sent; the same bytes for the same index.
    ///
    /// # Errors
    /// `Internal`; JSON can say all of it.
    pub fn encode(&self) -> Result<EncodedIndex> {
        let bytes = serde_json::to_vec(self).map_err(|error| {
            Error::internal("index.encode", "the index of a package can't be written").with_source(error)
        })?;
        Ok(EncodedIndex { digest: hex::encode(Sha256::digest(&bytes)), bytes })
    }

    /// Reads an index that came from outside. It is believed only if it is the one with this digest, and even
    /// then its names and sizes are held to the limits.
    ///
    /// # Errors
    /// `Unavailable` with `index.damaged` if it is another one; `Invalid` with a code `package.*` or
    /// `index.format` if no version may be like that.
    pub fn decode(bytes: &[u8], digest: &str, limits: &Limits) -> Result<Self> {
        if bytes.len() > MAX_BYTES || hex::encode(Sha256::digest(bytes)) != digest {
            let message = "the index of the package is not the one that was published; its hash differs";
            return Err(Error::unavailable("index.damaged", message));
        }
        let index: Self = serde_json::from_slice(bytes).map_err(|error| {
            Error::invalid("index.format", "the index of the package can't be read").with_source(error)
        })?;
        index.check(limits)?;
        Ok(index)
    }

    fn check(&self, limits: &Limits) -> Result<()> {
        let wrong =
            |why: &str| Err(Error::invalid("index.format", format!("the index of the package {why}")));
        if self.format != FORMAT {
            return wrong("is of another format; install the agent of the server's release");
        }
        if self.files.len() > limits.entries {
            return wrong("holds too many files");
        }
        if !self.files.is_sorted_by(|left, right| left.path < right.path) {
            return wrong("is not sorted");
        }
        let mut tree = Tree::default();
        for file in &self.files {
            name::check(&file.path, limits.path_bytes, limits.depth)?;
            tree.add(&file.path, false)?;
        }
        if self.chunks.iter().any(|chunk| chunk.size == 0 || chunk.size as usize > chunk::MAX_BYTES) {
            return wrong("has a chunk of an impossible size");
        }
        let total = self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size));
        let in_chunks: u64 = self.chunks.iter().map(|chunk| u64::from(chunk.size)).sum();
        match total {
            Some(total) if total > limits.unpacked_bytes => wrong("holds too many bytes"),
            Some(total) if total == in_chunks => Ok(()),
            _ => wrong("has files and chunks of different sizes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> IndexFile {
        IndexFile { path: path.to_owned(), size, executable: false }
    }

    fn chunk(size: u32) -> IndexChunk {
        IndexChunk { hash: ChunkHash::of(&size.to_be_bytes()), size }
    }

    fn decoded(index: &PackageIndex) -> Result<PackageIndex> {
        let EncodedIndex { digest, bytes } = index.encode().unwrap();
        PackageIndex::decode(&bytes, &digest, &Limits::default())
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        let tool = IndexFile { executable: true, ..file("bin/tool", 3) };
        let index = PackageIndex::new(vec![file("a.py", 4), tool], vec![chunk(7)]);
        assert_eq!(decoded(&index).unwrap(), index);
        assert_eq!(index.content_bytes(), 7);
        assert_eq!(decoded(&PackageIndex::new(Vec::new(), Vec::new())).unwrap().content_bytes(), 0);
    }

    #[test]
    fn another_index_is_not_taken_for_it() {
        let EncodedIndex { digest, mut bytes } =
            PackageIndex::new(vec![file("a.py", 4)], vec![chunk(4)]).encode().unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let refused = PackageIndex::decode(&bytes, &digest, &Limits::default()).unwrap_err();
        assert_eq!(refused.code(), "index.damaged");
    }

    #[test]
    fn what_no_version_may_be_is_refused() {
        let limits = Limits::default();
        let chunks_of = |size: u64| {
            let whole = std::iter::repeat_n(chunk(256 * 1024), usize::try_from(size / (256 * 1024)).unwrap());
            whole.collect::<Vec<_>>()
        };
        let too_large = limits.unpacked_bytes + 256 * 1024;
        for (files, chunks) in [
            (vec![file("../a", 1)], vec![chunk(1)]),
            (vec![file("/a", 1)], vec![chunk(1)]),
            (vec![file("C:/a", 1)], vec![chunk(1)]),
            (vec![file("a\\b", 1)], vec![chunk(1)]),
            (vec![file("NUL", 1)], vec![chunk(1)]),
            (vec![file("a", 1), file("a", 1)], vec![chunk(2)]),
            (vec![file("b", 1), file("a", 1)], vec![chunk(2)]),
            (vec![file("A", 1), file("a", 1)], vec![chunk(2)]),
            (vec![file("a", 1), file("a/b", 1)], vec![chunk(2)]),
            (vec![file("a", 2)], vec![chunk(1)]),
            (vec![file("a", u64::MAX), file("b", 2)], vec![chunk(1)]),
            (vec![file("a", 0)], vec![chunk(0)]),
            (vec![file("a", 300_000)], vec![chunk(300_000)]),
            (vec![file("a", too_large)], chunks_of(too_large)),
            ((0..20_001).map(|n| file(&format!("{n:05}"), 0)).collect(), Vec::new()),
        ] {
            let refused = decoded(&PackageIndex::new(files.clone(), chunks)).unwrap_err();
            let code = refused.code();
            let shown = files.first().map(|file| &file.path);
            assert!(code.starts_with("package.") || code == "index.format", "{shown:?}: {code}");
        }
        let other = PackageIndex { format: 2, files: Vec::new(), chunks: Vec::new() };
        assert_eq!(decoded(&other).unwrap_err().code(), "index.format");
    }
}
