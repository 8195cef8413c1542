//! PostgreSQL, through diesel: what the tests of the other driver ask of a store, asked of this one.

#![allow(clippy::duplicate_mod, reason = "the same tests of another store")]

#[path = "../postgres/connections.rs"]
mod connections;
#[path = "../postgres/crash.rs"]
mod crash;
#[path = "../postgres/fixture.rs"]
pub(crate) mod fixture;
mod host;
#[path = "../postgres/migration.rs"]
mod migration;
#[path = "../postgres/servers.rs"]
mod servers;

pub(crate) use openautomate_store::diesel::PostgresStore;
