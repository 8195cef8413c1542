//! How busy an agent's machine was, for charts.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use openautomate_core::Error;
use openautomate_core::domain::UsagePoint;
use openautomate_core::id::AgentId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{CanSomewhere, Path, Query, may};
use crate::problem::Problem;
use crate::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(usage))
}

/// How busy a machine was in one minute.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsagePoint)]
struct UsageView {
    /// When it was told.
    at: DateTime<Utc>,
    /// How much of all processors was busy, 0 to 1.
    cpu: f64,
    /// How much memory was in use, in bytes.
    memory_used_bytes: u64,
}

impl From<UsagePoint> for UsageView {
    fn from(point: UsagePoint) -> Self {
        let UsagePoint { at, usage } = point;
        let cpu = f64::from(usage.cpu_permille) / 1_000.0;
        Self { at, cpu, memory_used_bytes: usage.memory_used_bytes }
    }
}

/// How busy a machine was.
#[derive(Serialize, ToSchema)]
struct UsageList {
    /// One a minute at most, oldest first.
    items: Vec<UsageView>,
}

/// Which time.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct UsageParams {
    /// From this instant on; the last hour if left out. A day is kept.
    since: Option<DateTime<Utc>>,
}

/// Shows how busy an agent's machine was, minute by minute.
#[utoipa::path(get, path = "/api/agents/{id}/usage", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent."), UsageParams),
    responses((status = 200, description = "The points.", body = UsageList)))]
async fn usage(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAgents>,
    Path(id): Path<AgentId>,
    Query(params): Query<UsageParams>,
) -> Result<Json<UsageList>, Problem> {
    let orchestrator = state.orchestrator();
    let agent = orchestrator.store().agent(id).await?.filter(|agent| agent.deleted_at.is_none());
    let missing = || Error::not_found("agent", id);
    let agent = agent.ok_or_else(missing)?;
    can.check(agent.environment_id, missing)?;
    let now = orchestrator.clock().now();
    // What stands longer is of an agent that was away, in places that nothing was written over.
    let since = params.since.unwrap_or(now - TimeDelta::hours(1)).max(now - TimeDelta::days(1));
    let points = orchestrator.store().usage(id, since).await?;
    Ok(Json(UsageList { items: points.into_iter().map(UsageView::from).collect() }))
}
