//! Environments: development, testing, production, or the user's own.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::ActorRef;
use crate::id::EnvironmentId;
use crate::package::signature::PublicKey;

/// An environment. Agents, executions, schedules and assets live in one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// The id.
    pub id: EnvironmentId,
    /// The name, unique without regard to case.
    pub name: String,
    /// Whether it is meant where a request names none; exactly one is.
    pub is_default: bool,
    /// The authors whose versions are deployed and run here; if there are none, everybody's are.
    #[serde(default)]
    pub author_keys: Vec<PublicKey>,
    /// How many of its executions may be with agents at once; `None` is no limit.
    #[serde(default)]
    pub max_concurrent: Option<u32>,
    /// Whether a version is deployed here only when somebody else than who asked has agreed.
    #[serde(default)]
    pub four_eyes: bool,
    /// Why nothing is given to its agents, if somebody paused it; one that is over counts no more.
    #[serde(default)]
    pub pause: Option<EnvironmentPause>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}

/// A pause of an environment: what runs goes on, and nothing new is given to agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentPause {
    /// When it began.
    pub at: Timestamp,
    /// Who paused it.
    pub by: ActorRef,
    /// Why.
    pub reason: String,
    /// When it ends by itself; `None` until somebody resumes it.
    pub until: Option<Timestamp>,
}

impl Environment {
    /// The pause that holds at an instant.
    #[must_use]
    pub fn paused(&self, now: Timestamp) -> Option<&EnvironmentPause> {
        self.pause.as_ref().filter(|pause| pause.until.is_none_or(|until| until > now))
    }
}
