//! `/api/packages/{id}/versions/{versionId}/agents`: how far agents are with a version that was deployed.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::domain::{AgentPreparation, PreparationState};
use openautomate_core::id::{AgentId, PackageId, VersionId};
use openautomate_core::permission::Environments;
use openautomate_core::query::within::sifted;
use openautomate_core::query::{Page, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::packages;
use crate::access::routes;
use crate::extract::{CanSomewhere, Listed, PageParams, PageQuery, Path, may};
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
    can: CanSomewhere<may::ReadAgents>,
    Path((package, id)): Path<(PackageId, VersionId)>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<PreparationView>>, Problem> {
    packages::load(&state, package).await?;
    let store = state.orchestrator().store();
    let version = store.version(id).await?.filter(|version| version.package_id == package);
    version.ok_or_else(|| Error::not_found("package version", id))?;
    let page = match can.environments {
        Environments::Everywhere => store.preparations(id, page).await?,
        Environments::Only(_) => theirs(&state, &can, id, page).await?,
    };
    Ok(Json(page.map(PreparationView::from).into()))
}

/// A page of what agents in environments of the caller said: it does not say where they are.
async fn theirs(
    state: &AppState,
    can: &CanSomewhere<may::ReadAgents>,
    version: VersionId,
    page: PageRequest,
) -> Result<Page<AgentPreparation>, Error> {
    let store = state.orchestrator().store();
    let fetch = |page| async move {
        let found = store.preparations(version, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for preparation in found.items {
            let agent = store.agent(preparation.agent_id).await?;
            items.push((preparation, agent.is_some_and(|agent| can.is_theirs(agent.environment_id))));
        }
        Ok(Page { items, next: found.next })
    };
    let id = |(preparation, _): &(AgentPreparation, bool)| *preparation.agent_id.as_uuid();
    let page = sifted(page, id, |(_, is_theirs)| *is_theirs, fetch).await?;
    Ok(page.map(|(preparation, _)| preparation))
}
