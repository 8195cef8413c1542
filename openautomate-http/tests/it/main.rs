//! Over a real socket, on a real database.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod agent_link;
mod agents;
mod approvals;
mod audit;
mod auth;
mod bad_input;
mod binary;
mod browser_session;
mod buckets;
mod bulk;
mod calendars;
mod cloud_blobs;
mod collect_blobs;
mod executions;
mod fake_agent;
mod files;
mod forged_tokens;
mod headers;
mod inputs;
mod limits;
mod lists;
mod live;
mod live_logs;
#[cfg(unix)]
mod maintenance;
mod openapi;
mod packages;
mod pauses;
mod permission_sweep;
mod placement;
mod queues;
mod revocation;
mod rollouts;
mod schedules;
mod secret_sweep;
mod secrets;
mod server;
mod triggers;
mod users;
#[cfg(unix)]
mod vault;
mod watching_triggers;
