//! Blobs that count what is read of them, and that a case can hold up.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::watch;

use crate::blob::{BlobBody, BlobInfo, BlobKey, BlobPrefix, BlobStore, ListedBlob, ObjectBlobStore};
use crate::error::Result;

const PIECE: usize = 64 * 1024;

/// Blobs in memory, read in pieces.
#[derive(Clone, Debug)]
pub(super) struct MeteredBlobs {
    inner: ObjectBlobStore,
    read: Arc<AtomicU64>,
    /// Whether writes wait after their first piece.
    held: Arc<watch::Sender<bool>>,
    /// How many wait.
    waiting: Arc<watch::Sender<u32>>,
}

impl Default for MeteredBlobs {
    fn default() -> Self {
        Self {
            inner: ObjectBlobStore::memory(),
            read: Arc::default(),
            held: Arc::new(watch::Sender::new(false)),
            waiting: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl MeteredBlobs {
    /// How many bytes were read.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    /// Has writes wait after their first piece, or lets them go on.
    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Waits until a write waits.
    pub(super) async fn is_waiting(&self) {
        self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.expect("the blobs are there");
    }
}

fn pieces(content: Bytes) -> impl Iterator<Item = Bytes> {
    (0..content.len()).step_by(PIECE).map(move |at| content.slice(at..content.len().min(at + PIECE)))
}

#[async_trait]
impl BlobStore for MeteredBlobs {
    async fn put(&self, key: &BlobKey, body: Bytes) -> Result<()> {
        self.inner.put(key, body).await
    }

    async fn put_stream(
        &self,
        key: &BlobKey,
        body: BoxStream<'_, io::Result<Bytes>>,
        max_bytes: u64,
    ) -> Result<BlobInfo> {
        let body = body.and_then(async |piece| {
            self.waiting.send_modify(|waiting| *waiting += 1);
            // Whoever drops the stream while it waits leaves the number: cases look for the first alone.
            let _ = self.held.subscribe().wait_for(|held| !held).await;
            self.waiting.send_modify(|waiting| *waiting -= 1);
            Ok(piece)
        });
        self.inner.put_stream(key, body.boxed(), max_bytes).await
    }

    async fn contains(&self, key: &BlobKey) -> Result<bool> {
        self.inner.contains(key).await
    }

    async fn get(&self, key: &BlobKey) -> Result<Option<BlobBody>> {
        let Some(BlobBody { size, stream }) = self.inner.get(key).await? else { return Ok(None) };
        let read = Arc::clone(&self.read);
        let stream = stream
            .map_ok(|content| stream::iter(pieces(content).map(Ok)))
            .try_flatten()
            .inspect_ok(move |piece| {
                read.fetch_add(piece.len() as u64, Ordering::SeqCst);
            })
            .boxed();
        Ok(Some(BlobBody { size, stream }))
    }

    async fn get_range(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Bytes>> {
        let found = self.inner.get_range(key, range).await?;
        self.read.fetch_add(found.as_ref().map_or(0, |bytes| bytes.len() as u64), Ordering::SeqCst);
        Ok(found)
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.inner.delete(key).await
    }

    fn list(&self, prefix: &BlobPrefix) -> BoxStream<'static, Result<ListedBlob>> {
        self.inner.list(prefix)
    }
}
