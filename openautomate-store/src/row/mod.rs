//! How each noun stands in its table.

mod access;
mod agent;
mod agent_preparation;
mod agent_release;
mod approval;
mod artifact;
mod asset;
mod attempt;
mod audit;
mod bucket;
mod calendar;
mod environment;
mod execution;
mod idempotency;
mod identity;
mod input_file;
mod log_archive;
mod login;
mod package;
mod rollout;
mod schedule;
mod sign_in;
mod trigger;
mod trigger_turn;
mod usage;
mod work_queue;

pub(crate) use agent::read_revision;
pub(crate) use agent_preparation::{forget_preparations, note_preparation, read_preparation};
pub(crate) use artifact::{insert_artifact, read_artifact};
pub(crate) use attempt::read_attempt;
pub(crate) use audit::{read_checkpoint, read_entry};
pub(crate) use bucket::{bind_object, read_object};
pub(crate) use execution::{read_concurrency, read_summary, schedule_of};
pub(crate) use idempotency::read_answer;
pub(crate) use log_archive::{
    may_archive, read_archivable, read_log_archive, select_archivable, store_log_archive,
};
pub(crate) use login::{admits, insert_login};
pub(crate) use schedule::read_firing;
pub(crate) use trigger::{read_due_trigger, read_trigger_firing};
pub(crate) use trigger_turn::{
    count_firings, note_watch, read_turn, read_watch, select_turn, select_watches, take_turn,
};
pub(crate) use usage::{note_usage, read_usage};
pub(crate) use work_queue::bind_holder;
