//! Many executions that a filter finds: cancelled or repeated one by one, each with its own audit entry.
//!
//! Each is a command of its own, since what runs changes all the time: one commit over all of them would be decided
//! again whenever one of them moved.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Idempotency, Orchestrator};
use crate::command::execution::{CancelExecution, RetryExecution};
use crate::domain::ExecutionState;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ExecutionId;
use crate::permission::{Access, Actor, Environments, Permission, authorize_somewhere};
use crate::query::{ExecutionFilter, PageRequest};

/// How many are done at the same time: they share their writes to the disk.
const AT_ONCE: usize = 32;

/// Which executions a bulk operation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, 1 to [`Selection::MAX`].
    Ids(Vec<ExecutionId>),
    /// Those that a filter finds, the newest first, at most `limit` of them.
    Matching {
        /// Which; it names something, since a filter that finds all is a mistake more often than a wish.
        filter: ExecutionFilter,
        /// How many at most, 1 to [`Selection::MAX`].
        limit: usize,
    },
}

impl Selection {
    /// The most at once.
    pub const MAX: usize = 10_000;

    fn check(&self) -> Result<()> {
        let (field, number) = match self {
            Self::Ids(ids) => ("ids", ids.len()),
            Self::Matching { filter, limit } => {
                if *filter
                    == (ExecutionFilter { states: filter.states.clone(), ..ExecutionFilter::default() })
                {
                    let message =
                        "would be all executions; name a package, an environment, an agent or a schedule";
                    return Err(Error::invalid_field("select", message));
                }
                ("limit", *limit)
            }
        };
        if (1..=Self::MAX).contains(&number) {
            return Ok(());
        }
        Err(Error::invalid_field(field, format!("is {number}; 1 to {} go at once", Self::MAX)))
    }
}

/// What became of a bulk operation.
#[derive(Debug, Default)]
pub struct BulkOutcome {
    /// What was done: the executions that were cancelled, or the new ones.
    pub done: Vec<ExecutionId>,
    /// What could not be done, and why. One that had ended by itself before its cancel is not among them.
    pub refused: Vec<(ExecutionId, Error)>,
    /// Whether the filter finds more than the limit allowed.
    pub more: bool,
}

impl Orchestrator {
    /// Asks for the end of all executions that are selected and have not ended.
    ///
    /// Dropping the future leaves those undone that were not reached; the same call again goes on.
    ///
    /// # Errors
    /// `Invalid` for a selection of nothing or everything; `Forbidden`; `Unavailable` if the store does not answer,
    /// when some may have been cancelled.
    pub async fn cancel_all(&self, actor: &Actor, selection: Selection) -> Result<BulkOutcome> {
        let is_open = |state: ExecutionState| !state.is_terminal();
        let where_to = authorize_somewhere(actor, Access::Permission(Permission::CancelExecutions))?;
        self.each_selected(&where_to, selection, is_open, |id| async move {
            match self.execute(actor, CancelExecution { id }).await {
                Ok(_) => Ok(Some(id)),
                Err(error) if error.code() == "execution.ended" => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Asks once more for all executions that are selected and ended other than well.
    ///
    /// With a key, the same call again makes none a second time. Dropping the future leaves those undone that were
    /// not reached.
    ///
    /// # Errors
    /// As [`Orchestrator::cancel_all`].
    pub async fn retry_all(
        &self,
        actor: &Actor,
        idempotency: Option<Idempotency>,
        selection: Selection,
        active_version: bool,
    ) -> Result<BulkOutcome> {
        let idempotency = idempotency.as_ref();
        let is_failure = |state: ExecutionState| state.is_terminal() && state != ExecutionState::Succeeded;
        let where_to = authorize_somewhere(actor, Access::Permission(Permission::RunExecutions))?;
        self.each_selected(&where_to, selection, is_failure, |id| async move {
            let key = idempotency.map(|asked| part_of(asked, id)).transpose()?;
            let command = RetryExecution { active_version, ..RetryExecution::new(id) };
            self.execute_once(actor, key, command).await.map(|execution| Some(execution.id))
        })
        .await
    }

    async fn each_selected<F>(
        &self,
        environments: &Environments,
        selection: Selection,
        is_meant: impl Fn(ExecutionState) -> bool,
        one: impl Fn(ExecutionId) -> F,
    ) -> Result<BulkOutcome>
    where
        F: Future<Output = Result<Option<ExecutionId>>>,
    {
        selection.check()?;
        let mut outcome = BulkOutcome::default();
        let ids = match selection {
            Selection::Ids(mut ids) => {
                let mut seen = HashSet::new();
                ids.retain(|id| seen.insert(*id));
                ids
            }
            Selection::Matching { filter, limit } => {
                let filters = within(environments, filter);
                let (ids, more) = self.matching(filters, limit, is_meant).await?;
                outcome.more = more;
                ids
            }
        };
        let mut results = futures_util::stream::iter(ids)
            .map(|id| {
                let result = one(id);
                async move { (id, result.await) }
            })
            .buffered(AT_ONCE);
        while let Some((id, result)) = results.next().await {
            match result {
                Ok(done) => outcome.done.extend(done),
                Err(error) if stops_all(&error, environments) => return Err(error),
                Err(error) => outcome.refused.push((id, error)),
            }
        }
        Ok(outcome)
    }

    /// The newest that the filter finds in states that are meant, and whether there are more.
    async fn matching(
        &self,
        filters: Vec<ExecutionFilter>,
        limit: usize,
        is_meant: impl Fn(ExecutionState) -> bool,
    ) -> Result<(Vec<ExecutionId>, bool)> {
        let mut ids = Vec::new();
        for mut filter in filters {
            if filter.states.is_empty() {
                filter.states.extend(ExecutionState::ALL);
            }
            filter.states.retain(|state| is_meant(*state));
            let mut after = None;
            while !filter.states.is_empty() && ids.len() <= limit {
                let page =
                    self.store().executions(&filter, PageRequest::new(after, PageRequest::MAX)).await?;
                ids.extend(page.items.into_iter().map(|execution| execution.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        let more = ids.len() > limit;
        ids.truncate(limit);
        Ok((ids, more))
    }
}

/// Whether the rest would fare no better.
fn stops_all(error: &Error, environments: &Environments) -> bool {
    match error.kind() {
        // Whoever may in some environments only may one of them and not another.
        ErrorKind::Forbidden => *environments == Environments::Everywhere,
        ErrorKind::Unauthenticated | ErrorKind::Unavailable => true,
        _ => false,
    }
}

/// The filter for each of the environments in which the actor may.
fn within(environments: &Environments, filter: ExecutionFilter) -> Vec<ExecutionFilter> {
    let Environments::Only(allowed) = environments else { return vec![filter] };
    let allowed = allowed.iter().filter(|id| filter.environment_id.is_none_or(|asked| asked == **id));
    allowed.map(|id| ExecutionFilter { environment_id: Some(*id), ..filter.clone() }).collect()
}

/// The key of one part of what was asked under a key.
fn part_of(asked: &Idempotency, id: ExecutionId) -> Result<Idempotency> {
    let key = Sha256::new().chain_update(asked.key.as_bytes()).chain_update(id.to_string());
    Idempotency::new(hex::encode(key.finalize()), asked.fingerprint)
}
