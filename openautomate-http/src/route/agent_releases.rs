//! `/api/agent-releases`: releases of the agent program.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::agent_release::{CreateAgentRelease, DeleteAgentRelease};
use openautomate_core::domain::AgentRelease;
use openautomate_core::id::{AgentReleaseId, FileId, UserId};
use openautomate_core::package::signature::Signed;
use openautomate_core::release::SignedManifest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, Can, IdempotencyKey, Listed, PageParams, PageQuery, Path, Tagged, may};
use crate::problem::Problem;
use crate::route::versions::SignedView;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, delete))
}

/// A release of the agent program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentRelease)]
struct ReleaseView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AgentReleaseId,
    /// Its version.
    version: String,
    /// The manifest as it was signed, to the byte.
    manifest: String,
    /// The signature over the manifest.
    #[schema(value_type = SignedView)]
    signature: Signed,
    /// The uploaded program of each target, by its triple.
    #[schema(value_type = BTreeMap<String, Uuid>)]
    files: BTreeMap<String, FileId>,
    /// When it was uploaded.
    created_at: DateTime<Utc>,
    /// By whom.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// The ETag.
    revision: i64,
}

impl From<AgentRelease> for ReleaseView {
    fn from(release: AgentRelease) -> Self {
        let AgentRelease {
            id, version, manifest, signature, files, created_by, created_at, revision, ..
        } = release;
        Self { id, version, manifest, signature, files, created_at, created_by_id: created_by, revision }
    }
}

/// A new release.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewAgentRelease)]
struct CreateRequest {
    /// The manifest, to the byte, as `openautomate-agent release sign` writes it.
    manifest: String,
    /// The signature of the release key over the manifest.
    #[schema(value_type = SignedView)]
    signature: Signed,
    /// The program of each target of the manifest, by its triple: the id of a file that was uploaded to `/api/files`.
    #[schema(value_type = BTreeMap<String, Uuid>)]
    files: BTreeMap<String, FileId>,
}

/// Takes in a release whose programs were uploaded as files: their sizes and hashes are compared with the manifest. The
/// files live as long as the release. Which keys to trust is for each agent to say, and not for the server.
#[utoipa::path(post, path = "/api/agent-releases", tag = "agents", request_body = CreateRequest,
    responses((status = 201, description = "The release.", body = ReleaseView)))]
async fn create(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageReleases>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<CreateRequest>,
) -> Result<Response, Problem> {
    let CreateRequest { manifest, signature, files } = value;
    let command = CreateAgentRelease { signed: SignedManifest { manifest, signature }, files };
    let release = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/agent-releases/{}", release.id);
    Ok(super::created(&location, Tagged::new(release.revision, ReleaseView::from(release))))
}

/// Lists releases.
#[utoipa::path(get, path = "/api/agent-releases", tag = "agents", params(PageParams),
    responses((status = 200, description = "A page of releases.", body = Listed<ReleaseView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ReleaseView>>, Problem> {
    Ok(Json(state.orchestrator().store().agent_releases(page).await?.map(ReleaseView::from).into()))
}

/// Shows a release.
#[utoipa::path(get, path = "/api/agent-releases/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The release.")),
    responses((status = 200, description = "The release.", body = ReleaseView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    Path(id): Path<AgentReleaseId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let release = state.orchestrator().store().agent_release(id).await?;
    let release = release.filter(|release| release.deleted_at.is_none());
    let release = release.ok_or_else(|| Error::not_found("agent release", id))?;
    Ok(Tagged::new(release.revision, ReleaseView::from(release)).unless_known(&headers))
}

/// Deletes a release that is not on its way to agents. Its files go when they expire.
#[utoipa::path(delete, path = "/api/agent-releases/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The release.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageReleases>,
    Path(id): Path<AgentReleaseId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteAgentRelease { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
