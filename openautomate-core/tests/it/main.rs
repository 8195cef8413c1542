//! The integration tests of the core.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

#[cfg(feature = "conformance")]
mod blob;
mod hostile_input;
mod orchestrator;
#[cfg(feature = "conformance")]
mod placement;
#[cfg(feature = "conformance")]
mod runner;
#[cfg(feature = "conformance")]
mod store;
#[cfg(feature = "conformance")]
mod transport;
