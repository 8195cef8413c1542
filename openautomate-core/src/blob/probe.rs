//! Whether a blob store can be used at all.

use bytes::Bytes;
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::{BlobName, BlobStore};
use crate::error::{Error, Result};

/// Writes, reads and deletes a blob, to find out before anybody else does whether that goes well.
///
/// # Errors
/// Those of the store; `Unavailable` with `blob.storage` if it does not give what it was given.
pub async fn probe(blobs: &dyn BlobStore) -> Result<()> {
    let key = BlobName::Probe(Uuid::now_v7()).key();
    let written = Bytes::from(key.to_string());
    blobs.put(&key, written.clone()).await?;
    let differs = || {
        let message = "the storage of packages and artifacts does not give back what was written to it";
        Error::unavailable("blob.storage", message)
    };
    let mut body = blobs.get(&key).await?.ok_or_else(differs)?;
    let mut read = Vec::new();
    while let Some(piece) = body.stream.next().await {
        read.extend_from_slice(&piece?);
        if read.len() > written.len() {
            break;
        }
    }
    if read != written {
        return Err(differs());
    }
    blobs.delete(&key).await
}

#[cfg(test)]
mod tests {
    use super::super::ObjectBlobStore;
    use super::*;

    #[tokio::test]
    async fn a_probe_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blobs");
        let blobs = ObjectBlobStore::local(&path).unwrap();
        probe(&blobs).await.unwrap();
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert_eq!(probe(&blobs).await.unwrap_err().kind(), crate::ErrorKind::Unavailable);
    }
}
