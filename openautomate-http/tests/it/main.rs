//! Over a real socket, on a real database.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod agent_link;
mod agent_link_limits;
mod agents;
mod api_keys;
mod approvals;
mod asset_inputs;
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
mod enrolment;
mod environment_grants;
#[cfg(target_os = "linux")]
mod environment_secrets;
mod executions;
mod fake_agent;
mod files;
mod forged_tokens;
#[cfg(target_os = "linux")]
mod full_disk;
mod headers;
mod inputs;
mod invitations;
mod limits;
mod lists;
mod live;
mod live_limits;
mod live_logs;
#[cfg(unix)]
mod maintenance;
mod oidc;
mod openapi;
mod outbound;
mod packages;
mod password_reset;
mod pauses;
mod permission_matrix;
mod permission_sweep;
mod placement;
mod quarantine;
mod queues;
mod revocation;
mod roles;
mod rollouts;
mod schedules;
mod secret_sweep;
mod secrets;
mod server;
mod sessions;
mod slow_clients;
mod tls;
mod token_keys;
mod totp;
mod triggers;
mod users;
#[cfg(unix)]
mod vault;
mod watching_triggers;
