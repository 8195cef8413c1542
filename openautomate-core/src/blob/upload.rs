//! One blob on its way into an object store, in parts.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, Result};
use tokio::task::JoinSet;

/// Parts that may be under way at once.
const MAX_PARTS: usize = 4;
/// Services take no smaller part but the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;
/// Services take ten thousand.
const PARTS_OF_A_BLOB: u64 = 9_000;

/// A blob that is being written; what fits one part becomes one request.
///
/// Dropped before it is finished it is aborted: services keep the parts of one that was forgotten, and charge
/// for them.
pub(super) struct Upload {
    objects: Arc<dyn ObjectStore>,
    path: ObjectPath,
    part_bytes: usize,
    buffer: BytesMut,
    parts: Option<Parts>,
}

impl Upload {
    pub(super) fn new(objects: Arc<dyn ObjectStore>, path: ObjectPath, max_bytes: u64) -> Self {
        let part_bytes = (max_bytes / PARTS_OF_A_BLOB).clamp(MIN_PART_BYTES, MAX_PART_BYTES);
        let part_bytes = usize::try_from(part_bytes).unwrap_or(usize::MAX);
        Self { objects, path, part_bytes, buffer: BytesMut::new(), parts: None }
    }

    /// Takes more of the content; waits while as many parts are under way as may be.
    pub(super) async fn write(&mut self, mut content: &[u8]) -> Result<()> {
        while !content.is_empty() {
            let taken = content.len().min(self.part_bytes - self.buffer.len());
            // Copied, as a small piece may hold a large buffer of the network's.
            self.buffer.extend_from_slice(&content[..taken]);
            content = &content[taken..];
            if self.buffer.len() == self.part_bytes {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Publishes the blob.
    pub(super) async fn finish(mut self) -> Result<()> {
        if self.parts.is_none() {
            let content = self.buffer.split().freeze();
            self.objects.put(&self.path, PutPayload::from_bytes(content)).await?;
            return Ok(());
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        match &mut self.parts {
            Some(parts) => parts.complete().await,
            None => Ok(()),
        }
    }

    /// Clears away what was written.
    pub(super) async fn abort(mut self) -> Result<()> {
        match self.parts.take() {
            Some(mut parts) => parts.abort().await,
            None => Ok(()),
        }
    }

    async fn send_part(&mut self) -> Result<()> {
        let part = self.buffer.split().freeze();
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(Parts::new(self.objects.put_multipart(&self.path).await?)),
        };
        parts.put(part).await
    }
}

struct Parts {
    /// Gone once it was completed or aborted.
    upload: Option<Box<dyn MultipartUpload>>,
    under_way: JoinSet<Result<()>>,
}

impl Parts {
    fn new(upload: Box<dyn MultipartUpload>) -> Self {
        Self { upload: Some(upload), under_way: JoinSet::new() }
    }

    async fn put(&mut self, part: Bytes) -> Result<()> {
        self.wait_below(MAX_PARTS).await?;
        if let Some(upload) = &mut self.upload {
            self.under_way.spawn(upload.put_part(PutPayload::from_bytes(part)));
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<()> {
        self.wait_below(1).await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
            self.upload = None;
        }
        Ok(())
    }

    async fn wait_below(&mut self, most: usize) -> Result<()> {
        while self.under_way.len() >= most {
            match self.under_way.join_next().await {
                Some(Ok(sent)) => sent?,
                Some(Err(source)) => return Err(object_store::Error::JoinError { source }),
                None => break,
            }
        }
        Ok(())
    }

    async fn abort(&mut self) -> Result<()> {
        let Some(mut upload) = self.upload.take() else { return Ok(()) };
        // A part that arrived after the abort would stay.
        self.under_way.shutdown().await;
        upload.abort().await
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        let mut parts = Self { upload: Some(upload), under_way: std::mem::take(&mut self.under_way) };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nobody is left to do it; this one must not come here again.
            drop(parts.upload.take());
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%error, "the parts of an unfinished blob could not be cleared away");
            }
        });
    }
}
