//! PostgreSQL, through sqlx.

mod audit;
mod connections;
mod crash;
pub(crate) mod fixture;
mod host;
mod limits;
mod migration;
mod plans;
mod servers;
mod triggers;

pub(crate) use openautomate_store::sqlx::PostgresStore;
