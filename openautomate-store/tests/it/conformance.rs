//! The public suite, on every adapter.

#[cfg(feature = "sqlx-sqlite")]
openautomate_core::store_conformance!(sqlx_sqlite, crate::sqlite::fixture::SqliteFixture);
#[cfg(feature = "sqlx-postgres")]
openautomate_core::store_conformance!(sqlx_postgres, crate::postgres::fixture::PostgresFixture);
#[cfg(feature = "diesel-sqlite")]
openautomate_core::store_conformance!(diesel_sqlite, crate::diesel_sqlite::fixture::SqliteFixture);
#[cfg(feature = "diesel-postgres")]
openautomate_core::store_conformance!(diesel_postgres, crate::diesel_postgres::fixture::PostgresFixture);
