//! Triggers: what makes executions when something happens, and what each of them did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::domain::{ExecutionState, FolderSource, QueueSource};
use crate::id::{EnvironmentId, ExecutionId, PackageId, TriggerId, UserId};

/// How the sender of a webhook proves who it is. All of them are HMAC-SHA-256 under the trigger's secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WebhookStyle {
    /// `X-OpenAutomate-Signature: sha256=<hex>` over `<X-OpenAutomate-Timestamp>.<body>`, within five minutes.
    #[default]
    Timestamped,
    /// `X-Hub-Signature-256: sha256=<hex>` over the body, as GitHub and others send it. It says nothing of the
    /// time, so the same body is taken once for as long as firings are kept.
    Github,
}

/// Which ends of an execution count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndedAs {
    /// It succeeded.
    #[default]
    Success,
    /// It failed or ran out of time.
    Failure,
    /// Any end, a cancel too.
    Any,
}

impl EndedAs {
    /// The states that count.
    #[must_use]
    pub const fn states(self) -> &'static [ExecutionState] {
        use ExecutionState as S;
        match self {
            Self::Success => &[S::Succeeded],
            Self::Failure => &[S::Failed, S::TimedOut],
            Self::Any => &[S::Succeeded, S::Failed, S::Cancelled, S::TimedOut],
        }
    }
}

/// What a trigger waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum TriggerSource {
    /// A signed request to `/api/hooks/{id}`.
    Webhook {
        /// How it is signed.
        style: WebhookStyle,
    },
    /// The end of an execution of a package in the trigger's environment.
    ExecutionFinished {
        /// Of which package.
        package_id: PackageId,
        /// Which ends.
        on: EndedAs,
    },
    /// Items that wait in a work queue of the trigger's environment.
    WorkQueue(QueueSource),
    /// A file that arrives in a folder of an agent.
    FileArrival(FolderSource),
}

/// What somebody has to look at for a trigger, since nothing comes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WatchKind {
    /// A work queue.
    WorkQueue,
    /// A folder of an agent.
    FileArrival,
}

impl TriggerSource {
    /// The package whose executions are waited for.
    #[must_use]
    pub const fn package_id(&self) -> Option<PackageId> {
        match self {
            Self::ExecutionFinished { package_id, .. } => Some(*package_id),
            _ => None,
        }
    }

    /// The ends that are waited for; none for what waits for something else.
    #[must_use]
    pub const fn states(&self) -> &'static [ExecutionState] {
        match self {
            Self::ExecutionFinished { on, .. } => on.states(),
            _ => &[],
        }
    }

    /// What has to be looked at, if anything has.
    #[must_use]
    pub const fn watched(&self) -> Option<WatchKind> {
        match self {
            Self::WorkQueue(_) => Some(WatchKind::WorkQueue),
            Self::FileArrival(_) => Some(WatchKind::FileArrival),
            Self::Webhook { .. } | Self::ExecutionFinished { .. } => None,
        }
    }
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The id.
    pub id: TriggerId,
    /// A name for people.
    pub name: String,
    /// What is run: its active version when it fires.
    pub package_id: PackageId,
    /// Where.
    pub environment_id: EnvironmentId,
    /// What it waits for.
    pub source: TriggerSource,
    /// Inputs that are the same each time.
    pub inputs: Map<String, Value>,
    /// Further inputs by name, each with the place of its value in what the source tells: a JSON Pointer (RFC
    /// 6901). What is not there is left out.
    pub mapping: BTreeMap<String, String>,
    /// An inactive trigger does not fire.
    pub is_active: bool,
    /// The sealed secret of a webhook (`crate::vault::Sealed::to_bytes`). Never serialized.
    #[serde(skip)]
    pub sealed: Option<Vec<u8>>,
    /// Who made it.
    pub created_by_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

impl Trigger {
    /// Whether it fires.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.is_active && self.deleted_at.is_none()
    }
}

/// What a trigger made of one happening. Unique by trigger and key: that is why each happening counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerFiring {
    /// Which trigger.
    pub trigger_id: TriggerId,
    /// What happened: the signature of a webhook, the id of the execution that ended, the number of a turn and of the
    /// execution in it (`7.1`), the fingerprint of a file.
    pub key: String,
    /// The execution that ended, where that is what happened.
    pub after: Option<ExecutionId>,
    /// When it was decided.
    pub fired_at: Timestamp,
    /// The execution that it made; `None` if it made none.
    pub execution_id: Option<ExecutionId>,
    /// Why it made none: `inactive`, `noActiveVersion`, `untrustedVersion`, `invalidInputs`, `invalidOptions`
    /// if it can't be placed as the package says, or `depthLimit`.
    pub skipped: Option<String>,
}

/// An execution that ended and that a trigger has not dealt with yet. Stores note it with the end itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueTrigger {
    /// Which trigger.
    pub trigger_id: TriggerId,
    /// Which execution.
    pub execution_id: ExecutionId,
}
