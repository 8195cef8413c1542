//! The few pages for people who open the server in a browser: what it is, and how to set it up.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("pages/index.html")) }))
        .route("/setup", get(|| async { Html(include_str!("pages/setup.html")) }))
}
