//! The program of a release, for the agents that a rollout brings it.

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use openautomate_core::id::{AgentId, AgentRolloutId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{LinkedAgent, Path, Query};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(program))
}

/// From where on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ProgramParams {
    /// The first byte that is wanted; 0 if left out.
    #[serde(default)]
    from: u64,
}

/// Gives the program that a rollout brings the agent, for its target.
#[utoipa::path(get, path = "/api/agents/{id}/rollouts/{rolloutId}/programs/{target}", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("rolloutId" = Uuid, Path, description = "The rollout."),
        ("target" = String, Path, description = "The triple of the agent's target."),
        ProgramParams,
    ),
    responses((status = 200, description = "The program, from that byte on.",
        content_type = "application/octet-stream")))]
async fn program(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, rollout, target)): Path<(AgentId, AgentRolloutId, String)>,
    Query(params): Query<ProgramParams>,
) -> Result<Response, Problem> {
    // An error ends the answer early, which the agent sees by what is missing.
    let content = state.orchestrator().release_program(agent.id, rollout, &target, params.from).await?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], HttpBody::from_stream(content)).into_response())
}
