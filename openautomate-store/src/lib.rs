//! Adapters of the store traits of `openautomate-core`.
//!
//! | feature | adds |
//! |---|---|
//! | `sqlx-sqlite` (default) | [`sqlx::SqliteStore`]: SQLite in this process, no set-up at all |
//! | `sqlx-postgres` | [`sqlx::PostgresStore`]: PostgreSQL, for several servers on one database |
//! | `diesel-sqlite` | `diesel::SqliteStore`: the same through diesel |
//! | `diesel-postgres` | `diesel::PostgresStore`: the same through diesel-async, without libpq |
//! | `sqlx-sqlite` and `sqlx-postgres` | [`maintenance`]: what is done with a whole database, of either kind |
//! | `conformance` | the suite that an adapter of your own passes, re-exported as `conformance` |
//!
//! ```no_run
//! # async fn open() -> openautomate_core::Result<()> {
//! let store = openautomate_store::connect("sqlite:data/openautomate.db", Default::default()).await?;
//! # drop(store); Ok(())
//! # }
//! ```

#![cfg_attr(
    not(all(
        feature = "sqlx-sqlite",
        feature = "sqlx-postgres",
        feature = "diesel-sqlite",
        feature = "diesel-postgres"
    )),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "what only an adapter needs that is not built in"
    )
)]

mod bucket;
mod connect;
#[cfg(any(feature = "diesel-sqlite", feature = "diesel-postgres"))]
pub mod diesel;
mod driver;
mod ended;
mod error;
mod log_piece;
#[cfg(all(feature = "sqlx-sqlite", feature = "sqlx-postgres"))]
pub mod maintenance;
mod migration;
mod occupancy;
#[cfg(any(feature = "sqlx-postgres", feature = "diesel-postgres"))]
mod postgres;
mod record;
mod row;
#[cfg(any(feature = "sqlx-sqlite", feature = "diesel-sqlite"))]
mod sqlite;
#[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres"))]
pub mod sqlx;
mod table;
mod vault;
mod work_item;

pub use connect::{StoreOptions, connect};
#[cfg(feature = "conformance")]
pub use openautomate_core::conformance;
#[cfg(any(feature = "sqlx-postgres", feature = "diesel-postgres"))]
pub use postgres::PostgresStore;
#[cfg(any(feature = "sqlx-sqlite", feature = "diesel-sqlite"))]
pub use sqlite::SqliteStore;
