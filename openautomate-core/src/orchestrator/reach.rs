//! The last look at what a command of somebody decided who may do it in some environments only: whatever its handler
//! forgot to ask, nothing is written that is of another one.

use std::collections::HashMap;

use crate::changes::{Changes, Place, Record, Write};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, WorkItemId, WorkQueueId};
use crate::permission::{Actor, Environments};
use crate::store::Store;

/// Checks that all that is written is of these environments, before and after. What is of none is refused, but for a row
/// that is written as it is (which raises its revision), and for what belongs to the actor.
///
/// # Errors
/// `Forbidden`; `Unavailable` if the store does not answer.
pub(super) async fn check(
    store: &dyn Store,
    actor: &Actor,
    environments: &Environments,
    changes: &Changes,
) -> Result<()> {
    let Environments::Only(allowed) = environments else { return Ok(()) };
    let mut reach = Reach { store, known: HashMap::new(), items: HashMap::new() };
    for write in &changes.writes {
        if let Write::Insert(record) = write {
            reach.add(record);
        }
    }
    for write in &changes.writes {
        for place in reach.places(write).await? {
            let may = match place {
                Place::Own(id) => actor.user_id() == Some(id),
                place => reach.environment(place).await?.is_some_and(|id| allowed.contains(&id)),
            };
            if !may {
                tracing::warn!(?place, "a command wrote outside of what its actor may");
                return Err(Error::forbidden(
                    "this would change something outside of the environments in which you may do this",
                ));
            }
        }
    }
    Ok(())
}

struct Reach<'a> {
    store: &'a dyn Store,
    /// What is written anew, and what was looked up.
    known: HashMap<Place, Option<EnvironmentId>>,
    /// The queues of work items that are written anew.
    items: HashMap<WorkItemId, WorkQueueId>,
}

impl Reach<'_> {
    /// Notes where a new row is: the store does not know it yet.
    fn add(&mut self, record: &Record) {
        let (name, here) = match record {
            Record::Execution(row) => (Place::Execution(row.id), row.environment_id),
            Record::Schedule(row) => (Place::Schedule(row.id), row.environment_id),
            Record::Trigger(row) => (Place::Trigger(row.id), row.environment_id),
            Record::WorkQueue(row) => (Place::Queue(row.id), row.environment_id),
            Record::Agent(row) => (Place::Agent(row.id), row.environment_id),
            Record::Asset(row) => (Place::Asset(row.id), row.environment_id),
            Record::WorkItem(row) => {
                self.items.insert(row.id, row.queue_id);
                return;
            }
            _ => return,
        };
        self.known.insert(name, Some(here));
    }

    /// Each place where a write takes effect.
    async fn places(&self, write: &Write) -> Result<Vec<Place>> {
        let after = write.place();
        let Write::Update(record) = write else { return Ok(vec![after]) };
        Ok(match self.stored(record).await? {
            Some(stored) if after == Place::Nowhere && is_raised(&stored, record) => Vec::new(),
            Some(stored) if stored.place() != after => vec![stored.place(), after],
            _ => vec![after],
        })
    }

    /// The row as it is; `None` if it is not there, or of a kind that is in no environment and never written as it is.
    async fn stored(&self, record: &Record) -> Result<Option<Record>> {
        let store = self.store;
        Ok(match record {
            Record::Agent(row) => store.agent(row.id).await?.map(Record::Agent),
            Record::AgentPool(row) => store.agent_pool(row.id).await?.map(Record::AgentPool),
            Record::Deployment(row) => {
                let there = store.deployments(row.package_id).await?;
                there.into_iter().find(|one| one.id == row.id).map(Record::Deployment)
            }
            Record::Rollout(row) => store.rollout(row.id).await?.map(Box::new).map(Record::Rollout),
            Record::Execution(row) => store.execution(row.id).await?.map(Box::new).map(Record::Execution),
            Record::Schedule(row) => store.schedule(row.id).await?.map(Box::new).map(Record::Schedule),
            Record::Trigger(row) => store.trigger(row.id).await?.map(Box::new).map(Record::Trigger),
            Record::Approval(row) => store.approval(row.id).await?.map(Box::new).map(Record::Approval),
            Record::Asset(row) => store.asset(row.id).await?.map(Record::Asset),
            Record::InputFile(row) => store.file(row.id).await?.map(Record::InputFile),
            Record::WorkQueue(row) => store.work_queue(row.id).await?.map(Box::new).map(Record::WorkQueue),
            Record::WorkItem(row) => store.work_item(row.id).await?.map(Box::new).map(Record::WorkItem),
            Record::Bucket(row) => store.bucket(row.id).await?.map(Record::Bucket),
            Record::Calendar(row) => store.calendar(row.id).await?.map(Record::Calendar),
            // An environment is where it is; of an enrolment token and of an update of an agent nothing moves.
            _ => None,
        })
    }

    async fn environment(&mut self, place: Place) -> Result<Option<EnvironmentId>> {
        if let Some(known) = self.known.get(&place) {
            return Ok(*known);
        }
        let found = self.look_up(place).await?;
        self.known.insert(place, found);
        Ok(found)
    }

    async fn look_up(&self, place: Place) -> Result<Option<EnvironmentId>> {
        let store = self.store;
        Ok(match place {
            Place::Environment(id) => Some(id),
            Place::Execution(id) => store.execution(id).await?.map(|row| row.environment_id),
            Place::Schedule(id) => store.schedule(id).await?.map(|row| row.environment_id),
            Place::Trigger(id) => store.trigger(id).await?.map(|row| row.environment_id),
            Place::Queue(id) => store.work_queue(id).await?.map(|row| row.environment_id),
            Place::Item(id) => {
                let queue = match self.items.get(&id) {
                    Some(queue) => Some(*queue),
                    None => store.work_item(id).await?.map(|item| item.queue_id),
                };
                match queue {
                    Some(queue) => store.work_queue(queue).await?.map(|row| row.environment_id),
                    None => None,
                }
            }
            Place::Agent(id) => store.agent(id).await?.map(|row| row.environment_id),
            Place::Asset(id) => store.asset(id).await?.map(|row| row.environment_id),
            Place::Own(_) | Place::Nowhere => None,
        })
    }
}

/// Whether a row is written as it is, or from a revision that has passed, so that the commit refuses it and the command
/// decides again.
fn is_raised(stored: &Record, written: &Record) -> bool {
    match (stored, written) {
        (Record::Calendar(stored), Record::Calendar(written)) => {
            stored == written || written.revision < stored.revision
        }
        _ => false,
    }
}
