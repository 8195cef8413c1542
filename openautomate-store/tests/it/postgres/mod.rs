//! PostgreSQL.

mod connections;
mod crash;
pub(crate) mod fixture;
mod migration;
mod plans;
mod servers;
mod triggers;
