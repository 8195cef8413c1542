//! What a command decided: rows to write, the audit entry, the kept answer, the events. A store commits all
//! of it or nothing.

mod place;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::{
    Agent, AgentPool, AgentRelease, AgentRollout, AgentUpdate, ApiKey, Approval, Asset, AuditEntry, Bucket,
    Calendar, ChildCall, CustomRole, Deployment, EnrolmentToken, Environment, Execution, ExecutionState,
    ExternalIdentity, FileUser, Firing, IdempotencyRecord, InputFile, Invitation, Lease, Package,
    PackageVersion, PasswordReset, Progress, Rollout, Schedule, SecondFactor, Session, Trigger,
    TriggerFiring, TriggerTurn, User, WorkItem, WorkQueue,
};
use crate::id::{
    AgentId, AgentRolloutId, ApprovalId, ArtifactId, AssetId, BucketId, CalendarId, EnvironmentId,
    ExecutionId, ExternalIdentityId, FileId, PackageId, RoleId, ScheduleId, TriggerId, VersionId,
    WorkQueueId,
};
use crate::store::VaultKey;

pub(crate) use self::place::Place;

/// A row of any kind that commands write.
#[expect(clippy::large_enum_variant, reason = "a change holds a few of them and lives for a moment")]
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A person.
    User(User),
    /// A session.
    Session(Session),
    /// An API key.
    ApiKey(ApiKey),
    /// A role that people made.
    CustomRole(CustomRole),
    /// An invitation.
    Invitation(Invitation),
    /// A person's authenticator.
    SecondFactor(SecondFactor),
    /// A link to a new password.
    PasswordReset(PasswordReset),
    /// An account at an identity provider.
    ExternalIdentity(ExternalIdentity),
    /// An environment.
    Environment(Environment),
    /// An agent.
    Agent(Agent),
    /// A pool of agents.
    AgentPool(AgentPool),
    /// A release of the agent program.
    AgentRelease(Box<AgentRelease>),
    /// A rollout of such a release.
    AgentRollout(Box<AgentRollout>),
    /// One agent's part of it.
    AgentUpdate(AgentUpdate),
    /// An enrolment token.
    EnrolmentToken(EnrolmentToken),
    /// A package.
    Package(Package),
    /// A package version.
    PackageVersion(PackageVersion),
    /// A deployment.
    Deployment(Deployment),
    /// A rollout.
    Rollout(Box<Rollout>),
    /// An execution.
    Execution(Box<Execution>),
    /// A schedule.
    Schedule(Box<Schedule>),
    /// A calendar.
    Calendar(Calendar),
    /// A trigger.
    Trigger(Box<Trigger>),
    /// An approval.
    Approval(Box<Approval>),
    /// An asset.
    Asset(Asset),
    /// An uploaded file.
    InputFile(InputFile),
    /// A work queue.
    WorkQueue(Box<WorkQueue>),
    /// A work item.
    WorkItem(Box<WorkItem>),
    /// A storage bucket.
    Bucket(Bucket),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A new row; its `revision` is stored as it is given (0 by custom). An id or unique name that is there
    /// already is a `Conflict`.
    Insert(Record),
    /// A changed row: the stored revision must equal the record's, and becomes one higher. Otherwise
    /// [`Error::stale_row`](crate::Error::stale_row).
    Update(Record),
    /// Removes an asset at this revision, with its content if it is a file.
    DeleteAsset {
        /// Which.
        id: AssetId,
        /// The revision that was read.
        revision: i64,
    },
    /// From now on this is the sealed content of an asset that is a file, or it has none.
    SealAssetContent {
        /// Which.
        id: AssetId,
        /// The content (`crate::vault::Sealed::to_bytes`).
        sealed: Option<Vec<u8>>,
    },
    /// Removes an account at an identity provider at this revision: nobody signs in by it any more.
    DeleteExternalIdentity {
        /// Which.
        id: ExternalIdentityId,
        /// The revision that was read.
        revision: i64,
    },
    /// Removes a custom role at this revision. Whoever gives it to somebody writes it in the same commit, so the
    /// revision says that nobody got it since its holders were read.
    DeleteRole {
        /// Which.
        id: RoleId,
        /// The revision that was read.
        revision: i64,
    },
    /// Removes a calendar at this revision. One that a schedule names is a `Conflict` with code `calendar.in_use`.
    DeleteCalendar {
        /// Which.
        id: CalendarId,
        /// The revision that was read.
        revision: i64,
    },
    /// From now on this execution, schedule or work item uses these files, and no others.
    UseFiles {
        /// Which.
        user: FileUser,
        /// The files; one that is named twice counts once.
        files: Vec<FileId>,
    },
    /// A firing; one for the same schedule and due time that is there already is
    /// [`Error::stale_row`](crate::Error::stale_row): another server was first.
    Fire(Firing),
    /// A firing in the place of one that was skipped; if there is none, or it made an execution, it is
    /// [`Error::stale_row`](crate::Error::stale_row): somebody else was first.
    FireSkipped(Firing),
    /// A firing of a trigger, after which what it was due for is settled; one with the same trigger and key that is
    /// there already is [`Error::stale_row`](crate::Error::stale_row).
    FireTrigger(TriggerFiring),
    /// A turn of a trigger; one whose number is not the next is [`Error::stale_row`](crate::Error::stale_row): another
    /// server was first.
    TakeTurn(TriggerTurn),
    /// A call by which a run asked for an execution; one with the same parent, try and call that is there already is
    /// [`Error::stale_row`](crate::Error::stale_row).
    AddChild(ChildCall),
    /// A key of the vault that a server came with; one of its number that is there already is a `Conflict` with code
    /// `name.taken`: another server was first.
    KeepVaultKey(VaultKey),
    /// Forgets a key of the vault; one that is not there is no mistake.
    ForgetVaultKey {
        /// Which.
        id: u32,
    },
}

/// What became visible with a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// An execution was asked for, or waits no longer.
    ExecutionPending {
        /// Which.
        execution_id: ExecutionId,
    },
    /// An execution's state changed.
    ExecutionChanged {
        /// Which.
        execution_id: ExecutionId,
        /// The state now.
        state: ExecutionState,
    },
    /// An execution is further.
    ExecutionProgressed {
        /// Which.
        execution_id: ExecutionId,
        /// How far.
        progress: Progress,
    },
    /// A cancel was asked for an execution that an agent holds.
    CancelRequested {
        /// Which lease.
        lease: Lease,
        /// Whose.
        agent_id: AgentId,
    },
    /// Log lines were stored.
    LogAppended {
        /// Whose.
        lease: Lease,
        /// The highest line stored.
        stored_seq: u64,
    },
    /// The last log line of an ended attempt is stored.
    LogCompleted {
        /// Whose.
        lease: Lease,
    },
    /// A file was kept.
    ArtifactKept {
        /// Whose.
        execution_id: ExecutionId,
        /// Which.
        artifact_id: ArtifactId,
    },
    /// The back-off of some executions is over.
    ExecutionsWoken,
    /// An agent said how many slots are free.
    AgentReady {
        /// Which.
        agent_id: AgentId,
    },
    /// An agent was changed, came or went.
    AgentChanged {
        /// Which.
        agent_id: AgentId,
    },
    /// A rollout of a release of the agent program was begun, or went on.
    AgentRolloutChanged {
        /// Which.
        rollout_id: AgentRolloutId,
    },
    /// A package or one of its versions was changed.
    PackageChanged {
        /// Which.
        package_id: PackageId,
    },
    /// A version became the active one of an environment.
    VersionDeployed {
        /// Which.
        version_id: VersionId,
        /// Where.
        environment_id: EnvironmentId,
    },
    /// A trigger was made, changed, or fired.
    TriggerChanged {
        /// Which.
        trigger_id: TriggerId,
    },
    /// An approval was asked for or answered.
    ApprovalChanged {
        /// Which.
        approval_id: ApprovalId,
        /// Whose.
        execution_id: ExecutionId,
    },
    /// A schedule was made, changed, or fired.
    ScheduleChanged {
        /// Which.
        schedule_id: ScheduleId,
    },
    /// A work queue was made, changed or deleted.
    WorkQueueChanged {
        /// Which.
        queue_id: WorkQueueId,
    },
    /// Work items were added, or came back into their queue.
    WorkItemsAdded {
        /// Which queue.
        queue_id: WorkQueueId,
    },
    /// Work items of a queue were taken, ended or deleted.
    WorkItemsChanged {
        /// Which queue.
        queue_id: WorkQueueId,
    },
    /// A bucket was made, changed or deleted, or something in it was.
    BucketChanged {
        /// Which.
        bucket_id: BucketId,
    },
    /// A schedule paused by itself, because its executions failed.
    SchedulePaused {
        /// Which.
        schedule_id: ScheduleId,
    },
    /// A schedule fired later than it should have, or skipped what it missed.
    ScheduleLate {
        /// Which.
        schedule_id: ScheduleId,
        /// The oldest due time that is late.
        due_at: Timestamp,
        /// By how much, in milliseconds.
        late_ms: u64,
    },
    /// An execution that a schedule asked for was not begun within the time that it should be.
    ScheduledRunNotStarted {
        /// Which schedule.
        schedule_id: ScheduleId,
        /// Which execution.
        execution_id: ExecutionId,
    },
    /// A calendar was made, changed or removed; the schedules that use it are due anew.
    CalendarChanged {
        /// Which.
        calendar_id: CalendarId,
    },
    /// An agent connected; a connection that it has elsewhere is of no use any more.
    AgentConnected {
        /// Which.
        agent_id: AgentId,
    },
    /// Events of other servers may have been missed: whoever waits for one looks again.
    EventsMissed,
}

impl Event {
    /// Whether other servers on the same data want to know of it. What agents say of their slots is for the
    /// server that they are connected to; how far a run is may hold text of the automation, which is not sent
    /// around.
    #[must_use]
    pub const fn concerns_peers(&self) -> bool {
        // Every server looks for runs that were not started by itself.
        !matches!(
            self,
            Self::AgentReady { .. }
                | Self::ExecutionProgressed { .. }
                | Self::ScheduledRunNotStarted { .. }
                | Self::EventsMissed
        )
    }

    /// Events to be announced together, without those that a later one stands for: of the lines of one lease the last
    /// word is enough.
    #[must_use]
    pub fn merged(events: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        let mut places = HashMap::new();
        for event in events {
            if let Self::LogAppended { lease, .. } = event {
                let place = *places.entry(lease).or_insert(merged.len());
                if let Some(earlier) = merged.get_mut(place) {
                    *earlier = event;
                    continue;
                }
            }
            merged.push(event);
        }
        merged
    }
}

/// What a command decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The rows, in the order in which they are written.
    pub writes: Vec<Write>,
    /// The audit entries, unsealed.
    pub audit: Vec<AuditEntry>,
    /// The answer to keep for a repeated request; a key that is there already is a `Conflict` with code
    /// `idempotency.exists`.
    pub idempotency: Option<IdempotencyRecord>,
    /// What subscribers hear after the commit. Stores don't look at them.
    pub events: Vec<Event>,
}

impl Changes {
    /// Nothing to write.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a new row.
    #[must_use]
    pub fn insert(mut self, record: Record) -> Self {
        self.writes.push(Write::Insert(record));
        self
    }

    /// Adds a changed row.
    #[must_use]
    pub fn update(mut self, record: Record) -> Self {
        self.writes.push(Write::Update(record));
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_the_last_is_told() {
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let line = |stored_seq| Event::LogAppended { lease, stored_seq };
        let done = Event::LogCompleted { lease };
        let told = Event::merged([line(1), line(2), line(3), done.clone()].into_iter());
        assert_eq!(told, [line(3), done]);
    }
}
