//! `/api/agents/{id}/…/files`: the uploaded files that executions use, for the agents that run them.

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use openautomate_core::domain::Lease;
use openautomate_core::id::{AgentId, ExecutionId, FileId};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{LinkedAgent, Path};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(content))
}

/// Gives the content of an uploaded file that the inputs of the leased execution name.
#[utoipa::path(get, path = "/api/agents/{id}/leases/{executionId}/{epoch}/files/{fileId}", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
        ("fileId" = Uuid, Path, description = "The file."),
    ),
    responses((status = 200, description = "The content, as long and with the SHA-256 that the assignment says.",
        content_type = "application/octet-stream")))]
async fn content(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch, file)): Path<(AgentId, ExecutionId, u32, FileId)>,
) -> Result<Response, Problem> {
    let lease = Lease { execution, epoch };
    // An error ends the answer early, which the agent sees by what is missing.
    let content = state.orchestrator().file_for_lease(agent.id, lease, file).await?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], HttpBody::from_stream(content)).into_response())
}
