//! Adapters on diesel, for applications that live on it already.
//!
//! They work on the same databases as those on sqlx: the SQL, the migrations and what is noted of them are the same.

mod error;
#[cfg(feature = "diesel-postgres")]
mod postgres;
mod query;
mod row;
#[cfg(feature = "diesel-sqlite")]
mod sqlite;

#[cfg(feature = "diesel-postgres")]
pub use postgres::PostgresPool;
#[cfg(feature = "diesel-sqlite")]
pub use sqlite::SqlitePool;

/// A store in a schema of a PostgreSQL database, through diesel-async.
#[cfg(feature = "diesel-postgres")]
pub type PostgresStore = crate::postgres::PostgresStore<PostgresPool>;
/// A store in a SQLite file, through diesel.
#[cfg(feature = "diesel-sqlite")]
pub type SqliteStore = crate::sqlite::SqliteStore<SqlitePool>;
