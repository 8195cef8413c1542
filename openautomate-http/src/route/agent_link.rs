//! `/api/agents`: what agents themselves call.

use axum::Json;
use axum::extract::{Request, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt as _;
use openautomate_core::Error;
use openautomate_core::command::agent::EnrolAgent;
use openautomate_core::domain::{FileArrival, Lease};
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, TriggerId};
use openautomate_core::orchestrator::{ArrivalIntake, ArtifactIntake};
use openautomate_core::package::signature::PublicKey;
use openautomate_core::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::artifacts::ArtifactView;
use crate::access::routes;
use crate::auth::AGENT_TOKEN_LIFE;
use crate::extract::{AgentLine, Body, Certified, LinkedAgent, Path, Query, Visitor};
use crate::problem::Problem;
use crate::state::AppState;
use crate::websocket;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(enrol))
        .routes(routes!(challenge))
        .routes(routes!(token))
        .routes(routes!(connect))
}

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(keep_artifact)).routes(routes!(receive_file))
}

/// An agent that enrols itself.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnrolRequest {
    /// The enrolment token.
    token: String,
    /// The name of a new agent; the machine's name if left out.
    #[serde(default)]
    name: Option<String>,
    /// The machine's host name.
    machine_name: String,
    /// The machine's address; the one that the request comes from if left out.
    #[serde(default)]
    ip_address: Option<String>,
    /// The agent's Ed25519 key: 32 bytes in base64url without padding.
    public_key: String,
    /// The signature over `openautomate-enrol-v1`, a line feed and the token, in base64url without padding.
    proof: String,
}

/// Who the agent is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolledView {
    /// The agent's id.
    #[schema(value_type = Uuid)]
    agent_id: AgentId,
    /// Its name.
    name: String,
    /// Where it works.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The keys by which it checks that packages are what was published: Ed25519, base64url without padding.
    #[schema(value_type = Vec<String>)]
    package_keys: Vec<PublicKey>,
}

fn decoded(field: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::invalid_field(field, "is not base64url without padding (RFC 4648, 5)"))
}

/// Enrols an agent: trades the token for its key.
#[utoipa::path(post, path = "/api/agents/enrol", tag = "agent link", security(()), request_body = EnrolRequest,
    responses((status = 201, description = "The agent.", body = EnrolledView)))]
async fn enrol(
    State(state): State<AppState>,
    _: Certified,
    Visitor(actor): Visitor,
    Body { value, .. }: Body<EnrolRequest>,
) -> Result<(StatusCode, Json<EnrolledView>), Problem> {
    let public_key = decoded("publicKey", &value.public_key)?
        .try_into()
        .map_err(|_| Error::invalid_field("publicKey", "is not 32 bytes long"))?;
    let command = EnrolAgent {
        token: Secret::new(value.token),
        name: value.name,
        machine_name: value.machine_name,
        ip_address: value.ip_address.or_else(|| actor.ip_address.clone()).unwrap_or_default(),
        public_key,
        proof: decoded("proof", &value.proof)?,
    };
    let agent = state.orchestrator().execute(&actor, command).await?;
    let view = EnrolledView {
        agent_id: agent.id,
        name: agent.name,
        environment_id: agent.environment_id,
        package_keys: vec![state.orchestrator().package_key()],
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Something to sign.
#[derive(Serialize, ToSchema)]
struct ChallengeView {
    /// Good for a minute, and once.
    challenge: String,
}

/// Gives an agent something to sign.
#[utoipa::path(post, path = "/api/agents/{id}/challenge", tag = "agent link", security(()),
    params(("id" = Uuid, Path, description = "The agent.")),
    responses((status = 200, description = "The challenge.", body = ChallengeView)))]
async fn challenge(
    State(state): State<AppState>,
    _: Certified,
    _: Visitor,
    Path(id): Path<AgentId>,
) -> Result<Json<ChallengeView>, Problem> {
    Ok(Json(ChallengeView { challenge: state.agent_tokens().challenge(id, state.now())? }))
}

/// A signed challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignatureRequest {
    /// The challenge.
    challenge: String,
    /// The signature over `openautomate-agent-v1`, a line feed and the challenge, in base64url without
    /// padding.
    signature: String,
}

/// An agent's token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgentTokenView {
    /// Goes into the header `Authorization: Bearer …`.
    access_token: String,
    /// How long it is good, in seconds.
    expires_in: i64,
}

/// Signs an agent in by a signed challenge.
#[utoipa::path(post, path = "/api/agents/{id}/token", tag = "agent link", security(()),
    params(("id" = Uuid, Path, description = "The agent.")), request_body = SignatureRequest,
    responses((status = 200, description = "The token.", body = AgentTokenView)))]
async fn token(
    State(state): State<AppState>,
    _: Certified,
    _: Visitor,
    Path(id): Path<AgentId>,
    Body { value, .. }: Body<SignatureRequest>,
) -> Result<Json<AgentTokenView>, Problem> {
    let signature = decoded("signature", &value.signature)?;
    let orchestrator = state.orchestrator();
    let access_token = state.agent_tokens().exchange(orchestrator, id, &value.challenge, &signature).await?;
    Ok(Json(AgentTokenView { access_token, expires_in: AGENT_TOKEN_LIFE.num_seconds() }))
}

/// Connects an agent: a WebSocket of JSON messages, one each text frame.
#[utoipa::path(get, path = "/api/agents/{id}/connect", tag = "agent link",
    params(("id" = Uuid, Path, description = "The agent.")),
    responses((status = 101, description = "The connection.")))]
async fn connect(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    line: AgentLine,
    upgrade: WebSocketUpgrade,
) -> Response {
    websocket::agent::accept(upgrade, state, agent, line.proof)
}

/// What a file is called.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ArtifactParams {
    /// The name to keep it under: a plain file name.
    name: String,
}

/// Keeps a file with the execution; the same name again in the same attempt replaces it.
#[utoipa::path(put, path = "/api/agents/{id}/leases/{executionId}/{epoch}/artifacts", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("executionId" = Uuid, Path, description = "The execution."),
        ("epoch" = u32, Path, description = "The number of the lease."),
        ArtifactParams,
    ),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 200, description = "The file.", body = ArtifactView)))]
async fn keep_artifact(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, execution, epoch)): Path<(AgentId, ExecutionId, u32)>,
    Query(params): Query<ArtifactParams>,
    request: Request,
) -> Result<Json<ArtifactView>, Problem> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let intake = ArtifactIntake {
        lease: Lease { execution, epoch },
        name: params.name,
        content_type: header(CONTENT_TYPE).unwrap_or("application/octet-stream").to_owned(),
        size: header(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
        body: body.into_data_stream().map(|chunk| chunk.map_err(std::io::Error::other)).boxed(),
    };
    Ok(Json(state.orchestrator().keep_artifact(agent.id, intake).await?.into()))
}

/// A file that arrived.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ArrivalParams {
    /// Its name: a plain file name.
    name: String,
    /// Its size in bytes.
    size: u64,
    /// When it was last written, in microseconds since 1970.
    modified_us: i64,
}

/// What became of a file that arrived.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ArrivalView {
    /// The execution that it made, now or when it was told before.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Why it made none.
    skipped: Option<String>,
}

/// Takes a file that arrived in a folder which the agent watches for a trigger. The same file again makes nothing more
/// and gives the first answer. The content is left out if the trigger passes the path alone.
#[utoipa::path(put, path = "/api/agents/{id}/triggers/{triggerId}/files", tag = "agent link",
    params(
        ("id" = Uuid, Path, description = "The agent."),
        ("triggerId" = Uuid, Path, description = "The trigger."),
        ArrivalParams,
    ),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 200, description = "What became of it.", body = ArrivalView)))]
async fn receive_file(
    State(state): State<AppState>,
    LinkedAgent(agent): LinkedAgent,
    Path((_agent, trigger)): Path<(AgentId, TriggerId)>,
    Query(params): Query<ArrivalParams>,
    request: Request,
) -> Result<Json<ArrivalView>, Problem> {
    let ArrivalParams { name, size, modified_us } = params;
    let body = request.into_body().into_data_stream();
    let intake = ArrivalIntake {
        arrival: FileArrival { trigger, name, size, modified_us },
        body: body.map(|chunk| chunk.map_err(std::io::Error::other)).boxed(),
    };
    let outcome = state.orchestrator().receive_file(agent.id, intake).await?;
    Ok(Json(ArrivalView { execution_id: outcome.execution_id, skipped: outcome.skipped }))
}
