//! Blobs in any store that the `object_store` crate reaches.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::SubsecRound as _;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{Error as ObjectError, ObjectStore, ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};

use super::upload::Upload;
use super::{BlobBody, BlobInfo, BlobKey, BlobName, BlobPrefix, BlobStore, ListedBlob, platform};
use crate::error::{Error, Result};

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
        let mut upload = Upload::new(Arc::clone(&self.objects), path(key), max_bytes);
        match write_all(&mut upload, &mut body, max_bytes).await {
            Ok(info) => {
                upload.finish().await.map_err(failed)?;
                Ok(info)
            }
            Err(error) => {
                if let Err(abort) = upload.abort().await {
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

    async fn get_range(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Bytes>> {
        match self.objects.get_range(&path(key), range.clone()).await {
            // Some storages give what there is.
            Ok(bytes) if bytes.len() as u64 == range.end.saturating_sub(range.start) => Ok(Some(bytes)),
            Ok(_) => {
                let message = "a blob ends before it should; put it back from a backup";
                Err(Error::unavailable("blob.short", message))
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

    fn list(&self, prefix: &BlobPrefix) -> BoxStream<'static, Result<ListedBlob>> {
        let found = self.objects.list(Some(&ObjectPath::from(prefix.to_string())));
        found
            .try_filter_map(async |object| {
                let named = BlobName::parse(object.location.as_ref());
                Ok(named.map(|name| ListedBlob {
                    name,
                    size: object.size,
                    written_at: object.last_modified.trunc_subsecs(6),
                }))
            })
            .map_err(failed)
            .boxed()
    }
}

async fn write_all(
    upload: &mut Upload,
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
        upload.write(&chunk).await.map_err(failed)?;
    }
    Ok(BlobInfo { size, sha256: hex::encode(hash.finalize()) })
}

fn path(key: &BlobKey) -> ObjectPath {
    ObjectPath::from(key.as_str())
}

fn failed(error: ObjectError) -> Error {
    let (code, message) = match error {
        ObjectError::PermissionDenied { .. } | ObjectError::Unauthenticated { .. } => (
            "blob.refused",
            "the storage of packages and artifacts refuses the credentials of the server; see what it was given, and its rights to read, write, list and delete there",
        ),
        ObjectError::NotFound { .. } => (
            "blob.no_storage",
            "the storage of packages and artifacts is not there; see whether the bucket or the folder exists",
        ),
        _ => ("blob.storage", "the storage of packages and artifacts did not do it; try again"),
    };
    Error::unavailable(code, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

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
