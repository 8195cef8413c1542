//! SQLite.

mod crash;
pub(crate) mod fixture;
mod lists;
mod migration;
mod opening;
mod triggers;
