//! `/api/packages/{id}/versions/{versionId}/agents`: how far agents are with a version that was deployed.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::domain::{AgentPreparation, PreparationState};
use openautomate_core::id::{AgentId, PackageId, VersionId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::packages;
use crate::access::routes;
use crate::extract::{Can, Listed, PageParams, PageQuery, Path, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What an agent said last of a version.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentPreparation)]
struct PreparationView {
    /// Which agent.
    #[schema(value_type = Uuid)]
    agent_id: AgentId,
    /// How far it is.
    #[schema(value_type = schema::PreparationState)]
    state: PreparationState,
    /// Why it failed.
    reason: Option<String>,
    /// When it said so.
    at: DateTime<Utc>,
}

impl From<AgentPreparation> for PreparationView {
    fn from(word: AgentPreparation) -> Self {
        let AgentPreparation { agent_id, version_id: _, state, reason, at } = word;
        Self { agent_id, state, reason, at }
    }
}

/// Lists how far agents are with a version: those that were told of it since it was deployed, newest agent first.
#[utoipa::path(get, path = "/api/packages/{id}/versions/{versionId}/agents", tag = "packages",
    params(
        ("id" = Uuid, Path, description = "The package."),
        ("versionId" = Uuid, Path, description = "The version."),
        PageParams,
    ),
    responses((status = 200, description = "A page of agents.", body = Listed<PreparationView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<PreparationView>>, Problem> {
    packages::load(&state, package).await?;
    let store = state.orchestrator().store();
    let version = store.version(id).await?.filter(|version| version.package_id == package);
    version.ok_or_else(|| Error::not_found("package version", id))?;
    Ok(Json(store.preparations(id, page).await?.map(PreparationView::from).into()))
}
