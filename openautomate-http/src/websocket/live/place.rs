//! Which changes somebody hears of who may read in some environments only: those of things that are in one of them.

use openautomate_core::error::Result;
use openautomate_core::id::{
    AgentId, ApprovalId, EnvironmentId, ExecutionId, ScheduleId, TriggerId, WorkQueueId,
};
use openautomate_core::permission::{Actor, Environments};
use openautomate_core::store::Store;
use uuid::Uuid;

use super::message::{Changed, Topic};

/// Keeps those of a kind that the actor may read. Where a thing is is looked up when it is told, as it may have moved.
///
/// # Errors
/// `Unavailable` if the store does not answer; nothing is told then.
pub(super) async fn sift(
    store: &dyn Store,
    actor: &Actor,
    topic: Topic,
    items: Vec<Changed>,
) -> Result<Vec<Changed>> {
    // Packages are in no environment, and seen by everybody who may see them somewhere.
    if topic == Topic::Packages {
        return Ok(items);
    }
    let Environments::Only(theirs) = actor.environments_with(topic.permission()) else { return Ok(items) };
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        if environment(store, topic, item.id).await?.is_some_and(|id| theirs.contains(&id)) {
            kept.push(item);
        }
    }
    Ok(kept)
}

async fn environment(store: &dyn Store, topic: Topic, id: Uuid) -> Result<Option<EnvironmentId>> {
    Ok(match topic {
        Topic::Executions => of_execution(store, ExecutionId::from_uuid(id)).await?,
        Topic::Approvals => match store.approval(ApprovalId::from_uuid(id)).await? {
            Some(approval) => of_execution(store, approval.execution_id).await?,
            None => None,
        },
        Topic::Agents => store.agent(AgentId::from_uuid(id)).await?.map(|row| row.environment_id),
        Topic::Schedules => store.schedule(ScheduleId::from_uuid(id)).await?.map(|row| row.environment_id),
        Topic::Triggers => store.trigger(TriggerId::from_uuid(id)).await?.map(|row| row.environment_id),
        Topic::Queues => store.work_queue(WorkQueueId::from_uuid(id)).await?.map(|row| row.environment_id),
        Topic::Packages => None,
    })
}

/// Where an execution is.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(super) async fn of_execution(store: &dyn Store, id: ExecutionId) -> Result<Option<EnvironmentId>> {
    Ok(store.execution(id).await?.map(|row| row.environment_id))
}
