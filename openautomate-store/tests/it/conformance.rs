//! The public suite, on every adapter.

#[cfg(feature = "sqlx-postgres")]
use crate::postgres::fixture::PostgresFixture;
#[cfg(feature = "sqlx-sqlite")]
use crate::sqlite::fixture::SqliteFixture;

#[cfg(feature = "sqlx-sqlite")]
openautomate_core::store_conformance!(sqlx_sqlite, SqliteFixture);
#[cfg(feature = "sqlx-postgres")]
openautomate_core::store_conformance!(sqlx_postgres, PostgresFixture);
