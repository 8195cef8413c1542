//! The orchestrator over the reference store, with a scripted agent at the other end of the in-process
//! transport and a clock that is moved by hand.

mod arrival;
mod collect;
mod content;
mod execution;
mod file;
mod identity;
mod log_archive;
mod place;
mod placement;
mod queue_trigger;
mod reach;
mod schedule;
mod schedule_policy;
mod secret;
mod sequel;
