//! The public suite, on every adapter.

use crate::fixture::SqliteFixture;

openautomate_core::store_conformance!(sqlx_sqlite, SqliteFixture);
