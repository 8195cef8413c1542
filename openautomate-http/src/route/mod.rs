//! The routes, one file per path prefix. A handler parses, executes one command or query, and answers.

pub(crate) mod agent_file;
pub(crate) mod agent_link;
pub(crate) mod agent_object;
pub(crate) mod agent_package;
pub(crate) mod agent_pools;
pub(crate) mod agent_program;
pub(crate) mod agent_releases;
pub(crate) mod agent_rollouts;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod approvals;
pub(crate) mod artifacts;
pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod buckets;
pub(crate) mod calendars;
pub(crate) mod deployments;
pub(crate) mod environments;
pub(crate) mod executions;
pub(crate) mod files;
pub(crate) mod hooks;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod objects;
pub(crate) mod oidc;
pub(crate) mod packages;
#[cfg(not(feature = "panel"))]
pub(crate) mod pages;
pub(crate) mod password_resets;
pub(crate) mod permissions;
pub(crate) mod preparations;
pub(crate) mod queues;
pub(crate) mod roles;
pub(crate) mod rollouts;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod totp;
pub(crate) mod triggers;
pub(crate) mod users;
pub(crate) mod versions;
pub(crate) mod work_items;

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;

/// The routes that answer within the time limit.
pub(crate) fn quick() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(auth::router())
        .merge(sessions::router())
        .merge(totp::router())
        .merge(oidc::router())
        .merge(identities::router())
        .merge(password_resets::router())
        .merge(users::router())
        .merge(api_keys::router())
        .merge(roles::router())
        .merge(permissions::router())
        .merge(invitations::router())
        .merge(agents::router())
        .merge(agent_pools::router())
        .merge(agent_releases::router())
        .merge(agent_rollouts::router())
        .merge(agent_link::router())
        .merge(agent_package::router())
        .merge(agent_file::router())
        .merge(agent_object::router())
        .merge(agent_program::router())
        .merge(deployments::router())
        .merge(preparations::router())
        .merge(rollouts::router())
        .merge(packages::router())
        .merge(versions::router())
        .merge(executions::router())
        .merge(live::router())
        .merge(logs::router())
        .merge(artifacts::router())
        .merge(files::router())
        .merge(schedules::router())
        .merge(queues::router())
        .merge(work_items::router())
        .merge(calendars::router())
        .merge(triggers::router())
        .merge(hooks::router())
        .merge(approvals::router())
        .merge(assets::router())
        .merge(buckets::router())
        .merge(objects::router())
        .merge(environments::router())
        .merge(audit::router())
}

/// The routes that read a large body, which takes as long as the line takes.
pub(crate) fn uploads(max_package_bytes: usize) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(versions::uploads(max_package_bytes))
        .merge(agent_link::uploads())
        .merge(files::uploads())
        .merge(agent_object::uploads())
        .merge(assets::uploads())
        .merge(objects::uploads())
        .merge(work_items::uploads())
}

/// 201 with the place of what was made.
fn created(location: &str, answer: impl IntoResponse) -> Response {
    let mut response = (StatusCode::CREATED, answer).into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
