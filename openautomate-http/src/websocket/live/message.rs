//! What is said on a live connection.

use openautomate_core::domain::{ExecutionState, Progress};
use openautomate_core::id::ExecutionId;
use openautomate_core::permission::Permission;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::route::logs::LineView;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Ask {
    /// Tell me of this from now on.
    Subscribe {
        /// The client's own number for it.
        id: u32,
        /// What.
        topic: AskedTopic,
        /// Whose log.
        #[serde(default)]
        execution_id: Option<ExecutionId>,
        /// After which line of it.
        #[serde(default)]
        after: Option<String>,
    },
    /// No more of this.
    Unsubscribe {
        /// The number.
        id: u32,
    },
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum AskedTopic {
    /// The log of one execution.
    Log,
    /// What changes of all of a kind.
    #[serde(untagged)]
    Kind(Topic),
}

/// A kind of thing that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Topic {
    Executions,
    Agents,
    Packages,
    Schedules,
    Triggers,
    Approvals,
    Queues,
}

impl Topic {
    /// Who may hear of it: whoever may read it.
    pub(super) const fn permission(self) -> Permission {
        match self {
            Self::Executions | Self::Approvals => Permission::ReadExecutions,
            Self::Agents => Permission::ReadAgents,
            Self::Packages => Permission::ReadPackages,
            Self::Schedules => Permission::ReadSchedules,
            Self::Triggers => Permission::ReadTriggers,
            Self::Queues => Permission::ReadQueues,
        }
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Said {
    /// It will be told from now on.
    Subscribed { id: u32 },
    /// It will not be told, or no more.
    Refused { id: u32, code: &'static str, detail: String },
    /// These changed.
    Changed { id: u32, items: Vec<Changed>, missed: bool },
    /// The next lines of a log.
    Lines { id: u32, lines: Vec<LineView> },
    /// There are no more lines.
    Complete { id: u32 },
}

/// One thing that changed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Changed {
    pub(super) id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<ExecutionState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) progress: Option<Progress>,
}
