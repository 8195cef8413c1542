//! Integration tests of the store adapters.
//!
//! PostgreSQL is expected at `OPENAUTOMATE_TEST_POSTGRES`, or else on this machine; see `postgres::fixture`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod conformance;
mod crash;
#[cfg(feature = "diesel-postgres")]
mod diesel_postgres;
#[cfg(feature = "diesel-sqlite")]
mod diesel_sqlite;
#[cfg(all(
    feature = "sqlx-sqlite",
    feature = "sqlx-postgres",
    feature = "diesel-sqlite",
    feature = "diesel-postgres"
))]
mod drivers;
#[cfg(all(feature = "sqlx-sqlite", feature = "sqlx-postgres"))]
mod log_archive;
#[cfg(all(feature = "sqlx-sqlite", feature = "sqlx-postgres"))]
mod maintenance;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
