//! `/api/packages/{id}/deployments`: which version of a package is the active one, environment by environment.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::domain::Deployment;
use openautomate_core::id::{EnvironmentId, PackageId, UserId, VersionId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::packages;
use crate::access::routes;
use crate::extract::{CanSomewhere, Path, may};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The active version of a package in an environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Deployment)]
struct DeploymentView {
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// Which version.
    #[schema(value_type = Uuid)]
    version_id: VersionId,
    /// When it was deployed.
    deployed_at: DateTime<Utc>,
    /// By whom.
    #[schema(value_type = Uuid)]
    deployed_by_id: UserId,
}

impl From<Deployment> for DeploymentView {
    fn from(deployment: Deployment) -> Self {
        let Deployment { environment_id, version_id, deployed_at, deployed_by, .. } = deployment;
        Self { environment_id, version_id, deployed_at, deployed_by_id: deployed_by }
    }
}

/// The deployments of a package.
#[derive(Serialize, ToSchema)]
struct DeploymentList {
    /// One an environment at most.
    items: Vec<DeploymentView>,
}

/// Lists where which version of a package is the active one.
#[utoipa::path(get, path = "/api/packages/{id}/deployments", tag = "packages",
    params(("id" = Uuid, Path, description = "The package.")),
    responses((status = 200, description = "The deployments.", body = DeploymentList)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadPackages>,
    Path(id): Path<PackageId>,
) -> Result<Json<DeploymentList>, Problem> {
    packages::load(&state, id).await?;
    let deployments = state.orchestrator().store().deployments(id).await?;
    let theirs = deployments.into_iter().filter(|deployment| can.is_theirs(deployment.environment_id));
    Ok(Json(DeploymentList { items: theirs.map(DeploymentView::from).collect() }))
}
