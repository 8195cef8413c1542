//! SQLite, through diesel: what the tests of the other driver ask of a store, asked of this one.

#![allow(clippy::duplicate_mod, reason = "the same tests of another store")]

#[path = "../sqlite/crash.rs"]
mod crash;
#[path = "../sqlite/fixture.rs"]
pub(crate) mod fixture;
mod host;
#[path = "../sqlite/migration.rs"]
mod migration;
#[path = "../sqlite/opening.rs"]
mod opening;

pub(crate) use openautomate_store::diesel::SqliteStore;
