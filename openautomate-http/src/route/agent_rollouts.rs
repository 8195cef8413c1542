//! `/api/agent-rollouts`: releases of the agent program on their way to agents.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::agent_rollout::{
    CancelAgentRollout, DEFAULT_DEADLINE, DEFAULT_SOAK, RolloutStage, StartAgentRollout,
};
use openautomate_core::domain::{
    AgentRollout, AgentRolloutState, AgentUpdate, AgentUpdateState, RolloutTarget,
};
use openautomate_core::id::{AgentId, AgentReleaseId, AgentRolloutId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Body, Can, IdempotencyKey, Listed, PageParams, PageQuery, Path, Tagged, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start, list))
        .routes(routes!(get))
        .routes(routes!(agents))
        .routes(routes!(cancel))
}

/// A release on its way to agents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentRollout)]
struct RolloutView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AgentRolloutId,
    /// Which release.
    #[schema(value_type = Uuid)]
    release_id: AgentReleaseId,
    /// Which agents were asked for.
    #[schema(value_type = schema::RolloutTarget)]
    target: RolloutTarget,
    /// How many agents each stage has.
    stages: Vec<u32>,
    /// How long the agents of a stage have to be healthy before the next begins.
    soak_seconds: u64,
    /// How long an agent may take from its restart until it is healthy.
    deadline_seconds: u64,
    /// Whether an agent that has maintenance windows is updated within one only.
    in_windows: bool,
    /// Where it stands.
    #[schema(value_type = schema::AgentRolloutState)]
    state: AgentRolloutState,
    /// The stage that is under way, from 0.
    stage: u32,
    /// Since when all agents of that stage are healthy.
    stage_healthy_at: Option<DateTime<Utc>>,
    /// Why it stopped.
    reason: Option<String>,
    /// Who asked for it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<AgentRollout> for RolloutView {
    fn from(rollout: AgentRollout) -> Self {
        Self {
            id: rollout.id,
            release_id: rollout.release_id,
            target: rollout.target,
            stages: rollout.stages,
            soak_seconds: rollout.soak_ms / 1_000,
            deadline_seconds: rollout.deadline_ms / 1_000,
            in_windows: rollout.in_windows,
            state: rollout.state,
            stage: rollout.stage,
            stage_healthy_at: rollout.stage_healthy_at,
            reason: rollout.reason,
            created_by_id: rollout.created_by,
            created_at: rollout.created_at,
            ended_at: rollout.ended_at,
            revision: rollout.revision,
        }
    }
}

/// How many agents have the release when a stage is over: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AgentRolloutStage)]
enum StageRequest {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up.
    Percent(u32),
}

/// What to bring to whom.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewAgentRollout)]
struct StartRequest {
    /// Which release.
    #[schema(value_type = Uuid)]
    release_id: AgentReleaseId,
    /// To which agents.
    #[schema(value_type = schema::RolloutTarget)]
    target: RolloutTarget,
    /// How many agents come first, and then, as in `[{"count": 1}, {"percent": 20}]`; the rest follows at last. All at
    /// once if left out.
    #[serde(default)]
    stages: Vec<StageRequest>,
    /// How long the agents of a stage have to be healthy before the next begins; ten minutes if left out.
    #[serde(default)]
    soak_seconds: Option<u64>,
    /// How long an agent may take from its restart until it is healthy; ten minutes if left out.
    #[serde(default)]
    deadline_seconds: Option<u64>,
    /// Whether an agent that has maintenance windows is updated within one only.
    #[serde(default)]
    in_windows: bool,
}

/// Begins to bring a release to agents: those of one stage after those of the other. Each fetches it, checks it against
/// the release keys that it was given, waits until it has nothing to do, and restarts. The first that fails, or goes back
/// to its program before, stops the rollout. One rollout at most is under way.
#[utoipa::path(post, path = "/api/agent-rollouts", tag = "agents", request_body = StartRequest,
    responses((status = 201, description = "The rollout.", body = RolloutView)))]
async fn start(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageReleases>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<StartRequest>,
) -> Result<Response, Problem> {
    let StartRequest { release_id, target, stages, soak_seconds, deadline_seconds, in_windows } = value;
    let stages = stages.into_iter().map(|stage| match stage {
        StageRequest::Count(count) => RolloutStage::Count(count),
        StageRequest::Percent(percent) => RolloutStage::Percent(percent),
    });
    let command = StartAgentRollout {
        release_id,
        target,
        stages: stages.collect(),
        soak: soak_seconds.map_or(DEFAULT_SOAK, Duration::from_secs),
        deadline: deadline_seconds.map_or(DEFAULT_DEADLINE, Duration::from_secs),
        in_windows,
    };
    let rollout = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/agent-rollouts/{}", rollout.id);
    Ok(super::created(&location, Tagged::new(rollout.revision, RolloutView::from(rollout))))
}

/// Lists rollouts.
#[utoipa::path(get, path = "/api/agent-rollouts", tag = "agents", params(PageParams),
    responses((status = 200, description = "A page of rollouts.", body = Listed<RolloutView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<RolloutView>>, Problem> {
    Ok(Json(state.orchestrator().store().agent_rollouts(page).await?.map(RolloutView::from).into()))
}

async fn load(state: &AppState, id: AgentRolloutId) -> Result<AgentRollout, Problem> {
    let rollout = state.orchestrator().store().agent_rollout(id).await?;
    Ok(rollout.ok_or_else(|| Error::not_found("agent rollout", id))?)
}

/// Shows a rollout.
#[utoipa::path(get, path = "/api/agent-rollouts/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    Path(id): Path<AgentRolloutId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let rollout = load(&state, id).await?;
    Ok(Tagged::new(rollout.revision, RolloutView::from(rollout)).unless_known(&headers))
}

/// How far an agent is with a release.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentUpdate)]
struct UpdateView {
    /// Which agent.
    #[schema(value_type = Uuid)]
    agent_id: AgentId,
    /// In which stage, from 0.
    stage: u32,
    /// How far it is.
    #[schema(value_type = schema::AgentUpdateState)]
    state: AgentUpdateState,
    /// Why it failed.
    reason: Option<String>,
    /// When it came to be so.
    changed_at: DateTime<Utc>,
}

impl From<AgentUpdate> for UpdateView {
    fn from(update: AgentUpdate) -> Self {
        let AgentUpdate { agent_id, stage, state, reason, changed_at, .. } = update;
        Self { agent_id, stage, state, reason, changed_at }
    }
}

/// Lists how far each agent of a rollout is, those of the last stage first.
#[utoipa::path(get, path = "/api/agent-rollouts/{id}/agents", tag = "agents",
    params(("id" = Uuid, Path, description = "The rollout."), PageParams),
    responses((status = 200, description = "A page of agents.", body = Listed<UpdateView>)))]
async fn agents(
    State(state): State<AppState>,
    _: Can<may::ReadAgents>,
    Path(id): Path<AgentRolloutId>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<UpdateView>>, Problem> {
    load(&state, id).await?;
    Ok(Json(state.orchestrator().store().agent_updates(id, page).await?.map(UpdateView::from).into()))
}

/// Cancels a rollout that is under way. Agents that have begun to restart go on; the others leave it.
#[utoipa::path(post, path = "/api/agent-rollouts/{id}/cancel", tag = "agents",
    params(("id" = Uuid, Path, description = "The rollout.")),
    responses((status = 200, description = "The rollout.", body = RolloutView)))]
async fn cancel(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ManageReleases>,
    Path(id): Path<AgentRolloutId>,
    key: IdempotencyKey,
) -> Result<Tagged<RolloutView>, Problem> {
    let rollout =
        state.orchestrator().execute_once(&actor, key.over(b"")?, CancelAgentRollout { id }).await?;
    Ok(Tagged::new(rollout.revision, rollout.into()))
}
