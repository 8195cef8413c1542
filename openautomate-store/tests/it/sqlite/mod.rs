//! SQLite, through sqlx.

mod audit;
mod crash;
pub(crate) mod fixture;
mod host;
mod lists;
mod migration;
mod opening;
mod triggers;

pub(crate) use openautomate_store::sqlx::SqliteStore;
