//! Taking in blobs that a commit will name, and dropping those that none does.

use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::Orchestrator;
use crate::blob::{BlobInfo, BlobKey};
use crate::error::{Error, Result};

impl Orchestrator {
    /// Writes a blob that is committed right after. It may not take so long that the blob collector takes it for one
    /// that nobody will ever name.
    ///
    /// # Errors
    /// Those of [`put_stream`](crate::blob::BlobStore::put_stream); `Unavailable` with `blob.slow` after half of the
    /// grace period.
    pub(super) async fn take_in(
        &self,
        key: &BlobKey,
        body: BoxStream<'_, io::Result<Bytes>>,
        most: u64,
    ) -> Result<BlobInfo> {
        let within = self.settings().blob_deadline();
        let begun = self.clock().now();
        let too_slow = || Error::unavailable("blob.slow", "the upload took too long; send it again, faster");
        let written = tokio::time::timeout(within, self.blobs().put_stream(key, body, most));
        let info = written.await.map_err(|_| too_slow())??;
        // By the wall clock, too: the other one stands still while the machine sleeps.
        if (self.clock().now() - begun).to_std().unwrap_or_default() > within {
            self.drop_blob(key).await;
            return Err(too_slow());
        }
        Ok(info)
    }

    pub(crate) async fn drop_blob(&self, key: &BlobKey) {
        if let Err(error) = self.blobs().delete(key).await {
            tracing::warn!(%error, "a blob that nothing names any more could not be removed; it is collected later");
        }
    }
}
