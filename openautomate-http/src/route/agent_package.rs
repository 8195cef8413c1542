//! `/api/agents/{id}/…/package`: the content of versions, for the agents that run them.

use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use openautomate_core::Error;
use openautomate_core::domain::Lease;
use openautomate_core::id::{AgentId, ExecutionId, VersionId};
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::transport::{PackageGrant, chunk_frames};
use serde::Deserialize;
use tokio_util::codec::Encoder as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, LinkedAgent, Path};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(leased_index))
        .routes(routes!(leased_chunks))
        .routes(routes!(deployed_index))
        .routes(routes!(deployed_chunks))
}

/// Which chunks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChunksRequest {
    /// Their names: SHA-256 of their content in hex; at most 256.
    #[schema(value_type = Vec<String>)]
    hashes: Vec<ChunkHash>,
}

/// Gives the index of the version that a lease is for: its files, and the chunks that make their content.
#[utoipa::path(get, path = "/api/agents/{id}/leases/{executionId}/{epoch}/package/index", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
    ),
    responses((status = 200, description = "The index, whose SHA-256 is the version's digest.",
        content_type = "application/json")))]
async fn leased_index(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch)): Path<(AgentId, ExecutionId, u32)>,
) -> Result<Response, Problem> {
    index(&state, agent.id, PackageGrant::Lease(Lease { execution, epoch })).await
}

/// Gives chunks of the version that a lease is for, as zstd frames in the order in which they are asked for,
/// each behind its length in four bytes, the highest first.
#[utoipa::path(post, path = "/api/agents/{id}/leases/{executionId}/{epoch}/package/chunks", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
    ),
    request_body = ChunksRequest,
    responses((status = 200, description = "The chunks.", content_type = "application/octet-stream")))]
async fn leased_chunks(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch)): Path<(AgentId, ExecutionId, u32)>,
    Body { value, .. }: Body<ChunksRequest>,
) -> Result<Response, Problem> {
    chunks(&state, agent.id, PackageGrant::Lease(Lease { execution, epoch }), value.hashes).await
}

/// Gives the index of a version that is deployed where the agent works.
#[utoipa::path(get, path = "/api/agents/{id}/deployments/{versionId}/package/index", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("versionId" = Uuid, Path, description = "The version."),
    ),
    responses((status = 200, description = "The index, whose SHA-256 is the version's digest.",
        content_type = "application/json")))]
async fn deployed_index(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, version)): Path<(AgentId, VersionId)>,
) -> Result<Response, Problem> {
    index(&state, agent.id, PackageGrant::Deployment(version)).await
}

/// Gives chunks of a version that is deployed where the agent works, as for a lease.
#[utoipa::path(post, path = "/api/agents/{id}/deployments/{versionId}/package/chunks", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("versionId" = Uuid, Path, description = "The version."),
    ),
    request_body = ChunksRequest,
    responses((status = 200, description = "The chunks.", content_type = "application/octet-stream")))]
async fn deployed_chunks(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, version)): Path<(AgentId, VersionId)>,
    Body { value, .. }: Body<ChunksRequest>,
) -> Result<Response, Problem> {
    chunks(&state, agent.id, PackageGrant::Deployment(version), value.hashes).await
}

async fn index(state: &AppState, agent: AgentId, grant: PackageGrant) -> Result<Response, Problem> {
    let index = state.orchestrator().package_index(agent, grant).await?;
    Ok(([(CONTENT_TYPE, "application/json")], index).into_response())
}

async fn chunks(
    state: &AppState,
    agent: AgentId,
    grant: PackageGrant,
    hashes: Vec<ChunkHash>,
) -> Result<Response, Problem> {
    let chunks = state.orchestrator().package_chunks(agent, grant, hashes).await?;
    // An error ends the answer early, which the agent sees by the length that is missing.
    let frames = chunks.map(|chunk| chunk.and_then(framed));
    Ok(([(CONTENT_TYPE, "application/octet-stream")], HttpBody::from_stream(frames)).into_response())
}

fn framed(chunk: Bytes) -> Result<Bytes, Error> {
    let mut frame = BytesMut::with_capacity(chunk.len() + 4);
    chunk_frames().encode(chunk, &mut frame).map_err(|error| {
        Error::internal("package.chunks", "a kept chunk is larger than chunks are").with_source(error)
    })?;
    Ok(frame.freeze())
}
