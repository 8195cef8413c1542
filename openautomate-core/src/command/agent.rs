//! Registering, enrolling, changing and deleting agents.

mod quarantine;

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::clock::Timestamp;
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::credential::{ENROL_CONTEXT, OpaqueToken, token_hash, verify_agent_signature};
use crate::domain::{
    Agent, AgentFacts, AgentStatus, AgentUpdate, AgentUpdateState, EnrolmentToken, MAX_WINDOWS,
    MaintenanceWindow, check_label, check_name,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnrolmentTokenId, EnvironmentId, PoolId, UserId};
use crate::permission::{Access, Permission};
use crate::secret::Secret;

pub use quarantine::{QuarantineAgent, ReleaseAgent};

const MAX_ADDRESS: usize = 64;
const MAX_LABELS: usize = 100;
const MAX_POOLS: usize = 100;
const MAX_TOKEN_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

async fn load(context: &CommandContext<'_>, id: AgentId) -> Result<Agent> {
    let agent = context.store.agent(id).await?.filter(|agent| agent.deleted_at.is_none());
    let missing = || Error::not_found("agent", id);
    let agent = agent.ok_or_else(missing)?;
    context.allowed_in(agent.environment_id, missing)?;
    Ok(agent)
}

fn check_address(address: &str) -> Result<()> {
    if address.is_empty() || address.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    let shown = address.len().min(MAX_ADDRESS);
    Err(Error::invalid_field("ipAddress", format!("is no IPv4 or IPv6 address ({shown} characters)")))
}

fn sorted(labels: &[String]) -> Vec<String> {
    let mut labels = labels.to_vec();
    labels.sort();
    labels.dedup();
    labels
}

struct NewAgent<'a> {
    name: &'a str,
    machine_name: &'a str,
    ip_address: &'a str,
    labels: &'a [String],
    environment_id: EnvironmentId,
    owner_id: UserId,
    public_key: Option<[u8; 32]>,
}

fn new_agent(new: NewAgent<'_>, context: &CommandContext<'_>) -> Agent {
    Agent {
        id: AgentId::new(),
        name: new.name.to_owned(),
        machine_name: new.machine_name.to_owned(),
        ip_address: new.ip_address.to_owned(),
        status: AgentStatus::Active,
        environment_id: new.environment_id,
        owner_id: new.owner_id,
        labels: sorted(new.labels),
        pool_ids: Vec::new(),
        drain_until: None,
        maintenance_windows: Vec::new(),
        slots: 0,
        public_key: new.public_key,
        quarantine: None,
        facts: AgentFacts::default(),
        registered_at: context.now,
        last_heartbeat: context.now,
        deleted_at: None,
        revision: 0,
    }
}

/// Registers an agent by hand; it connects once it is enrolled with a token made for it.
#[derive(Clone, Debug)]
pub struct RegisterAgent {
    /// Its name.
    pub name: String,
    /// The machine's host name.
    pub machine_name: String,
    /// The machine's address, or empty.
    pub ip_address: String,
    /// Where it works; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// What it can do.
    pub labels: Vec<String>,
}

#[async_trait]
impl Command for RegisterAgent {
    type Output = Agent;
    const NAME: &'static str = "agent.register";

    fn access(&self) -> Access {
        Access::Permission(Permission::EnrolAgents)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_name("machineName", &self.machine_name)?;
        check_address(&self.ip_address)?;
        self.labels.iter().try_for_each(|label| check_label("labels", label))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Agent>> {
        let environment = context.environment(self.environment_id).await?;
        let new = NewAgent {
            name: &self.name,
            machine_name: &self.machine_name,
            ip_address: &self.ip_address,
            labels: &self.labels,
            environment_id: environment.id,
            owner_id: context.user_id()?,
            public_key: None,
        };
        let agent = new_agent(new, context);
        let changes = Changes::none()
            .insert(Record::Agent(agent.clone()))
            .audited(context.audit("agent", agent.id, json!({"name": agent.name})))
            .event(Event::AgentChanged { agent_id: agent.id });
        Ok(Decision::new(changes, agent))
    }
}

/// Changes an agent.
#[derive(Clone, Debug)]
pub struct UpdateAgent {
    /// Which.
    pub id: AgentId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The new name.
    pub name: Option<String>,
    /// The new host name.
    pub machine_name: Option<String>,
    /// The new address.
    pub ip_address: Option<String>,
    /// What it may do.
    pub status: Option<AgentStatus>,
    /// What it can do.
    pub labels: Option<Vec<String>>,
    /// The pools that it is in.
    pub pool_ids: Option<Vec<PoolId>>,
    /// Until when it takes nothing new, if it is drained.
    pub drain_until: Option<Timestamp>,
    /// When it takes nothing new.
    pub maintenance_windows: Option<Vec<MaintenanceWindow>>,
}

impl UpdateAgent {
    /// A change of nothing.
    #[must_use]
    pub const fn new(id: AgentId) -> Self {
        Self {
            id,
            revision: None,
            name: None,
            machine_name: None,
            ip_address: None,
            status: None,
            labels: None,
            pool_ids: None,
            drain_until: None,
            maintenance_windows: None,
        }
    }
}

#[async_trait]
impl Command for UpdateAgent {
    type Output = Agent;
    const NAME: &'static str = "agent.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageAgents)
    }

    fn validate(&self) -> Result<()> {
        self.name.iter().try_for_each(|name| check_name("name", name))?;
        self.machine_name.iter().try_for_each(|name| check_name("machineName", name))?;
        self.ip_address.iter().try_for_each(|address| check_address(address))?;
        self.labels.iter().flatten().try_for_each(|label| check_label("labels", label))?;
        if self.labels.as_ref().is_some_and(|labels| labels.len() > MAX_LABELS) {
            return Err(Error::invalid_field("labels", format!("holds more than {MAX_LABELS} labels")));
        }
        if self.pool_ids.as_ref().is_some_and(|pools| pools.len() > MAX_POOLS) {
            return Err(Error::invalid_field("poolIds", format!("holds more than {MAX_POOLS} pools")));
        }
        if self.drain_until.is_some() && self.status != Some(AgentStatus::Draining) {
            return Err(Error::invalid_field(
                "drainUntil",
                "goes with the status Draining alone; set that too",
            ));
        }
        let windows = self.maintenance_windows.as_deref().unwrap_or_default();
        if windows.len() > MAX_WINDOWS {
            let why = format!("holds more than {MAX_WINDOWS} windows");
            return Err(Error::invalid_field("maintenanceWindows", why));
        }
        windows.iter().try_for_each(MaintenanceWindow::check)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Agent>> {
        let mut agent = load(context, self.id).await?;
        check_revision(self.revision, agent.revision)?;
        agent.name = self.name.clone().unwrap_or(agent.name);
        agent.machine_name = self.machine_name.clone().unwrap_or(agent.machine_name);
        agent.ip_address = self.ip_address.clone().unwrap_or(agent.ip_address);
        agent.status = self.status.unwrap_or(agent.status);
        agent.labels = self.labels.as_deref().map_or(agent.labels, sorted);
        if self.drain_until.is_some_and(|until| until <= context.now) {
            return Err(Error::invalid_field(
                "drainUntil",
                "has passed; leave it out or give a later instant",
            ));
        }
        if self.status.is_some() {
            agent.drain_until = self.drain_until;
        }
        if let Some(pools) = &self.pool_ids {
            agent.pool_ids = checked_pools(context, pools, agent.environment_id).await?;
        }
        if let Some(windows) = &self.maintenance_windows {
            agent.maintenance_windows.clone_from(windows);
        }
        let detail = json!({
            "name": agent.name,
            "status": agent.status,
            "labels": agent.labels,
            "poolIds": agent.pool_ids,
            "drainUntil": agent.drain_until,
            "maintenanceWindows": agent.maintenance_windows,
        });
        let changes = Changes::none()
            .update(Record::Agent(agent.clone()))
            .audited(context.audit("agent", agent.id, detail))
            .event(Event::AgentChanged { agent_id: agent.id });
        agent.revision += 1;
        Ok(Decision::new(changes, agent))
    }
}

/// The pools that an agent of an environment may be in; sorted, without repetition.
async fn checked_pools(
    context: &CommandContext<'_>,
    pools: &[PoolId],
    environment: EnvironmentId,
) -> Result<Vec<PoolId>> {
    let mut pools = pools.to_vec();
    pools.sort_unstable();
    pools.dedup();
    for id in &pools {
        let pool = context.store.agent_pool(*id).await?;
        let fits = pool.is_some_and(|pool| pool.deleted_at.is_none() && pool.environment_id == environment);
        if !fits {
            let why = "names a pool that is none of the agent's environment; list them first";
            return Err(Error::invalid_field("poolIds", why));
        }
    }
    Ok(pools)
}

/// Deletes an agent: its key is worth nothing from then on. What it runs ends by the lease rule.
#[derive(Clone, Debug)]
pub struct DeleteAgent {
    /// Which.
    pub id: AgentId,
}

#[async_trait]
impl Command for DeleteAgent {
    type Output = ();
    const NAME: &'static str = "agent.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::EnrolAgents)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut agent = load(context, self.id).await?;
        agent.deleted_at = Some(context.now);
        agent.status = AgentStatus::Disabled;
        agent.public_key = None;
        let mut changes = Changes::none();
        // A rollout would wait for it for ever.
        for update in context.store.open_agent_updates(self.id).await? {
            let (state, reason) = (AgentUpdateState::Cancelled, Some("the agent was deleted".to_owned()));
            let update = AgentUpdate { state, reason, changed_at: context.now, ..update };
            let event = Event::AgentRolloutChanged { rollout_id: update.rollout_id };
            changes = changes.update(Record::AgentUpdate(update)).event(event);
        }
        let changes = changes
            .audited(context.audit("agent", self.id, json!({"name": agent.name})))
            .update(Record::Agent(agent))
            .event(Event::AgentChanged { agent_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}

/// Makes a token that enrols one agent once.
#[derive(Clone, Debug)]
pub struct CreateEnrolmentToken {
    /// A registered agent that it is for; `None` makes a new one.
    pub agent_id: Option<AgentId>,
    /// Where a new agent works; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// What a new agent can do.
    pub labels: Vec<String>,
    /// How long the token is good; `None` is an hour, at most seven days.
    pub life: Option<Duration>,
}

/// A made token. The text is shown once and never again.
#[derive(Debug)]
pub struct MadeEnrolmentToken {
    /// The token's id.
    pub id: EnrolmentTokenId,
    /// The token.
    pub token: Secret<String>,
    /// After this instant it is no good.
    pub expires_at: crate::clock::Timestamp,
}

#[async_trait]
impl Command for CreateEnrolmentToken {
    type Output = MadeEnrolmentToken;
    const NAME: &'static str = "agent.enrolment_token";

    fn access(&self) -> Access {
        Access::Permission(Permission::EnrolAgents)
    }

    fn validate(&self) -> Result<()> {
        if self.life.is_some_and(|life| life.is_zero() || life > MAX_TOKEN_LIFE) {
            return Err(Error::invalid_field("expiresInSeconds", "is not between 1 second and 7 days"));
        }
        self.labels.iter().try_for_each(|label| check_label("labels", label))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<MadeEnrolmentToken>> {
        let environment_id = match self.agent_id {
            Some(id) => load(context, id).await?.environment_id,
            None => context.environment(self.environment_id).await?.id,
        };
        let life = self.life.unwrap_or(context.settings.enrolment_token_life);
        let made = OpaqueToken::generate("oa_enrol_")?;
        let token = EnrolmentToken {
            id: EnrolmentTokenId::new(),
            token_hash: made.hash,
            agent_id: self.agent_id,
            environment_id,
            labels: sorted(&self.labels),
            created_by: context.user_id()?,
            created_at: context.now,
            expires_at: context.now + TimeDelta::from_std(life).unwrap_or(TimeDelta::zero()),
            used_at: None,
            revision: 0,
        };
        let output = MadeEnrolmentToken { id: token.id, token: made.token, expires_at: token.expires_at };
        let detail = json!({"agentId": token.agent_id, "expiresAt": token.expires_at});
        let entry = context.audit("enrolmentToken", token.id, detail);
        Ok(Decision::new(Changes::none().insert(Record::EnrolmentToken(token)).audited(entry), output))
    }
}

/// Trades an enrolment token for a place of the agent's own key. The agent itself asks.
#[derive(Clone, Debug)]
pub struct EnrolAgent {
    /// The token.
    pub token: Secret<String>,
    /// The name of a new agent; `None` is the machine's.
    pub name: Option<String>,
    /// The machine's host name.
    pub machine_name: String,
    /// The machine's address, or empty.
    pub ip_address: String,
    /// The agent's Ed25519 public key.
    pub public_key: [u8; 32],
    /// The key's signature over [`ENROL_CONTEXT`] and the token.
    pub proof: Vec<u8>,
}

#[async_trait]
impl Command for EnrolAgent {
    type Output = Agent;
    const NAME: &'static str = "agent.enrol";

    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        self.name.iter().try_for_each(|name| check_name("name", name))?;
        check_name("machineName", &self.machine_name)?;
        check_address(&self.ip_address)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Agent>> {
        let refuse = || {
            Error::unauthenticated(
                "the enrolment token is unknown, used or expired; make a new one and try again",
            )
        };
        let token = context.store.enrolment_token(&token_hash(self.token.expose())).await?;
        let mut token = token.ok_or_else(refuse)?;
        if token.used_at.is_some() || token.expires_at <= context.now {
            return Err(refuse());
        }
        verify_agent_signature(&self.public_key, ENROL_CONTEXT, self.token.expose(), &self.proof)?;
        let (agent, record_agent) = match token.agent_id {
            Some(id) => {
                let mut agent = load(context, id).await?;
                agent.public_key = Some(self.public_key);
                // Of the key before.
                agent.quarantine = None;
                agent.machine_name.clone_from(&self.machine_name);
                let changes = Changes::none().update(Record::Agent(agent.clone()));
                agent.revision += 1;
                (agent, changes)
            }
            None => {
                let new = NewAgent {
                    name: self.name.as_deref().unwrap_or(&self.machine_name),
                    machine_name: &self.machine_name,
                    ip_address: &self.ip_address,
                    labels: &token.labels,
                    environment_id: token.environment_id,
                    owner_id: token.created_by,
                    public_key: Some(self.public_key),
                };
                let agent = new_agent(new, context);
                let changes = Changes::none().insert(Record::Agent(agent.clone()));
                (agent, changes)
            }
        };
        token.used_at = Some(context.now);
        let detail = json!({"name": agent.name, "enrolmentTokenId": token.id});
        let changes = record_agent
            .update(Record::EnrolmentToken(token))
            .audited(context.audit("agent", agent.id, detail))
            .event(Event::AgentChanged { agent_id: agent.id });
        Ok(Decision::new(changes, agent))
    }
}
