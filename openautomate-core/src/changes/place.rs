//! In which environment a write takes effect.

use super::{Record, Write};
use crate::domain::FileUser;
use crate::id::{
    AgentId, AssetId, EnvironmentId, ExecutionId, ScheduleId, TriggerId, UserId, WorkItemId, WorkQueueId,
};

/// Where a write takes effect: in an environment, or in that of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In this environment.
    Environment(EnvironmentId),
    /// In that of an execution.
    Execution(ExecutionId),
    /// In that of a schedule.
    Schedule(ScheduleId),
    /// In that of a trigger.
    Trigger(TriggerId),
    /// In that of a work queue.
    Queue(WorkQueueId),
    /// In that of the queue of a work item.
    Item(WorkItemId),
    /// In that of an agent.
    Agent(AgentId),
    /// In that of an asset.
    Asset(AssetId),
    /// In none: it belongs to a person.
    Own(UserId),
    /// In none.
    Nowhere,
}

impl Record {
    /// Where the row is.
    pub(crate) const fn place(&self) -> Place {
        match self {
            Self::Environment(environment) => Place::Environment(environment.id),
            Self::Agent(agent) => Place::Environment(agent.environment_id),
            Self::AgentPool(pool) => Place::Environment(pool.environment_id),
            Self::AgentUpdate(update) => Place::Agent(update.agent_id),
            Self::EnrolmentToken(token) => Place::Environment(token.environment_id),
            Self::Deployment(deployment) => Place::Environment(deployment.environment_id),
            Self::Rollout(rollout) => Place::Environment(rollout.environment_id),
            Self::Execution(execution) => Place::Environment(execution.environment_id),
            Self::Schedule(schedule) => Place::Environment(schedule.environment_id),
            Self::Trigger(trigger) => Place::Environment(trigger.environment_id),
            Self::Approval(approval) => Place::Execution(approval.execution_id),
            Self::Asset(asset) => Place::Environment(asset.environment_id),
            Self::InputFile(file) => Place::Own(file.created_by),
            Self::WorkQueue(queue) => Place::Environment(queue.environment_id),
            Self::WorkItem(item) => Place::Queue(item.queue_id),
            Self::Bucket(bucket) => Place::Environment(bucket.environment_id),
            Self::User(_)
            | Self::Session(_)
            | Self::ApiKey(_)
            | Self::CustomRole(_)
            | Self::Invitation(_)
            | Self::SecondFactor(_)
            | Self::PasswordReset(_)
            | Self::ExternalIdentity(_)
            | Self::AgentRelease(_)
            | Self::AgentRollout(_)
            | Self::Package(_)
            | Self::PackageVersion(_)
            | Self::Calendar(_) => Place::Nowhere,
        }
    }
}

impl Write {
    /// Where it takes effect, as far as it says so itself. Of an update, where the row is afterwards; it may have been
    /// elsewhere before.
    pub(crate) const fn place(&self) -> Place {
        match self {
            Self::Insert(record) | Self::Update(record) => record.place(),
            Self::DeleteAsset { id, .. } | Self::SealAssetContent { id, .. } => Place::Asset(*id),
            Self::UseFiles { user, .. } => match user {
                FileUser::Execution(id) => Place::Execution(*id),
                FileUser::Schedule(id) => Place::Schedule(*id),
                FileUser::WorkItem(id) => Place::Item(*id),
                FileUser::AgentRelease(_) => Place::Nowhere,
            },
            Self::Fire(firing) | Self::FireSkipped(firing) => Place::Schedule(firing.schedule_id),
            Self::FireTrigger(firing) => Place::Trigger(firing.trigger_id),
            Self::TakeTurn(turn) => Place::Trigger(turn.trigger_id),
            Self::AddChild(call) => Place::Execution(call.parent_id),
            Self::DeleteExternalIdentity { .. }
            | Self::DeleteRole { .. }
            | Self::DeleteCalendar { .. }
            | Self::KeepVaultKey(_)
            | Self::ForgetVaultKey { .. } => Place::Nowhere,
        }
    }
}
