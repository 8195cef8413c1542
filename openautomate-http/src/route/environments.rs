//! `/api/environments`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::domain::Environment;
use openautomate_core::id::EnvironmentId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Can, may};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// An environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Environment)]
struct EnvironmentView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: EnvironmentId,
    /// The name.
    name: String,
    /// Whether it is meant where a request names none.
    is_default: bool,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Raised with each change.
    revision: i64,
}

impl From<Environment> for EnvironmentView {
    fn from(environment: Environment) -> Self {
        let Environment { id, name, is_default, created_at, revision } = environment;
        Self { id, name, is_default, created_at, revision }
    }
}

/// All environments.
#[derive(Serialize, ToSchema)]
struct EnvironmentList {
    /// Oldest first.
    items: Vec<EnvironmentView>,
}

/// Lists environments.
#[utoipa::path(get, path = "/api/environments", tag = "environments",
    responses((status = 200, description = "The environments.", body = EnvironmentList)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadEnvironments>,
) -> Result<Json<EnvironmentList>, Problem> {
    let environments = state.orchestrator().store().environments().await?;
    Ok(Json(EnvironmentList { items: environments.into_iter().map(EnvironmentView::from).collect() }))
}
