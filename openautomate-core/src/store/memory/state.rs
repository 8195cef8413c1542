//! The tables, and the orders in which executions and work items are looked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::row::Row;
use crate::clock::Timestamp;
use crate::domain::{
    Agent, AgentPool, AgentPreparation, AgentRelease, AgentRollout, AgentUpdate, ApiKey, Approval, Artifact,
    Asset, Attempt, AuditCheckpoint, AuditEntry, AuditHead, Bucket, BucketObject, Calendar, ChildCall,
    CustomRole, Deployment, DueTrigger, EnrolmentToken, Environment, Execution, ExecutionState,
    ExternalIdentity, FileUser, Firing, IdempotencyRecord, InputFile, Invitation, Lease, LogArchive,
    LogRecord, Package, PackageVersion, PasswordReset, Rollout, Schedule, SecondFactor, Session, Trigger,
    TriggerFiring, TriggerTurn, TriggerWatch, UsagePoint, User, WorkItem, WorkQueue,
};
use crate::id::{
    AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId, ApiKeyId, ApprovalId, AssetId, AuditId, BucketId,
    CalendarId, DeploymentId, EnrolmentTokenId, EnvironmentId, ExecutionId, ExternalIdentityId, FileId,
    InvitationId, LoginTryId, PackageId, PoolId, RoleId, RolloutId, ScheduleId, SessionId, TriggerId, UserId,
    VersionId, WorkItemId, WorkQueueId,
};
use crate::store::VaultKey;

/// The order in which `claim` takes executions of one environment.
pub(super) type PendingKey = (EnvironmentId, Reverse<i32>, Timestamp, ExecutionId);

/// The order in which `take_items` takes items of one queue; without a due date, the last instant stands for it.
pub(super) type NewItemKey = (WorkQueueId, Reverse<i32>, Timestamp, WorkItemId);

/// Everything that the store holds.
#[derive(Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub(super) custom_roles: BTreeMap<RoleId, CustomRole>,
    pub(super) invitations: BTreeMap<InvitationId, Invitation>,
    pub(super) second_factors: BTreeMap<UserId, SecondFactor>,
    pub(super) password_resets: BTreeMap<UserId, PasswordReset>,
    pub(super) external_identities: BTreeMap<ExternalIdentityId, ExternalIdentity>,
    pub(super) environments: BTreeMap<EnvironmentId, Environment>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(super) agent_pools: BTreeMap<PoolId, AgentPool>,
    pub(super) usage: BTreeMap<(AgentId, i64), UsagePoint>,
    pub(super) preparations: BTreeMap<(AgentId, VersionId), AgentPreparation>,
    pub(super) agent_releases: BTreeMap<AgentReleaseId, AgentRelease>,
    pub(super) agent_rollouts: BTreeMap<AgentRolloutId, AgentRollout>,
    pub(super) agent_updates: BTreeMap<AgentUpdateId, AgentUpdate>,
    pub(super) enrolment_tokens: BTreeMap<EnrolmentTokenId, EnrolmentToken>,
    pub(super) packages: BTreeMap<PackageId, Package>,
    pub(super) versions: BTreeMap<VersionId, PackageVersion>,
    pub(super) deployments: BTreeMap<DeploymentId, Deployment>,
    pub(super) rollouts: BTreeMap<RolloutId, Rollout>,
    pub(super) executions: BTreeMap<ExecutionId, Execution>,
    pub(super) schedules: BTreeMap<ScheduleId, Schedule>,
    pub(super) calendars: BTreeMap<CalendarId, Calendar>,
    pub(super) assets: BTreeMap<AssetId, Asset>,
    pub(super) files: BTreeMap<FileId, InputFile>,
    pub(super) file_uses: BTreeMap<FileUser, BTreeSet<FileId>>,
    pub(super) work_queues: BTreeMap<WorkQueueId, WorkQueue>,
    pub(super) work_items: BTreeMap<WorkItemId, WorkItem>,
    pub(super) buckets: BTreeMap<BucketId, Bucket>,
    /// By bucket and key.
    pub(super) objects: BTreeMap<(BucketId, String), BucketObject>,
    /// The sealed contents of assets that are files.
    pub(super) asset_contents: BTreeMap<AssetId, Vec<u8>>,
    pub(super) attempts: BTreeMap<Lease, Attempt>,
    /// By what is unique: execution, epoch, name.
    pub(super) artifacts: BTreeMap<(ExecutionId, u32, String), Artifact>,
    /// The lines that are not archived.
    pub(super) logs: BTreeMap<Lease, Vec<LogRecord>>,
    pub(super) log_archives: BTreeMap<Lease, LogArchive>,
    pub(super) firings: BTreeMap<(ScheduleId, Timestamp), Firing>,
    /// By try: the account, and until when it counts.
    pub(super) login_tries: BTreeMap<LoginTryId, ([u8; 32], Timestamp)>,
    pub(super) triggers: BTreeMap<TriggerId, Trigger>,
    pub(super) trigger_firings: BTreeMap<(TriggerId, String), TriggerFiring>,
    /// The last turn of each trigger, with the executions of all turns that may not have ended.
    pub(super) trigger_turns: BTreeMap<TriggerId, TriggerTurn>,
    pub(super) trigger_watches: BTreeMap<(TriggerId, AgentId), TriggerWatch>,
    /// Ends that triggers have not dealt with.
    pub(super) due_triggers: BTreeSet<DueTrigger>,
    pub(super) approvals: BTreeMap<ApprovalId, Approval>,
    /// By parent, try and call, with whether the child is still looked after.
    pub(super) children: BTreeMap<(ExecutionId, u32, u32), (ChildCall, bool)>,
    /// Children in the places of their parents, which wait for them: by parent.
    pub(super) stand_ins: HashMap<ExecutionId, ExecutionId>,
    pub(super) idempotency: BTreeMap<(UserId, String), IdempotencyRecord>,
    pub(super) audit: BTreeMap<AuditId, AuditEntry>,
    /// Entries without a seal.
    pub(super) unsealed: BTreeSet<AuditId>,
    /// Sealed entries: the one with the sequence `n` stands at `n - 1`.
    pub(super) chain: Vec<AuditId>,
    pub(super) head: AuditHead,
    pub(super) vault_keys: BTreeMap<u32, VaultKey>,
    pub(super) checkpoints: BTreeMap<u64, AuditCheckpoint>,
    /// `Pending` executions.
    pub(super) pending: BTreeSet<PendingKey>,
    /// `Waiting` executions by due time.
    pub(super) waiting: BTreeSet<(Timestamp, ExecutionId)>,
    /// Leased executions by the end of the lease.
    pub(super) leased: BTreeSet<(Timestamp, ExecutionId)>,
    /// `New` items.
    pub(super) new_items: BTreeSet<NewItemKey>,
    /// Items that an execution holds, by its lease.
    pub(super) held_items: BTreeSet<(Lease, WorkItemId)>,
    /// Items that a caller holds, by the end of the lease.
    pub(super) item_leases: BTreeSet<(Timestamp, WorkItemId)>,
    /// References that no other item of their queue may have.
    pub(super) item_references: BTreeMap<(WorkQueueId, String), WorkItemId>,
}

impl State {
    /// Stores a row; gives the one that it replaced.
    pub(super) fn put<R: Row>(&mut self, row: R) -> Option<R> {
        let old = self.remove::<R>(row.id());
        row.index(self, true);
        if let Some(old) = &old {
            row.succeed(old, self);
        }
        R::table_mut(self).insert(row.id(), row);
        old
    }

    /// Removes a row; gives what it was.
    pub(super) fn remove<R: Row>(&mut self, id: R::Id) -> Option<R> {
        let old = R::table_mut(self).remove(&id)?;
        old.index(self, false);
        Some(old)
    }

    /// Stores an execution that a lease operation changed, one revision higher; gives it as it is stored.
    pub(super) fn put_changed(&mut self, mut execution: Execution) -> Execution {
        execution.revision += 1;
        self.put(execution.clone());
        execution
    }

    /// The executions that have not ended, oldest first.
    pub(super) fn open_executions(&self) -> impl Iterator<Item = &Execution> {
        let pending = self.pending.iter().map(|key| key.3);
        let others = self.waiting.iter().chain(&self.leased).map(|key| key.1);
        let open: BTreeSet<ExecutionId> = pending.chain(others).collect();
        open.into_iter().filter_map(|id| self.executions.get(&id))
    }

    /// Puts an execution into the order that its state calls for, or takes it out.
    pub(super) fn index_execution(&mut self, execution: &Execution, present: bool) {
        fn set<K: Ord>(keys: &mut BTreeSet<K>, key: K, present: bool) {
            if present {
                keys.insert(key);
            } else {
                keys.remove(&key);
            }
        }
        let id = execution.id;
        match (execution.state, execution.lease_until) {
            (ExecutionState::Pending, _) => {
                let key = (execution.environment_id, Reverse(execution.priority), execution.run_at, id);
                set(&mut self.pending, key, present);
            }
            (ExecutionState::Waiting, _) => set(&mut self.waiting, (execution.run_at, id), present),
            (state, Some(until)) if state.is_leased() => set(&mut self.leased, (until, id), present),
            _ => {}
        }
    }
}
