//! The stores that are measured side by side: each database through each library, and the one in memory.

use std::sync::Arc;

use openautomate_core::store::Store;
use openautomate_core::store::memory::MemoryStore;
use openautomate_store::StoreOptions;

use crate::{Database, Home};

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The reference store, which keeps nothing on a disk.
    Memory,
    /// A database through sqlx.
    Sqlx(Database),
    /// A database through diesel.
    #[cfg(feature = "diesel")]
    Diesel(Database),
}

impl Engine {
    /// All of them; those on PostgreSQL if a server answers.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of_database = |database| {
            [
                Self::Sqlx(database),
                #[cfg(feature = "diesel")]
                Self::Diesel(database),
            ]
        };
        std::iter::once(Self::Memory).chain(Database::all().into_iter().flat_map(of_database)).collect()
    }

    /// Its name in results.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Memory => "memory".to_owned(),
            Self::Sqlx(database) => format!("sqlx {}", database.name()),
            #[cfg(feature = "diesel")]
            Self::Diesel(database) => format!("diesel {}", database.name()),
        }
    }

    /// The database that it works on.
    #[must_use]
    pub const fn database(self) -> Option<Database> {
        match self {
            Self::Memory => None,
            Self::Sqlx(database) => Some(database),
            #[cfg(feature = "diesel")]
            Self::Diesel(database) => Some(database),
        }
    }

    /// Opens a store in its home.
    ///
    /// # Panics
    /// If it can't be opened.
    pub(crate) async fn open(self, home: &Home) -> Arc<dyn Store> {
        let options = StoreOptions::default();
        let opened = match self {
            Self::Memory => Ok(Arc::new(MemoryStore::new()) as Arc<dyn Store>),
            Self::Sqlx(_) => openautomate_store::connect(&home.address(), options).await,
            #[cfg(feature = "diesel")]
            Self::Diesel(Database::Sqlite) => {
                let store = openautomate_store::diesel::SqliteStore::open(home.file(), options).await;
                store.map(|store| Arc::new(store) as Arc<dyn Store>)
            }
            #[cfg(feature = "diesel")]
            Self::Diesel(Database::Postgres) => {
                let store = openautomate_store::diesel::PostgresStore::open(&home.address(), options).await;
                store.map(|store| Arc::new(store) as Arc<dyn Store>)
            }
        };
        opened.unwrap_or_else(|error| panic!("the store {} can't be opened: {error}", self.name()))
    }
}
