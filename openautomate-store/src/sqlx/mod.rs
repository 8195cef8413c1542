//! Adapters on sqlx.

mod error;
mod sqlite;

pub use sqlite::SqliteStore;
