//! Adapters on sqlx.

mod error;
mod pool;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;

/// A store in a schema of a PostgreSQL database, through sqlx.
#[cfg(feature = "sqlx-postgres")]
pub type PostgresStore = crate::postgres::PostgresStore<sqlx::PgPool>;
/// A store in a SQLite file, through sqlx.
#[cfg(feature = "sqlx-sqlite")]
pub type SqliteStore = crate::sqlite::SqliteStore<sqlx::SqlitePool>;
