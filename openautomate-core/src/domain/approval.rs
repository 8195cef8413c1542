//! Approvals: questions to people, for whose answers an execution waits without holding a slot.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::domain::Role;
use crate::id::{ApprovalId, ExecutionId, UserId};

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalState {
    /// Nobody has answered.
    Waiting,
    /// Somebody, or the default, said yes.
    Approved,
    /// Somebody, or the default, said no.
    Rejected,
    /// The execution ended before there was an answer.
    Withdrawn,
}

impl ApprovalState {
    /// The state that an answer makes.
    #[must_use]
    pub const fn answered(approve: bool) -> Self {
        if approve { Self::Approved } else { Self::Rejected }
    }
}

/// What a run asks people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalQuestion {
    /// Which question of the execution.
    pub key: String,
    /// What is asked.
    pub question: String,
    /// What whoever answers has to know.
    #[serde(default)]
    pub data: Value,
    /// The names of the only people who may answer; empty for all who may answer approvals.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// The role that whoever answers must have, besides.
    #[serde(default)]
    pub role: Option<Role>,
    /// After how many seconds the default is taken for an answer.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// Whether the default is a yes.
    #[serde(default)]
    pub default_approve: bool,
}

/// A question of an execution to people. Unique by execution and key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The id.
    pub id: ApprovalId,
    /// Whose question.
    pub execution_id: ExecutionId,
    /// Which question of the execution: a name that the automation gave, or `#` and the number of the call.
    pub key: String,
    /// The attempt that asked last.
    pub epoch: u32,
    /// What is asked.
    pub question: String,
    /// What whoever answers has to know.
    pub data: Value,
    /// The only people who may answer; empty for all who may answer approvals.
    pub approvers: Vec<UserId>,
    /// The role that whoever answers must have, besides.
    pub role: Option<Role>,
    /// When the default is taken for an answer.
    pub expires_at: Option<Timestamp>,
    /// Whether the default is a yes.
    pub default_approve: bool,
    /// Where it stands.
    pub state: ApprovalState,
    /// What whoever answered said of it.
    pub comment: String,
    /// Who answered; `None` for the default.
    pub answered_by_id: Option<UserId>,
    /// When.
    pub answered_at: Option<Timestamp>,
    /// When it was asked first.
    pub created_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}
