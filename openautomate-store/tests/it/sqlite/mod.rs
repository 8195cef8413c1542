//! SQLite.

mod crash;
pub(crate) mod fixture;
mod host;
mod lists;
mod migration;
mod opening;
mod triggers;
