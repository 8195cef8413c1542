//! Adapters of the store traits of `openautomate-core`.
//!
//! | feature | adds |
//! |---|---|
//! | `sqlx-sqlite` (default) | [`sqlx::SqliteStore`]: SQLite in this process, no set-up at all |
//! | `sqlx-postgres` | [`sqlx::PostgresStore`]: PostgreSQL, for several servers on one database |
//! | `conformance` | the suite that an adapter of your own passes, re-exported as `conformance` |
//!
//! ```no_run
//! # async fn open() -> openautomate_core::Result<()> {
//! let store = openautomate_store::connect("sqlite:data/openautomate.db", Default::default()).await?;
//! # drop(store); Ok(())
//! # }
//! ```

#![cfg_attr(
    not(all(feature = "sqlx-sqlite", feature = "sqlx-postgres")),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "what only the database needs that is not built in"
    )
)]

mod connect;
mod driver;
mod ended;
mod error;
mod log_piece;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
mod record;
mod row;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres"))]
pub mod sqlx;
mod table;

pub use connect::{StoreOptions, connect};
#[cfg(feature = "conformance")]
pub use openautomate_core::conformance;
#[cfg(feature = "sqlx-postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlx-sqlite")]
pub use sqlite::SqliteStore;
