//! What a suite needs of the store that it looks at.

use std::sync::Arc;

use async_trait::async_trait;

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
