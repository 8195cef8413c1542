//! Why an execution does not run, as data.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::{ActorRef, ConcurrencyScope, ExecutionState, Mismatch, PreparationState, Rest};
use crate::id::{AgentId, ExecutionId};

/// Why an execution does not run at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Which execution.
    pub execution_id: ExecutionId,
    /// Where it stands.
    pub state: ExecutionState,
    /// As of when.
    pub at: Timestamp,
    /// Everything that holds it back; nothing if the next agent with a free slot that suits it gets it, after those
    /// that come before.
    pub reasons: Vec<HoldReason>,
    /// How many executions of its environment that are due come before it; `None` if it is not `Pending`.
    pub ahead: Option<u64>,
}

/// One thing that holds an execution back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum HoldReason {
    /// It has ended.
    Ended,
    /// An agent has it.
    Leased {
        /// Which.
        agent_id: AgentId,
        /// Until when, unless it is renewed.
        lease_until: Timestamp,
    },
    /// The agent that has it makes its version ready first, or can't.
    VersionNotReady {
        /// Which agent.
        agent_id: AgentId,
        /// How far the agent is.
        state: PreparationState,
        /// Why it failed.
        reason: Option<String>,
        /// Since when.
        since: Timestamp,
    },
    /// Its environment is paused.
    EnvironmentPaused {
        /// Since when.
        at: Timestamp,
        /// Who paused it.
        by: ActorRef,
        /// Why.
        reason: String,
        /// When it ends by itself; `None` until somebody resumes it.
        until: Option<Timestamp>,
    },
    /// It was asked for a later time.
    RunAtLater {
        /// Which.
        run_at: Timestamp,
    },
    /// It waits for its next attempt.
    BackOff {
        /// Until when.
        until: Timestamp,
        /// How many attempts failed.
        failed_attempts: u32,
    },
    /// It asked people, and nobody has answered.
    Approval,
    /// It waited too long and ends in a moment.
    Overdue,
    /// A limit leaves no place.
    Limit {
        /// Of what.
        scope: ConcurrencyScope,
        /// The key, if it is of one.
        key: Option<String>,
        /// How many may be with agents at once.
        limit: u32,
        /// How many are.
        held: u64,
        /// Some of them, the oldest first.
        held_by: Vec<ExecutionId>,
    },
    /// The environment has no agent.
    NoAgent,
    /// No agent of the environment suits it.
    NoSuitableAgent {
        /// How many there are.
        agents: u64,
        /// What they lack, the most frequent first; an agent may lack several things.
        lacking: Vec<Lack>,
    },
    /// Agents that suit it take nothing new.
    AgentsResting {
        /// Some of them.
        agents: Vec<RestingAgent>,
        /// How many there are.
        count: u64,
    },
    /// Agents that suit it are not connected.
    AgentsAway {
        /// Some of them.
        agents: Vec<AgentId>,
        /// How many there are.
        count: u64,
        /// When the last of them was heard of.
        since: Timestamp,
    },
    /// Agents that suit it have no free slot.
    SlotsHeld {
        /// Some of them.
        agents: Vec<AgentId>,
        /// How many there are.
        count: u64,
        /// Some of the executions that hold the slots, the oldest first.
        held_by: Vec<ExecutionId>,
    },
}

/// How many agents lack something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lack {
    /// What.
    pub mismatch: Mismatch,
    /// How many.
    pub agents: u64,
}

/// An agent that takes nothing new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestingAgent {
    /// Which.
    pub agent_id: AgentId,
    /// Why.
    pub rest: Rest,
}

impl HoldReason {
    /// It as a sentence.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Ended => "It has ended.".to_owned(),
            Self::Leased { agent_id, .. } => format!("The agent {agent_id} has it."),
            Self::VersionNotReady { agent_id, state, reason, .. } => {
                let agent = format!("the agent {agent_id}");
                match (state, reason) {
                    (PreparationState::Failed, Some(reason)) => {
                        format!("Its version could not be made ready on {agent}: {reason}.")
                    }
                    (PreparationState::Failed, None) => {
                        format!("Its version could not be made ready on {agent}.")
                    }
                    (PreparationState::Fetching, _) => format!("Its version is being fetched by {agent}."),
                    (PreparationState::Building, _) => {
                        format!("The Python environment of its version is being made by {agent}.")
                    }
                    _ => format!("Its version waits to be made ready by {agent}."),
                }
            }
            Self::EnvironmentPaused { by, reason, until, .. } => {
                let until = until.map(|until| format!(" until {}", until.to_rfc3339())).unwrap_or_default();
                format!("Its environment was paused by {}{until}: {reason}.", by.name)
            }
            Self::RunAtLater { run_at } => format!("It was asked for {}.", run_at.to_rfc3339()),
            Self::BackOff { until, failed_attempts } => {
                let until = until.to_rfc3339();
                format!("{failed_attempts} attempts failed; the next one is due at {until}.")
            }
            Self::Approval => "It waits for somebody to answer; see its approvals.".to_owned(),
            Self::Overdue => "It waited longer than it may and ends in a moment.".to_owned(),
            Self::Limit { scope, key, limit, held, .. } => {
                let of = match (scope, key) {
                    (ConcurrencyScope::Key, Some(key)) => format!("with the key {key}"),
                    (ConcurrencyScope::Package, _) => "of its package".to_owned(),
                    _ => "of its environment".to_owned(),
                };
                format!("{held} executions {of} are with agents, and {limit} may be at once.")
            }
            Self::NoAgent => "Its environment has no agent; enrol one.".to_owned(),
            Self::NoSuitableAgent { agents, lacking } => {
                let lacking: Vec<String> = lacking.iter().map(Lack::message).collect();
                format!("None of the {agents} agents of its environment suits it: {}.", lacking.join(", "))
            }
            Self::AgentsResting { count, .. } => {
                format!(
                    "{count} agents that suit it take nothing new: they are drained, disabled or maintained."
                )
            }
            Self::AgentsAway { count, since, .. } => {
                let since = since.to_rfc3339();
                format!("{count} agents that suit it are not connected; the last was heard of at {since}.")
            }
            Self::SlotsHeld { count, .. } => format!("{count} agents that suit it have no free slot."),
        }
    }
}

impl Lack {
    fn message(&self) -> String {
        let agents = self.agents;
        match &self.mismatch {
            Mismatch::Environment => format!("{agents} work elsewhere"),
            Mismatch::Pinned => format!("{agents} are not the one that it is pinned to"),
            Mismatch::Label { label } => format!("{agents} lack the label {label}"),
            Mismatch::Os => format!("{agents} have another operating system"),
            Mismatch::Python => format!("{agents} have no Python that it may run on"),
            Mismatch::Pool => format!("{agents} are not in its pool"),
        }
    }
}
