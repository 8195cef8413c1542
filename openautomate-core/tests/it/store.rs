//! The store suite on the reference store.

use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::store::Store;
use openautomate_core::store::memory::MemoryStore;

struct MemoryFixture(MemoryStore);

#[async_trait]
impl StoreFixture for MemoryFixture {
    async fn open() -> Self {
        Self(MemoryStore::new())
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn peer(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    async fn reopen(self) -> Self {
        // Nothing is on a disk; the data lives as long as a clone.
        self
    }
}

openautomate_core::store_conformance!(memory, MemoryFixture);
