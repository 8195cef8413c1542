//! A store in a folder of its own, and a connection beside it that knows nothing of our rules.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::store::Store;
use openautomate_store::StoreOptions;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use super::SqliteStore;

/// A SQLite store under test.
pub(crate) struct SqliteFixture {
    folder: TempDir,
    store: SqliteStore,
}

impl SqliteFixture {
    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }

    pub(crate) fn handle(&self) -> SqliteStore {
        self.store.clone()
    }

    /// A plain connection to the same file.
    pub(crate) async fn direct(&self) -> SqliteConnection {
        direct(self.path()).await
    }
}

pub(crate) async fn direct(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

pub(crate) async fn open(path: &Path) -> openautomate_core::Result<SqliteStore> {
    SqliteStore::open(path, StoreOptions::default()).await
}

#[async_trait]
impl StoreFixture for SqliteFixture {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&folder.path().join("store.db")).await.unwrap();
        Self { folder, store }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    // One process owns the file, so a second server is a second handle in it.
    async fn peer(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn reopen(self) -> Self {
        self.store.close().await;
        let store = open(self.store.path()).await.unwrap();
        Self { folder: self.folder, store }
    }
}
