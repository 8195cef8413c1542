//! Blobs in any store that the `object_store` crate reaches.

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{Error as ObjectError, ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use sha2::{Digest as _, Sha256};

use super::{BlobBody, BlobInfo, BlobKey, BlobStore, platform};
use crate::error::{Error, Result};

/// Parts of a streamed blob that may be under way at once.
const MAX_PARTS: usize = 4;

/// A [`BlobStore`] over an [`ObjectStore`].
#[derive(Clone, Debug)]
pub struct ObjectBlobStore {
    objects: Arc<dyn ObjectStore>,
}

impl ObjectBlobStore {
    /// Blobs in a local folder, which is made if it does not exist, on Unix for this user alone.
    ///
    /// A write is on disk, with the folder entry that names it, before it returns. A crash in the middle of
    /// one leaves a file `NAME#NUMBER`, which no key ever reads.
    ///
    /// # Errors
    /// `Internal` if the folder can't be made or opened.
    pub fn local(path: impl AsRef<Path>) -> Result<Self> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            let message = format!("the folder {} for blobs can't be made or opened", path.as_ref().display());
            Error::internal("blob.folder", message).with_source(source)
        };
        platform::create_private_dir(path.as_ref()).map_err(|error| failed(error.into()))?;
        let objects =
            LocalFileSystem::new_with_prefix(path.as_ref()).map_err(|error| failed(error.into()))?;
        // Empty folders go with their last file, as those of executions would pile up.
        Ok(Self::from_store(Arc::new(objects.with_fsync(true).with_automatic_cleanup(true))))
    }

    /// Blobs in memory, for tests and trials.
    #[must_use]
    pub fn memory() -> Self {
        Self::from_store(Arc::new(InMemory::new()))
    }

    /// Blobs in a store that the caller configured.
    ///
    /// It must publish a write whole and durably, as the large object services do.
    #[must_use]
    pub fn from_store(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects }
    }
}

#[async_trait]
impl BlobStore for ObjectBlobStore {
    async fn put(&self, key: &BlobKey, body: Bytes) -> Result<()> {
        self.objects.put(&path(key), PutPayload::from_bytes(body)).await.map_err(failed)?;
        Ok(())
    }

    async fn put_stream(
        &self,
        key: &BlobKey,
        mut body: BoxStream<'_, io::Result<Bytes>>,
        max_bytes: u64,
    ) -> Result<BlobInfo> {
        let upload = self.objects.put_multipart(&path(key)).await.map_err(failed)?;
        // Dropping it unfinished, as cancelling this call does, publishes nothing.
        let mut writer = WriteMultipart::new(upload);
        let written = write_all(&mut writer, &mut body, max_bytes).await;
        match written {
            Ok(info) => {
                writer.finish().await.map_err(failed)?;
                Ok(info)
            }
            Err(error) => {
                if let Err(abort) = writer.abort().await {
                    tracing::warn!(%key, error = %abort, "an unfinished blob could not be cleared away");
                }
                Err(error)
            }
        }
    }

    async fn contains(&self, key: &BlobKey) -> Result<bool> {
        match self.objects.head(&path(key)).await {
            Ok(_) => Ok(true),
            Err(ObjectError::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<BlobBody>> {
        match self.objects.get(&path(key)).await {
            Ok(found) => {
                let size = found.meta.size;
                Ok(Some(BlobBody { size, stream: found.into_stream().map_err(failed).boxed() }))
            }
            Err(ObjectError::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        match self.objects.delete(&path(key)).await {
            Ok(()) | Err(ObjectError::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

async fn write_all(
    writer: &mut WriteMultipart,
    body: &mut BoxStream<'_, io::Result<Bytes>>,
    max_bytes: u64,
) -> Result<BlobInfo> {
    let (mut size, mut hash) = (0_u64, Sha256::new());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            Error::unavailable("blob.interrupted", "the upload broke off; send the file again")
                .with_source(error)
        })?;
        size += chunk.len() as u64;
        if size > max_bytes {
            return Err(Error::new(
                crate::error::ErrorKind::QuotaExceeded,
                "blob.too_large",
                format!(
                    "the file is larger than {max_bytes} bytes; make it smaller, or ask for a higher limit"
                ),
            ));
        }
        hash.update(&chunk);
        writer.wait_for_capacity(MAX_PARTS).await.map_err(failed)?;
        writer.put(chunk);
    }
    Ok(BlobInfo { size, sha256: hex::encode(hash.finalize()) })
}

fn path(key: &BlobKey) -> ObjectPath {
    ObjectPath::from(key.as_str())
}

fn failed(error: ObjectError) -> Error {
    Error::unavailable("blob.storage", "the storage of packages and artifacts did not do it; try again")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::error::ErrorKind;
    use crate::id::{ArtifactId, ExecutionId};

    fn key() -> BlobKey {
        BlobKey::artifact(ExecutionId::new(), ArtifactId::new())
    }

    fn stores() -> (tempfile::TempDir, [ObjectBlobStore; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let local = ObjectBlobStore::local(folder.path().join("deep/blobs")).unwrap();
        (folder, [local, ObjectBlobStore::memory()])
    }

    async fn read(store: &ObjectBlobStore, key: &BlobKey) -> Option<Vec<u8>> {
        let body = store.get(key).await.unwrap()?;
        let content = body.stream.try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        let content = content.await.unwrap();
        assert_eq!(content.len() as u64, body.size);
        Some(content)
    }

    fn files_below(folder: &Path) -> usize {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|item| item.unwrap().path())
            .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
            .sum()
    }

    #[tokio::test]
    async fn what_was_put_is_read_replaced_and_deleted() {
        let (_folder, stores) = stores();
        for store in stores {
            let key = key();
            assert!(read(&store, &key).await.is_none());
            for content in ["one", "one", "another"] {
                store.put(&key, Bytes::from(content)).await.unwrap();
                assert_eq!(read(&store, &key).await.unwrap(), content.as_bytes());
            }
            store.delete(&key).await.unwrap();
            store.delete(&key).await.unwrap();
            assert!(read(&store, &key).await.is_none());
        }
    }

    #[tokio::test]
    async fn a_stream_is_written_whole() {
        let (_folder, stores) = stores();
        for store in stores {
            // More than one part, and chunks that don't fit the parts.
            let chunk = Bytes::from((0..1_000_003_u32).map(|n| n.to_le_bytes()[0]).collect::<Vec<_>>());
            let whole: Vec<u8> = chunk.repeat(11);
            let key = key();
            let body = stream::iter(std::iter::repeat_n(chunk, 11).map(Ok)).boxed();
            let info = store.put_stream(&key, body, whole.len() as u64).await.unwrap();
            assert_eq!(info.size, whole.len() as u64);
            assert_eq!(info.sha256, hex::encode(Sha256::digest(&whole)));
            assert!(read(&store, &key).await.unwrap() == whole);

            let empty = store.put_stream(&key, stream::empty().boxed(), 0).await.unwrap();
            assert_eq!(empty.size, 0);
            assert_eq!(read(&store, &key).await.unwrap(), b"");
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_of_what_is_too_large_or_breaks_off() {
        let (folder, stores) = stores();
        for store in stores {
            let key = key();
            let chunks = || vec![Ok(Bytes::from(vec![7; 3_000_000])), Ok(Bytes::from(vec![7; 3_000_000]))];
            let error = store.put_stream(&key, stream::iter(chunks()).boxed(), 5_999_999).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::QuotaExceeded, "blob.too_large"));
            let mut broken = chunks();
            broken.push(Err(io::ErrorKind::ConnectionReset.into()));
            let error = store.put_stream(&key, stream::iter(broken).boxed(), u64::MAX).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "blob.interrupted"));
            assert!(read(&store, &key).await.is_none());
        }
        assert_eq!(files_below(folder.path()), 0);
    }

    #[tokio::test]
    async fn a_blob_is_not_seen_while_it_is_written() {
        let (_folder, stores) = stores();
        for store in stores {
            let key = key();
            let seen = store.clone();
            let watched = key.clone();
            let chunks = stream::iter(0..12).then(move |_| {
                let (seen, watched) = (seen.clone(), watched.clone());
                async move {
                    assert!(seen.get(&watched).await.unwrap().is_none());
                    Ok(Bytes::from(vec![1; 1_000_000]))
                }
            });
            store.put_stream(&key, chunks.boxed(), u64::MAX).await.unwrap();
            assert_eq!(read(&store, &key).await.unwrap().len(), 12_000_000);
        }
    }

    #[tokio::test]
    async fn a_dropped_write_leaves_nothing_to_see() {
        let (_folder, stores) = stores();
        for store in stores {
            let key = key();
            let endless = stream::iter([Ok(Bytes::from_static(b"begin"))]).chain(stream::pending());
            let write = store.put_stream(&key, endless.boxed(), u64::MAX);
            assert!(tokio::time::timeout(std::time::Duration::from_millis(20), write).await.is_err());
            assert!(read(&store, &key).await.is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blobs");
        ObjectBlobStore::local(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
