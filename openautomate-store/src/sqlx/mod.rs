//! Adapters on sqlx.

mod ended;
mod error;
mod log_piece;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;

#[cfg(feature = "sqlx-postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlx-sqlite")]
pub use sqlite::SqliteStore;
