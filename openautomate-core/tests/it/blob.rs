//! The suite for blob stores on a local folder and in memory.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::blob::{BlobStore, ObjectBlobStore};
use openautomate_core::conformance::fixture::BlobFixture;

struct FolderFixture {
    folder: tempfile::TempDir,
    store: ObjectBlobStore,
}

impl FolderFixture {
    fn at(folder: tempfile::TempDir) -> Self {
        let store = ObjectBlobStore::local(folder.path().join("deep/blobs")).unwrap();
        Self { folder, store }
    }
}

#[async_trait]
impl BlobFixture for FolderFixture {
    async fn open() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.store.clone())
    }

    async fn peer(&self) -> Arc<dyn BlobStore> {
        Arc::new(ObjectBlobStore::local(self.folder.path().join("deep/blobs")).unwrap())
    }

    async fn reopen(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        Self::at(folder)
    }

    async fn gone(&self) -> Option<Arc<dyn BlobStore>> {
        let path = self.folder.path().join("gone");
        let store = ObjectBlobStore::local(&path).unwrap();
        // A file in its place: as when a volume was not mounted, but also for root.
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        Some(Arc::new(store))
    }

    async fn leftovers(&self) -> usize {
        temporary_files(&self.folder.path().join("deep/blobs"))
    }

    fn keeps_in_memory(&self) -> bool {
        false
    }
}

/// Unfinished writes are files `NAME#NUMBER`.
fn temporary_files(folder: &Path) -> usize {
    let items = std::fs::read_dir(folder).into_iter().flatten().flatten();
    items
        .map(|item| match item.path() {
            path if path.is_dir() => temporary_files(&path),
            path => usize::from(path.to_string_lossy().contains('#')),
        })
        .sum()
}

openautomate_core::blob_conformance!(folder, FolderFixture);

struct MemoryFixture(ObjectBlobStore);

#[async_trait]
impl BlobFixture for MemoryFixture {
    async fn open() -> Self {
        Self(ObjectBlobStore::memory())
    }

    fn store(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.0.clone())
    }

    async fn peer(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.0.clone())
    }

    async fn reopen(self) -> Self {
        // The blobs live as long as a clone.
        self
    }

    async fn gone(&self) -> Option<Arc<dyn BlobStore>> {
        None
    }

    async fn leftovers(&self) -> usize {
        0
    }

    fn keeps_in_memory(&self) -> bool {
        true
    }
}

openautomate_core::blob_conformance!(memory, MemoryFixture);
