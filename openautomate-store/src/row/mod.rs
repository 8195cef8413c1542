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
mod usage;

pub(crate) use artifact::{insert_artifact, read_artifact};
pub(crate) use attempt::read_attempt;
pub(crate) use audit::read_entry;
pub(crate) use execution::{read_concurrency, read_summary, schedule_of};
pub(crate) use idempotency::read_answer;
pub(crate) use schedule::read_firing;
pub(crate) use usage::{note_usage, read_usage};
