//! How far an agent is with a version that was deployed where it works.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AgentId, VersionId};

/// How far an agent is with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PreparationState {
    /// It was told of it, and does something else first.
    Waiting,
    /// It fetches the package.
    Fetching,
    /// It makes the package's Python environment.
    Building,
    /// A run can begin at once.
    Ready,
    /// It could not be made ready; a run tries again.
    Failed,
}

/// An agent's last word on a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentPreparation {
    /// Which agent.
    pub agent_id: AgentId,
    /// Which version.
    pub version_id: VersionId,
    /// How far it is.
    pub state: PreparationState,
    /// Why it failed.
    pub reason: Option<String>,
    /// When the agent said so.
    pub at: Timestamp,
}

impl AgentPreparation {
    /// The longest reason that is kept, in characters.
    pub const MAX_REASON: usize = 1_000;
    /// How many versions an agent may tell of at once.
    pub const MAX_TOLD: usize = 1_000;
    /// How many days a word is kept that was not said again.
    pub const DAYS: i64 = 90;

    /// How long a word is kept that was not said again.
    #[must_use]
    pub const fn kept_for() -> TimeDelta {
        TimeDelta::days(Self::DAYS)
    }

    /// Whether it takes the place of what is kept: it is no older, and says something else, or the same a day later.
    #[must_use]
    pub fn replaces(&self, kept: &Self) -> bool {
        let is_news = self.state != kept.state || self.reason != kept.reason;
        self.at >= kept.at && (is_news || self.at - kept.at > TimeDelta::days(1))
    }
}
