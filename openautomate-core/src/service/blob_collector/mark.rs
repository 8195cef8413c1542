//! What versions refer to.

use std::collections::HashSet;

use crate::blob::{BlobName, BlobStore};
use crate::error::Result;
use crate::package::keep::open_index;
use crate::store::Store;

/// How many digests are read at once.
const BATCH: u32 = 500;

/// The indexes and chunks of all versions.
///
/// Kept by eight bytes of their hash, since there may be millions: two that share them are both kept.
#[derive(Debug, Default)]
pub(super) struct Marks {
    indexes: HashSet<u64>,
    chunks: HashSet<u64>,
}

impl Marks {
    /// Reads the index of every version that is committed by now.
    ///
    /// # Errors
    /// Those of [`open_index`]: without one index nobody knows what is needed.
    pub(super) async fn read(store: &dyn Store, blobs: &dyn BlobStore) -> Result<Self> {
        let mut marks = Self::default();
        let mut after = None;
        loop {
            let digests = store.digests(after.as_deref(), BATCH).await?;
            for digest in &digests {
                let index = open_index(blobs, digest).await?;
                marks.indexes.extend(short(digest));
                marks.chunks.extend(index.chunks().iter().map(|chunk| chunk.hash.short()));
            }
            if digests.len() < BATCH as usize {
                return Ok(marks);
            }
            after = digests.into_iter().next_back();
        }
    }

    /// Whether a version refers to an index or a chunk.
    pub(super) fn refer_to(&self, name: &BlobName) -> bool {
        match name {
            BlobName::Index(digest) => short(digest).is_none_or(|short| self.indexes.contains(&short)),
            BlobName::Chunk(hash) => self.chunks.contains(&hash.short()),
            _ => true,
        }
    }
}

fn short(digest: &str) -> Option<u64> {
    u64::from_str_radix(digest.get(..16)?, 16).ok()
}
