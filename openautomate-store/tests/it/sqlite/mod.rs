//! SQLite, through sqlx.

mod crash;
pub(crate) mod fixture;
mod host;
mod lists;
mod migration;
mod opening;
mod triggers;

pub(crate) use openautomate_store::sqlx::SqliteStore;
