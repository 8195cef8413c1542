//! Integration tests of the store adapters.

#![cfg(feature = "sqlx-sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod conformance;
mod crash;
mod fixture;
mod lists;
mod migration;
mod opening;
mod triggers;
