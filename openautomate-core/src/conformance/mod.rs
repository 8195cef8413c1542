//! The public suites that adapters pass; a case for every clause of a trait's contract.

pub mod blob;
pub mod fixture;
#[cfg(test)]
mod listed;
pub mod runner;
pub mod store;
pub mod transport;
