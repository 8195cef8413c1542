//! PostgreSQL.

mod connections;
mod crash;
pub(crate) mod fixture;
mod host;
mod migration;
mod plans;
mod servers;
mod triggers;
