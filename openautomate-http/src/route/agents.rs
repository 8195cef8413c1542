//! `/api/agents`: agents, as people see them.

mod usage;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::command::agent::{
    CreateEnrolmentToken, DeleteAgent, RegisterAgent, ReleaseAgent, UpdateAgent,
};
use openautomate_core::domain::{
    Agent, AgentFacts, AgentHost, AgentStatus, MaintenanceWindow, Quarantine, Rest,
};
use openautomate_core::id::{AgentId, EnrolmentTokenId, EnvironmentId, PoolId, UserId};
use openautomate_core::permission::{Actor, Permission};
use openautomate_core::{Error, Orchestrator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(list))
        .routes(routes!(get, update, delete))
        .routes(routes!(release))
        .routes(routes!(make_token))
        .merge(usage::router())
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AgentId,
    /// The name.
    name: String,
    /// The machine's host name.
    machine_name: String,
    /// The machine's address; left out for those who may not manage agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    /// What it may do.
    #[schema(value_type = schema::AgentStatus)]
    status: AgentStatus,
    /// Who registered it, or made the token that enrolled it.
    #[schema(value_type = Uuid)]
    owner_id: UserId,
    /// When it was registered.
    registered_at: DateTime<Utc>,
    /// When it was last heard of.
    last_heartbeat: DateTime<Utc>,
    /// Where it works.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// What it can do; executions may require labels.
    labels: Vec<String>,
    /// The pools that it is in.
    #[schema(value_type = Vec<Uuid>)]
    pool_ids: Vec<PoolId>,
    /// Until when it is drained, if it is for a time.
    drain_until: Option<DateTime<Utc>>,
    /// When it takes nothing new.
    #[schema(value_type = Vec<schema::MaintenanceWindow>)]
    maintenance_windows: Vec<MaintenanceWindow>,
    /// Why it takes nothing new at this moment; `null` if it does.
    #[schema(value_type = Option<schema::Rest>)]
    rest: Option<Rest>,
    /// How long ago it was last heard of, in milliseconds.
    heartbeat_age_ms: u64,
    /// How many executions it runs at once, as it last told.
    slots: u32,
    /// What it told of its machine.
    facts: FactsView,
    /// Whether it is connected at this moment.
    connected: bool,
    /// Whether it has a key.
    enrolled: bool,
    /// Set while it may not connect, because its key is alive on two hosts.
    quarantine: Option<QuarantineView>,
    /// Raised with each change; the ETag.
    revision: i64,
}

/// That an agent's key is alive on two hosts; neither may connect until somebody releases the agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QuarantineView {
    /// Since when.
    since: DateTime<Utc>,
    /// The two hosts, as they tell of themselves.
    hosts: Vec<HostView>,
}

/// A host on which an agent's key was alive.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HostView {
    /// Its host name.
    machine_name: String,
    /// Its address; left out for those who may not manage agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    /// When it connected last.
    seen_at: Option<DateTime<Utc>>,
}

impl QuarantineView {
    fn new(quarantine: Quarantine, sees_address: bool) -> Self {
        let view = |host: AgentHost| HostView {
            machine_name: host.name,
            ip_address: sees_address.then_some(host.address),
            seen_at: host.seen_at,
        };
        Self { since: quarantine.since, hosts: quarantine.hosts.into_iter().map(view).collect() }
    }
}

/// What an agent tells of its machine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FactsView {
    /// The version of the agent program.
    agent_version: String,
    /// `linux` or `windows`.
    os: String,
    /// As in `x86_64`.
    arch: String,
    /// The Python versions found, as in `3.12.1`.
    python_versions: Vec<String>,
    /// How many processors it has.
    cpus: u32,
    /// Its memory in bytes; 0 if it does not tell.
    memory_bytes: u64,
    /// The disk that its data lies on, in bytes; 0 if it does not tell.
    disk_bytes: u64,
    /// Whether it takes releases of its program from here: it trusts a release key, and something restarts it.
    is_updatable: bool,
}

impl From<AgentFacts> for FactsView {
    fn from(facts: AgentFacts) -> Self {
        Self {
            agent_version: facts.agent_version,
            os: facts.os,
            arch: facts.arch,
            python_versions: facts.python_versions,
            cpus: facts.cpus,
            memory_bytes: facts.memory_bytes,
            disk_bytes: facts.disk_bytes,
            is_updatable: facts.is_updatable,
        }
    }
}

impl AgentView {
    fn new(orchestrator: &Orchestrator, actor: &Actor, agent: Agent) -> Self {
        let sees_address = actor.allows_in(Permission::ManageAgents, agent.environment_id);
        let now = orchestrator.clock().now();
        let age = (now - agent.last_heartbeat).num_milliseconds();
        let quarantine = if agent.is_quarantined() { agent.quarantine.clone() } else { None };
        Self {
            quarantine: quarantine.map(|quarantine| QuarantineView::new(quarantine, sees_address)),
            connected: orchestrator.is_connected(agent.id),
            rest: agent.rest(now),
            heartbeat_age_ms: u64::try_from(age).unwrap_or(0),
            pool_ids: agent.pool_ids,
            drain_until: agent.drain_until,
            maintenance_windows: agent.maintenance_windows,
            id: agent.id,
            name: agent.name,
            machine_name: agent.machine_name,
            ip_address: sees_address.then_some(agent.ip_address),
            status: agent.status,
            owner_id: agent.owner_id,
            registered_at: agent.registered_at,
            last_heartbeat: agent.last_heartbeat,
            environment_id: agent.environment_id,
            labels: agent.labels,
            slots: agent.slots,
            facts: agent.facts.into(),
            enrolled: agent.public_key.is_some(),
            revision: agent.revision,
        }
    }
}

/// An agent, as it is registered: the answer to a registration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegisteredAgentView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AgentId,
    /// The name.
    name: String,
    /// The machine's host name.
    machine_name: String,
    /// The machine's address.
    ip_address: String,
    /// What it may do.
    #[schema(value_type = schema::AgentStatus)]
    status: AgentStatus,
    /// Who registered it.
    #[schema(value_type = Uuid)]
    owner_id: UserId,
    /// When it was registered.
    registered_at: DateTime<Utc>,
    /// When it was last heard of; the time of the registration until it connects.
    last_heartbeat: DateTime<Utc>,
}

/// A new agent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RegisterAgentRequest)]
struct RegisterRequest {
    /// The name.
    #[schema(example = "Finance-Bot-01")]
    name: String,
    /// The machine's host name.
    #[schema(example = "FINANCE-PC-01")]
    machine_name: String,
    /// The machine's address.
    #[schema(example = "192.168.1.100")]
    ip_address: String,
    /// Where it works; the default environment if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// What it can do.
    #[serde(default)]
    labels: Vec<String>,
}

/// Registers an agent. It connects once it is enrolled with a token made for it.
#[utoipa::path(post, path = "/api/agents/register", tag = "agents", request_body = RegisterRequest,
    responses((status = 201, description = "The agent.", body = RegisteredAgentView)))]
async fn register(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::EnrolAgents>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<RegisterRequest>,
) -> Result<Response, Problem> {
    let command = RegisterAgent {
        name: value.name,
        machine_name: value.machine_name,
        ip_address: value.ip_address,
        environment_id: value.environment_id,
        labels: value.labels,
    };
    let agent = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let view = RegisteredAgentView {
        id: agent.id,
        name: agent.name,
        machine_name: agent.machine_name,
        ip_address: agent.ip_address,
        status: agent.status,
        owner_id: agent.owner_id,
        registered_at: agent.registered_at,
        last_heartbeat: agent.last_heartbeat,
    };
    Ok(super::created(&format!("/api/agents/{}", agent.id), Tagged::new(agent.revision, view)))
}

/// Lists agents.
#[utoipa::path(get, path = "/api/agents", tag = "agents", params(PageParams),
    responses((status = 200, description = "A page of agents.", body = Listed<AgentView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAgents>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<AgentView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |page| store.agents(page);
    let page = can.sift(page, |row| *row.id.as_uuid(), |row| row.environment_id, fetch).await?;
    Ok(Json(page.map(|agent| AgentView::new(state.orchestrator(), &can.actor, agent)).into()))
}

/// Shows an agent.
#[utoipa::path(get, path = "/api/agents/{id}", tag = "agents", params(("id" = Uuid, Path, description = "The agent.")),
    responses((status = 200, description = "The agent. Whether it is connected and when it was last heard of \
        change without the revision, so there is no 304.", body = AgentView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAgents>,
    Path(id): Path<AgentId>,
) -> Result<Tagged<AgentView>, Problem> {
    let agent = state.orchestrator().store().agent(id).await?.filter(|agent| agent.deleted_at.is_none());
    let missing = || Error::not_found("agent", id);
    let agent = agent.ok_or_else(missing)?;
    can.check(agent.environment_id, missing)?;
    Ok(Tagged::new(agent.revision, AgentView::new(state.orchestrator(), &can.actor, agent)))
}

/// What shall change of an agent; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateAgentRequest)]
struct UpdateRequest {
    /// The revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// The name.
    #[serde(default)]
    name: Option<String>,
    /// The machine's host name.
    #[serde(default)]
    machine_name: Option<String>,
    /// The machine's address.
    #[serde(default)]
    ip_address: Option<String>,
    /// What it may do.
    #[serde(default)]
    #[schema(value_type = Option<schema::AgentStatus>)]
    status: Option<AgentStatus>,
    /// What it can do.
    #[serde(default)]
    labels: Option<Vec<String>>,
    /// The pools that it is in.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    pool_ids: Option<Vec<PoolId>>,
    /// With the status `Draining`: until when it takes nothing new.
    #[serde(default)]
    drain_until: Option<DateTime<Utc>>,
    /// When it takes nothing new.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::MaintenanceWindow>>)]
    maintenance_windows: Option<Vec<MaintenanceWindow>>,
}

/// Changes an agent.
#[utoipa::path(put, path = "/api/agents/{id}", tag = "agents", params(("id" = Uuid, Path, description = "The agent.")),
    request_body = UpdateRequest, responses((status = 200, description = "The agent.", body = AgentView)))]
async fn update(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageAgents>,
    Path(id): Path<AgentId>,
    if_match: IfMatch,
    Body { value, .. }: Body<UpdateRequest>,
) -> Result<Tagged<AgentView>, Problem> {
    let command = UpdateAgent {
        id,
        revision: revision_of(if_match, value.revision)?,
        name: value.name,
        machine_name: value.machine_name,
        ip_address: value.ip_address,
        status: value.status,
        labels: value.labels,
        pool_ids: value.pool_ids,
        drain_until: value.drain_until,
        maintenance_windows: value.maintenance_windows,
    };
    let agent = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(agent.revision, AgentView::new(state.orchestrator(), &actor, agent)))
}

/// Deletes an agent: its key is no good any more and its connection ends.
#[utoipa::path(delete, path = "/api/agents/{id}", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::EnrolAgents>,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteAgent { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets an agent in again whose key was alive on two hosts: whichever of them comes next.
#[utoipa::path(post, path = "/api/agents/{id}/release", tag = "agents",
    params(("id" = Uuid, Path, description = "The agent.")),
    responses((status = 200, description = "The agent.", body = AgentView)))]
async fn release(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageAgents>,
    Path(id): Path<AgentId>,
) -> Result<Tagged<AgentView>, Problem> {
    let agent = state.orchestrator().execute(&actor, ReleaseAgent { id }).await?;
    Ok(Tagged::new(agent.revision, AgentView::new(state.orchestrator(), &actor, agent)))
}

/// What a token shall enrol.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EnrolmentTokenRequest)]
struct TokenRequest {
    /// The registered agent that it is for; a new agent if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// The environment of a new agent; the default one if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The labels of a new agent.
    #[serde(default)]
    labels: Vec<String>,
    /// How long it is good, at most a week; an hour if left out.
    #[serde(default)]
    expires_in_seconds: Option<u64>,
}

/// A token that enrols one agent, once. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TokenView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: EnrolmentTokenId,
    /// What the agent is given.
    token: String,
    /// After this instant it is no good.
    expires_at: DateTime<Utc>,
}

/// Makes a token that enrols an agent.
#[utoipa::path(post, path = "/api/agents/enrolment-tokens", tag = "agents", request_body = TokenRequest,
    responses((status = 201, description = "The token.", body = TokenView)))]
async fn make_token(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::EnrolAgents>,
    Body { value, .. }: Body<TokenRequest>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let command = CreateEnrolmentToken {
        agent_id: value.agent_id,
        environment_id: value.environment_id,
        labels: value.labels,
        life: value.expires_in_seconds.map(Duration::from_secs),
    };
    let made = state.orchestrator().execute(&actor, command).await?;
    let view = TokenView { id: made.id, token: made.token.expose().clone(), expires_at: made.expires_at };
    Ok((StatusCode::CREATED, Json(view)))
}
