//! `/api/agents/{id}/…/objects` and `…/assets`: objects of buckets and assets that are files, for the agents that run
//! executions where they are.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::Error;
use openautomate_core::domain::{Lease, ObjectCondition};
use openautomate_core::id::{AgentId, AssetId, ExecutionId, ObjectId};
use openautomate_core::orchestrator::{AssetAnswer, ObjectIntake};
use openautomate_core::sealing::SEALED_HEADER;
use openautomate_core::transport::sealed_frames;
use serde::Deserialize;
use tokio_util::codec::Encoder as _;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use super::files::lively;
use super::objects::ObjectView;
use crate::access::routes;
use crate::extract::{AgentLine, LinkedAgent, Path, Query};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(object)).routes(routes!(asset))
}

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(put))
}

/// An error ends the answer early, which the agent sees by what is missing.
fn streamed(content: BoxStream<'static, Result<Bytes, Error>>) -> Response {
    ([(CONTENT_TYPE, "application/octet-stream")], HttpBody::from_stream(content)).into_response()
}

/// Gives the content of an object of a bucket in the environment of the leased execution.
#[utoipa::path(get, path = "/api/agents/{id}/leases/{executionId}/{epoch}/objects/{objectId}", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
        ("objectId" = Uuid, Path, description = "The id of the content."),
    ),
    responses((status = 200, description = "The content.", content_type = "application/octet-stream")))]
async fn object(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch, object)): Path<(AgentId, ExecutionId, u32, ObjectId)>,
) -> Result<Response, Problem> {
    let lease = Lease { execution, epoch };
    Ok(streamed(state.orchestrator().object_for_lease(agent.id, lease, object).await?))
}

/// Gives the content of an asset that is a file in the environment of the leased execution.
#[utoipa::path(get, path = "/api/agents/{id}/leases/{executionId}/{epoch}/assets/{assetId}", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
        ("assetId" = Uuid, Path, description = "The asset."),
        ("openautomate-sealing" = Option<String>, Header, description = "The key for which the content is to be sealed, \
            and the agent's signature: both in base64url without padding, with a dot between them."),
    ),
    responses((status = 200, content_type = "application/octet-stream",
        description = "The content. With the header `openautomate-sealed` it is sealed (HPKE, RFC 9180): frames, each \
            behind its length in four bytes, the highest first.")))]
async fn asset(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    line: AgentLine,
    Path((_agent, execution, epoch, asset)): Path<(AgentId, ExecutionId, u32, AssetId)>,
) -> Result<Response, Problem> {
    let lease = Lease { execution, epoch };
    let taken = (line.proof, line.offer.as_ref());
    match state.orchestrator().asset_file_over_line(&agent, lease, asset, taken).await? {
        AssetAnswer::InClear(content) => Ok(streamed(content)),
        AssetAnswer::Sealed(frames) => {
            let frames = frames.map(|frame| frame.and_then(framed)).boxed();
            Ok(([(SEALED_HEADER, "1")], streamed(frames)).into_response())
        }
    }
}

fn framed(sealed: Bytes) -> Result<Bytes, Error> {
    let mut frame = BytesMut::with_capacity(sealed.len() + 4);
    sealed_frames().encode(sealed, &mut frame).map_err(|error| {
        Error::internal("asset.seal", "a sealed piece is larger than pieces are").with_source(error)
    })?;
    Ok(frame.freeze())
}

/// Where an object goes.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct PutParams {
    /// The name of the bucket.
    bucket: String,
    /// The key.
    key: String,
    /// Whether an object that is there is left, which is a conflict.
    #[serde(default)]
    if_absent: bool,
    /// The SHA-256 of the content that may be replaced; anything else there is a conflict.
    if_sha256: Option<String>,
}

/// Writes an object into a bucket in the environment of the leased execution.
#[utoipa::path(put, path = "/api/agents/{id}/leases/{executionId}/{epoch}/objects", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
        PutParams,
    ),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 200, description = "The object.", body = ObjectView)))]
async fn put(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch)): Path<(AgentId, ExecutionId, u32)>,
    Query(params): Query<PutParams>,
    request: Request,
) -> Result<Json<ObjectView>, Problem> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let intake = ObjectIntake {
        key: params.key,
        content_type: header(CONTENT_TYPE).unwrap_or("application/octet-stream").to_owned(),
        size: header(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
        condition: match params.if_sha256 {
            Some(sha256) => ObjectCondition::Sha256(sha256),
            None if params.if_absent => ObjectCondition::Absent,
            None => ObjectCondition::Any,
        },
        body: lively(body, state.options().silence_limit),
    };
    let lease = Lease { execution, epoch };
    let kept =
        state.orchestrator().put_object_for_lease(agent.id, &agent.name, lease, &params.bucket, intake);
    Ok(Json(kept.await?.into()))
}
