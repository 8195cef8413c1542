//! What a suite needs of the store, or the blob store, that it looks at.

use std::sync::Arc;

use async_trait::async_trait;

use crate::blob::BlobStore;
use crate::store::Store;

/// A store under test with data of its own.
///
/// # Contract
/// - `open` gives an empty store that shares nothing with any other fixture, so cases run side by side.
/// - `store` and `peer` work on the same data; `peer` is a second server with connections of its own.
/// - `reopen` stops the store, cleanly or not, and opens it again on the same data.
///
/// A fixture panics where it can't do these things: a missing database is a failure, not a skipped case.
#[async_trait]
pub trait StoreFixture: Sized + Send + Sync {
    /// An empty store.
    async fn open() -> Self;

    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// A second server on the same data.
    async fn peer(&self) -> Arc<dyn Store>;

    /// The same data after a stop and a start.
    async fn reopen(self) -> Self;
}

/// A blob store under test with a storage of its own.
///
/// # Contract
/// - `open` gives an empty store that shares nothing with any other fixture, so cases run side by side.
/// - `store` and `peer` work on the same storage; `peer` is a second server.
/// - `reopen` stops the store and opens it again on the same storage.
/// - `gone` is a store of the same kind whose storage can't be reached; `None` if it has none that could go.
/// - `leftovers` counts what lies in the storage and is no blob: parts, temporary files.
/// - `keeps_in_memory` says whether the blobs themselves are in the memory of this process.
///
/// A fixture panics where it can't do these things: a missing service is a failure, not a skipped case.
#[async_trait]
pub trait BlobFixture: Sized + Send + Sync {
    /// An empty store.
    async fn open() -> Self;

    /// The store.
    fn store(&self) -> Arc<dyn BlobStore>;

    /// A second server on the same storage.
    async fn peer(&self) -> Arc<dyn BlobStore>;

    /// The same storage after a stop and a start.
    async fn reopen(self) -> Self;

    /// A store whose storage can't be reached.
    async fn gone(&self) -> Option<Arc<dyn BlobStore>>;

    /// How many unfinished writes lie in the storage.
    async fn leftovers(&self) -> usize;

    /// Whether the blobs are kept in the memory of this process.
    fn keeps_in_memory(&self) -> bool;
}
