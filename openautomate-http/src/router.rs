//! The router.

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::Router;
use openautomate_core::Orchestrator;

use crate::middleware::{envelope, time_limit};
use crate::openapi;
use crate::options::HttpOptions;
use crate::problem::Problem;
#[cfg(feature = "nats")]
use crate::route::{agent_file, agent_link, agent_object, agent_package, agent_program};
use crate::state::AppState;
use crate::steady::steady;

/// The whole face of an orchestrator: the API under `/api`, its documentation, the health checks, and the control
/// panel or a start page. It can be nested into a router of your own; the panel works at the root alone.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that limits per client address
/// work.
pub fn router(orchestrator: Orchestrator, options: HttpOptions) -> Router {
    let max_json_bytes = options.max_json_bytes;
    let max_package_bytes = options.max_package_bytes;
    let state = AppState::new(orchestrator, options);
    let (quick, uploads) = openapi::routes(max_package_bytes);
    let quick = Router::from(quick)
        .merge(openapi::router())
        .layer(DefaultBodyLimit::max(max_json_bytes))
        .layer(from_fn_with_state(state.clone(), time_limit));
    #[cfg(feature = "panel")]
    let quick = quick.fallback(crate::panel::serve);
    #[cfg(not(feature = "panel"))]
    let quick = quick
        .merge(crate::route::pages::router())
        .fallback(|| async { Problem::of_status(StatusCode::NOT_FOUND).into_response() });
    quick
        .merge(Router::from(uploads).layer(from_fn_with_state(state.clone(), steady)))
        .method_not_allowed_fallback(|| async {
            Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
        })
        .layer(from_fn_with_state(state.clone(), envelope))
        .with_state(state)
}

/// What agents call, and nothing else.
#[cfg(feature = "nats")]
pub(crate) fn agent_router(state: AppState) -> Router {
    let quick = agent_link::router().merge(agent_package::router()).merge(agent_file::router());
    let quick = Router::from(quick.merge(agent_object::router()).merge(agent_program::router()))
        .layer(DefaultBodyLimit::max(state.options().max_json_bytes))
        .layer(from_fn_with_state(state.clone(), time_limit));
    quick
        .merge(Router::from(agent_link::uploads().merge(agent_object::uploads())))
        .fallback(|| async { Problem::of_status(StatusCode::NOT_FOUND).into_response() })
        .method_not_allowed_fallback(|| async {
            Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
        })
        .layer(from_fn_with_state(state.clone(), envelope))
        .with_state(state)
}
