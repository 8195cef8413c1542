//! `/healthz` and `/readyz`: for those who watch the process.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Says that the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")))]
async fn healthz() -> &'static str {
    "ok"
}

/// Says that the database answers.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, description = "`ready`", body = String, content_type = "text/plain")))]
async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    state.orchestrator().store().environments().await?;
    Ok("ready")
}
