//! The core of OpenAutomate: domain, traits, commands, queries and the orchestrator's loops.
//!
//! It names no database and no web framework. Adapters (`openautomate-store`, `openautomate-http`,
//! `openautomate-agent`, or your own) implement its traits; the conformance suites say whether they are
//! right.
//!
//! | feature | adds |
//! |---|---|
//! | `python` | running automations in this process through PyO3 |
//! | `nats` | the line between agents and servers by way of NATS |
//! | `conformance` | the public suites for adapters |
//! | `object-store-s3`, `object-store-gcs`, `object-store-azure` | blobs in a bucket of that service (`blob::ObjectBlobStore::from_url`) |

pub mod audit_export;
pub mod blob;
pub mod changes;
pub mod clock;
pub mod command;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod credential;
pub mod domain;
pub mod error;
pub mod id;
mod log_archive;
pub mod orchestrator;
pub mod package;
pub mod permission;
pub mod private_file;
pub mod query;
pub mod release;
pub mod runner;
pub mod schedule;
pub mod sealing;
pub mod secret;
pub mod service;
pub mod store;
pub mod transport;
pub mod vault;
pub mod visible;

pub use error::{Error, ErrorKind, FieldError, Result};
pub use orchestrator::Orchestrator;
