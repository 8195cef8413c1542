//! Adapters on sqlx.

mod ended;
pub(crate) mod error;
mod log_piece;
#[cfg(feature = "sqlx-postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlx-sqlite")]
pub(crate) mod sqlite;

#[cfg(feature = "sqlx-postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlx-sqlite")]
pub use sqlite::SqliteStore;
