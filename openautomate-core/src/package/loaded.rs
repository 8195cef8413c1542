//! A version in memory, for runs that need no server and for tests.

use std::collections::HashMap;
use std::io::Cursor;

use bytes::Bytes;

use super::archive::{Archive, Checked, Limits};
use super::chunk::ChunkHash;
use super::index::EncodedIndex;
use super::signature::{PackageSigner, Statement};
use crate::error::{Error, Result};
use crate::id::PackageId;
use crate::transport::PackageRef;

/// A version as a repository would keep it.
#[derive(Clone, Debug)]
pub struct LoadedVersion {
    /// What was found in its archive.
    pub checked: Checked,
    /// The digest.
    pub digest: String,
    /// The encoded index.
    pub index: Bytes,
    chunks: HashMap<ChunkHash, Bytes>,
}

impl LoadedVersion {
    /// The version of an archive. It blocks.
    ///
    /// # Errors
    /// As [`Archive::check`].
    pub fn of(archive: &[u8]) -> Result<Self> {
        let mut chunks = HashMap::new();
        let (checked, index) = Archive::cut(Cursor::new(archive), &Limits::default(), |chunk| {
            chunks.insert(chunk.hash, chunk.packed);
            Ok(())
        })?;
        let EncodedIndex { digest, bytes } = index.encode()?;
        Ok(Self { checked, digest, index: bytes.into(), chunks })
    }

    /// Packed chunks, in the order in which they are asked for.
    ///
    /// # Errors
    /// `NotFound` if it has no such chunk.
    pub fn chunks(&self, hashes: &[ChunkHash]) -> Result<Vec<Bytes>> {
        let found = hashes.iter().map(|hash| {
            let chunk = self.chunks.get(hash).cloned();
            chunk.ok_or_else(|| Error::not_found("chunk of the package", hash))
        });
        found.collect()
    }

    /// How a message names it, signed as a repository would.
    #[must_use]
    pub fn package_ref(&self, name: &str, version: &str, signer: &PackageSigner) -> PackageRef {
        let id = PackageId::new();
        let published = Statement::Published { package: id, version, digest: &self.digest };
        PackageRef {
            id,
            name: name.to_owned(),
            version_number: version.to_owned(),
            digest: self.digest.clone(),
            size: self.checked.unpacked_bytes,
            signature: signer.sign(&published),
            author: None,
        }
    }
}
