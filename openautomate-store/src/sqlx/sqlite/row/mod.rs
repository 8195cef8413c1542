//! How each noun stands in its table.

mod agent;
mod artifact;
mod asset;
mod attempt;
mod audit;
mod environment;
mod execution;
mod idempotency;
mod identity;
mod input_file;
mod package;
mod schedule;

pub(super) use artifact::{insert_artifact, read_artifact};
pub(super) use attempt::read_attempt;
pub(super) use audit::{insert_entry, read_entry};
pub(super) use execution::read_summary;
pub(super) use idempotency::{insert_answer, read_answer};
pub(super) use schedule::{insert_firing, read_firing};
