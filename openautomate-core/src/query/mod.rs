//! What lists are asked with: keyset pages and filters.
//!
//! Lists are read newest first, by id (UUIDv7 sorts by creation), so a page costs the same at any depth.

pub mod within;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::domain::{ApprovalState, ExecutionState, RolloutState, WorkItemState};
use crate::error::Error;
use crate::id::{AgentId, EnvironmentId, ExecutionId, PackageId, ScheduleId, VersionId, WorkItemId};

/// Where the next page begins: after this id. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Uuid);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| Uuid::from_slice(&bytes).ok())
            .map(Self)
            .ok_or_else(|| Error::invalid_field("cursor", "is not a cursor that a page gave"))
    }
}

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins; `None` is the newest.
    pub after: Option<Cursor>,
    /// How many items at most, 1 to [`PageRequest::MAX`].
    pub limit: u32,
}

impl PageRequest {
    /// The largest page.
    pub const MAX: u32 = 200;

    /// A page; the limit is kept within 1 and [`PageRequest::MAX`].
    #[must_use]
    pub fn new(after: Option<Cursor>, limit: u32) -> Self {
        Self { after, limit: limit.clamp(1, Self::MAX) }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::new(None, 50)
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` items: the one too many shows that there is a next page.
    pub fn from_overfetch(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = if more { items.last().map(|last| Cursor(id(last))) } else { None };
        Self { items, next }
    }

    /// The page with each item converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next: self.next }
    }
}

/// Which executions. An empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// Of this package.
    pub package_id: Option<PackageId>,
    /// In this environment.
    pub environment_id: Option<EnvironmentId>,
    /// Last leased to this agent.
    pub agent_id: Option<AgentId>,
    /// Made by this schedule.
    pub schedule_id: Option<ScheduleId>,
    /// In one of these states; empty means any.
    pub states: Vec<ExecutionState>,
}

/// Which rollouts. An empty filter means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolloutFilter {
    /// Of this package.
    pub package_id: Option<PackageId>,
    /// To this environment.
    pub environment_id: Option<EnvironmentId>,
    /// Of this version.
    pub version_id: Option<VersionId>,
    /// In this state.
    pub state: Option<RolloutState>,
}

/// Which items of a work queue. An empty filter means all but the deleted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkItemFilter {
    /// In one of these states; empty means any but `Deleted`.
    pub states: Vec<WorkItemState>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// Added by the completion of this item.
    pub parent_id: Option<WorkItemId>,
}

/// Which firings of a schedule. An empty filter means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FiringFilter {
    /// Due at this instant or later.
    pub from: Option<Timestamp>,
    /// Due before this instant.
    pub before: Option<Timestamp>,
}

/// Which approvals. An empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// Of this execution.
    pub execution_id: Option<ExecutionId>,
    /// In this state.
    pub state: Option<ApprovalState>,
}

/// Which audit entries. An empty filter means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// With this action.
    pub action: Option<String>,
    /// By the actor with this id.
    pub actor_id: Option<String>,
    /// About the object with this id.
    pub object_id: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor(Uuid::now_v7());
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        assert!("nonsense!".parse::<Cursor>().is_err());
    }

    #[test]
    fn one_too_many_shows_the_next_page() {
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let page = Page::from_overfetch(ids.clone(), 2, |id| *id);
        assert_eq!((page.items.len(), page.next), (2, Some(Cursor(ids[1]))));
        assert_eq!(Page::from_overfetch(ids, 3, |id| *id).next, None);
    }
}
