//! The tables, and the three orders in which executions are looked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use crate::clock::Timestamp;
use crate::domain::{
    Agent, AgentPool, Artifact, Asset, Attempt, AuditEntry, AuditHead, Deployment, EnrolmentToken,
    Environment, Execution, ExecutionState, FileUser, Firing, IdempotencyRecord, InputFile, Invitation,
    Lease, LogRecord, Package, PackageVersion, Schedule, Session, UsagePoint, User,
};
use crate::id::{
    AgentId, AssetId, AuditId, DeploymentId, EnrolmentTokenId, EnvironmentId, ExecutionId, FileId,
    InvitationId, PackageId, PoolId, ScheduleId, SessionId, UserId, VersionId,
};

/// The order in which `claim` takes executions of one environment.
pub(super) type PendingKey = (EnvironmentId, Reverse<i32>, Timestamp, ExecutionId);

/// Everything that the store holds.
#[derive(Default)]
pub(super) struct State {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) invitations: BTreeMap<InvitationId, Invitation>,
    pub(super) environments: BTreeMap<EnvironmentId, Environment>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(super) agent_pools: BTreeMap<PoolId, AgentPool>,
    pub(super) usage: BTreeMap<(AgentId, i64), UsagePoint>,
    pub(super) enrolment_tokens: BTreeMap<EnrolmentTokenId, EnrolmentToken>,
    pub(super) packages: BTreeMap<PackageId, Package>,
    pub(super) versions: BTreeMap<VersionId, PackageVersion>,
    pub(super) deployments: BTreeMap<DeploymentId, Deployment>,
    pub(super) executions: BTreeMap<ExecutionId, Execution>,
    pub(super) schedules: BTreeMap<ScheduleId, Schedule>,
    pub(super) assets: BTreeMap<AssetId, Asset>,
    pub(super) files: BTreeMap<FileId, InputFile>,
    pub(super) file_uses: BTreeMap<FileUser, BTreeSet<FileId>>,
    pub(super) attempts: BTreeMap<Lease, Attempt>,
    /// By what is unique: execution, epoch, name.
    pub(super) artifacts: BTreeMap<(ExecutionId, u32, String), Artifact>,
    pub(super) logs: BTreeMap<Lease, Vec<LogRecord>>,
    pub(super) firings: BTreeMap<(ScheduleId, Timestamp), Firing>,
    pub(super) idempotency: BTreeMap<(UserId, String), IdempotencyRecord>,
    pub(super) audit: BTreeMap<AuditId, AuditEntry>,
    /// Entries without a seal.
    pub(super) unsealed: BTreeSet<AuditId>,
    /// Sealed entries: the one with the sequence `n` stands at `n - 1`.
    pub(super) chain: Vec<AuditId>,
    pub(super) head: AuditHead,
    /// `Pending` executions.
    pub(super) pending: BTreeSet<PendingKey>,
    /// `Waiting` executions by due time.
    pub(super) waiting: BTreeSet<(Timestamp, ExecutionId)>,
    /// Leased executions by the end of the lease.
    pub(super) leased: BTreeSet<(Timestamp, ExecutionId)>,
}

impl State {
    /// Stores a row; gives the one that it replaced.
    pub(super) fn put<R: Row>(&mut self, row: R) -> Option<R> {
        let old = self.remove::<R>(row.id());
        row.index(self, true);
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
