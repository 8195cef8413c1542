//! Agents: the machines that run automations.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::MaintenanceWindow;
use crate::id::{AgentId, EnrolmentTokenId, EnvironmentId, PoolId, UserId};

/// What an agent may do, as an operator set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AgentStatus {
    /// Takes work when it is connected.
    Active,
    /// Finishes what it has and takes nothing new.
    Draining,
    /// May not connect.
    Disabled,
}

/// What an agent tells of its machine when it connects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentFacts {
    /// The version of the agent program.
    #[serde(default)]
    pub agent_version: String,
    /// `linux` or `windows`, as in `std::env::consts::OS`.
    #[serde(default)]
    pub os: String,
    /// As in `std::env::consts::ARCH`.
    #[serde(default)]
    pub arch: String,
    /// The Python versions found, as in `3.12.1`.
    #[serde(default)]
    pub python_versions: Vec<String>,
    /// How many processors it has.
    #[serde(default)]
    pub cpus: u32,
    /// Its memory in bytes; 0 if it does not tell.
    #[serde(default)]
    pub memory_bytes: u64,
    /// The disk that its data lies on, in bytes; 0 if it does not tell.
    #[serde(default)]
    pub disk_bytes: u64,
    /// Whether it takes releases from its server: it trusts a release key, and something restarts it.
    #[serde(default)]
    pub is_updatable: bool,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The id.
    pub id: AgentId,
    /// The name, unique without regard to case among those not deleted.
    pub name: String,
    /// The machine's host name.
    pub machine_name: String,
    /// The machine's address, as it was registered.
    pub ip_address: String,
    /// What it may do.
    pub status: AgentStatus,
    /// Where it works.
    pub environment_id: EnvironmentId,
    /// Who registered it, or made the token that enrolled it.
    pub owner_id: UserId,
    /// What it can do; executions may require labels. Sorted, without repetition.
    pub labels: Vec<String>,
    /// The pools that it is in. Sorted, without repetition.
    #[serde(default)]
    pub pool_ids: Vec<PoolId>,
    /// Until when a draining agent takes nothing new; `None` until somebody makes it active.
    #[serde(default)]
    pub drain_until: Option<Timestamp>,
    /// When it takes nothing new.
    #[serde(default)]
    pub maintenance_windows: Vec<MaintenanceWindow>,
    /// How many executions it runs at once, as it last told.
    pub slots: u32,
    /// Its Ed25519 public key; `None` until it is enrolled.
    pub public_key: Option<[u8; 32]>,
    /// What it told of its machine.
    pub facts: AgentFacts,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it was last heard of; written at most every few seconds.
    pub last_heartbeat: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change that a command makes (not with heartbeats).
    pub revision: i64,
}

/// A token that enrols one agent, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentToken {
    /// The id.
    pub id: EnrolmentTokenId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The registered agent that it is for; `None` makes a new one.
    pub agent_id: Option<AgentId>,
    /// The environment of a new agent.
    pub environment_id: EnvironmentId,
    /// The labels of a new agent.
    pub labels: Vec<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}
