//! What the tables of records have in common, and what a row must satisfy beside its neighbours.

use std::collections::BTreeMap;

use super::state::State;
use crate::domain::{
    Agent, AgentPool, AgentRelease, AgentRollout, AgentRolloutState, AgentUpdate, ApiKey, Approval, Asset,
    Bucket, Calendar, CustomRole, Deployment, EnrolmentToken, Environment, Execution, ExternalIdentity,
    InputFile, Invitation, ItemHolder, Package, PackageVersion, PasswordReset, Rollout, RolloutState,
    Schedule, SecondFactor, Session, Trigger, User, WorkItem, WorkQueue, check_item_transition,
    check_transition,
};
use crate::error::{Error, Result};
use crate::id::{
    AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId, ApiKeyId, ApprovalId, AssetId, BucketId,
    CalendarId, DeploymentId, EnrolmentTokenId, EnvironmentId, ExecutionId, ExternalIdentityId, FileId,
    InvitationId, PackageId, PoolId, RoleId, RolloutId, ScheduleId, SessionId, TriggerId, UserId, VersionId,
    WorkItemId, WorkQueueId,
};

/// A record with an id and a revision.
pub(super) trait Row: Clone + Send + 'static {
    /// Its id.
    type Id: Copy + Ord + Send + 'static;
    /// What messages call it.
    const NOUN: &'static str;

    fn id(&self) -> Self::Id;
    fn revision(&self) -> i64;
    fn set_revision(&mut self, revision: i64);
    fn table(state: &State) -> &BTreeMap<Self::Id, Self>;
    fn table_mut(state: &mut State) -> &mut BTreeMap<Self::Id, Self>;

    /// Checks what the row names and what must be unique, against every row but itself.
    fn check(&self, state: &State) -> Result<()>;

    /// Sets what a new row can't say of itself.
    fn begin(&mut self) {}

    /// Checks the step from the stored row, and takes over what updates leave alone.
    fn follow(&mut self, _stored: &Self) -> Result<()> {
        Ok(())
    }

    /// Notes what follows from the step from another row, or takes it back.
    fn succeed(&self, _old: &Self, _state: &mut State) {}

    /// Notes the row in the orders of [`State`], or takes it out.
    fn index(&self, _state: &mut State, _present: bool) {}
}

macro_rules! columns {
    ($id:ty, $noun:literal, $table:ident) => {
        columns!($id, $noun, $table, id);
    };
    ($id:ty, $noun:literal, $table:ident, $key:ident) => {
        type Id = $id;
        const NOUN: &'static str = $noun;

        fn id(&self) -> $id {
            self.$key
        }

        fn revision(&self) -> i64 {
            self.revision
        }

        fn set_revision(&mut self, revision: i64) {
            self.revision = revision;
        }

        fn table(state: &State) -> &BTreeMap<$id, Self> {
            &state.$table
        }

        fn table_mut(state: &mut State) -> &mut BTreeMap<$id, Self> {
            &mut state.$table
        }
    };
}

/// Fails unless the row that is named is there, deleted or not.
pub(super) fn exists<R: Row>(state: &State, id: R::Id) -> Result<()> {
    if R::table(state).contains_key(&id) {
        return Ok(());
    }
    Err(Error::invalid("reference.missing", format!("there is no such {}; name one that exists", R::NOUN)))
}

/// The error of an id or a unique name that is there already.
pub(super) fn taken(what: &str) -> Error {
    Error::conflict("name.taken", format!("the {what} is taken; choose another"))
}

/// Fails if another row than `row` is the same in what must be unique.
fn unique<R: Row>(state: &State, row: &R, what: &str, same: impl Fn(&R) -> bool) -> Result<()> {
    if R::table(state).values().any(|other| other.id() != row.id() && same(other)) {
        return Err(taken(what));
    }
    Ok(())
}

impl Row for User {
    columns!(UserId, "user", users);

    fn check(&self, state: &State) -> Result<()> {
        unique(state, self, "user name", |other| other.username.eq_ignore_ascii_case(&self.username))?;
        unique(state, self, "address", |other| other.email.eq_ignore_ascii_case(&self.email))
    }
}

impl Row for Session {
    columns!(SessionId, "session", sessions);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.user_id)?;
        unique(state, self, "token", |other| other.token_hash == self.token_hash)
    }
}

impl Row for ApiKey {
    columns!(ApiKeyId, "API key", api_keys);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.user_id)?;
        unique(state, self, "key", |other| other.token_hash == self.token_hash)
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        self.last_used_at = stored.last_used_at.or(self.last_used_at);
        Ok(())
    }
}

impl Row for CustomRole {
    columns!(RoleId, "role", custom_roles);

    fn check(&self, state: &State) -> Result<()> {
        unique(state, self, "role name", |other| other.name.eq_ignore_ascii_case(&self.name))
    }
}

impl Row for Invitation {
    columns!(InvitationId, "invitation", invitations);

    fn check(&self, state: &State) -> Result<()> {
        self.created_by.iter().try_for_each(|id| exists::<User>(state, *id))?;
        unique(state, self, "token", |other| other.token_hash == self.token_hash)
    }
}

impl Row for SecondFactor {
    columns!(UserId, "second factor", second_factors, user_id);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.user_id)
    }
}

impl Row for PasswordReset {
    columns!(UserId, "password reset", password_resets, user_id);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.user_id)?;
        self.created_by.iter().try_for_each(|id| exists::<User>(state, *id))?;
        unique(state, self, "token", |other| other.token_hash == self.token_hash)
    }
}

impl Row for ExternalIdentity {
    columns!(ExternalIdentityId, "external identity", external_identities);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.user_id)?;
        unique(state, self, "account of the provider", |other| {
            other.issuer == self.issuer && other.subject == self.subject
        })
    }
}

impl Row for Environment {
    columns!(EnvironmentId, "environment", environments);

    fn check(&self, state: &State) -> Result<()> {
        unique(state, self, "environment name", |other| other.name.eq_ignore_ascii_case(&self.name))?;
        unique(state, self, "place of the default environment", |other| other.is_default && self.is_default)
    }
}

impl Row for Agent {
    columns!(AgentId, "agent", agents);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.owner_id)?;
        unique(state, self, "agent name", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            both_live && other.name.eq_ignore_ascii_case(&self.name)
        })
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        // Connecting and heartbeats write these without raising the revision, so the caller's may be older.
        self.facts.clone_from(&stored.facts);
        self.slots = stored.slots;
        self.last_heartbeat = stored.last_heartbeat;
        Ok(())
    }
}

impl Row for AgentPool {
    columns!(PoolId, "agent pool", agent_pools);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Environment>(state, self.environment_id)?;
        unique(state, self, "name of the pool", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            let same_place = other.environment_id == self.environment_id;
            both_live && same_place && other.name.eq_ignore_ascii_case(&self.name)
        })
    }
}

impl Row for AgentRelease {
    columns!(AgentReleaseId, "agent release", agent_releases);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.created_by)?;
        unique(state, self, "version of the release", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            both_live && other.version == self.version
        })
    }
}

impl Row for AgentRollout {
    columns!(AgentRolloutId, "agent rollout", agent_rollouts);

    fn check(&self, state: &State) -> Result<()> {
        exists::<AgentRelease>(state, self.release_id)?;
        exists::<User>(state, self.created_by)?;
        unique(state, self, "place of the running rollout", |other| {
            self.state == AgentRolloutState::Running && other.state == AgentRolloutState::Running
        })
    }
}

impl Row for AgentUpdate {
    columns!(AgentUpdateId, "agent update", agent_updates);

    fn check(&self, state: &State) -> Result<()> {
        exists::<AgentRollout>(state, self.rollout_id)?;
        exists::<Agent>(state, self.agent_id)?;
        unique(state, self, "part of the agent", |other| {
            other.rollout_id == self.rollout_id && other.agent_id == self.agent_id
        })
    }
}

impl Row for EnrolmentToken {
    columns!(EnrolmentTokenId, "enrolment token", enrolment_tokens);

    fn check(&self, state: &State) -> Result<()> {
        self.agent_id.iter().try_for_each(|id| exists::<Agent>(state, *id))?;
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.created_by)?;
        unique(state, self, "token", |other| other.token_hash == self.token_hash)
    }
}

impl Row for Package {
    columns!(PackageId, "package", packages);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.creator_id)?;
        unique(state, self, "package name", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            both_live && other.name.eq_ignore_ascii_case(&self.name)
        })
    }
}

impl Row for PackageVersion {
    columns!(VersionId, "package version", versions);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        exists::<User>(state, self.created_by)?;
        unique(state, self, "version number", |other| {
            let same_package = other.package_id == self.package_id;
            same_package && other.version_number.eq_ignore_ascii_case(&self.version_number)
        })
    }
}

impl Row for Deployment {
    columns!(DeploymentId, "deployment", deployments);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        exists::<Environment>(state, self.environment_id)?;
        exists::<PackageVersion>(state, self.version_id)?;
        exists::<User>(state, self.deployed_by)?;
        unique(state, self, "place of the active version", |other| {
            other.package_id == self.package_id && other.environment_id == self.environment_id
        })
    }
}

impl Row for Rollout {
    columns!(RolloutId, "rollout", rollouts);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        let environments = self.from_environment_id.iter().chain([&self.environment_id]);
        environments.into_iter().try_for_each(|id| exists::<Environment>(state, *id))?;
        let versions = self.previous_version_id.iter().chain([&self.version_id]);
        versions.into_iter().try_for_each(|id| exists::<PackageVersion>(state, *id))?;
        let people = self.decided_by.iter().chain([&self.requested_by]);
        people.into_iter().try_for_each(|id| exists::<User>(state, *id))?;
        unique(state, self, "place of the waiting rollout", |other| {
            let both_wait = self.state == RolloutState::Waiting && other.state == RolloutState::Waiting;
            both_wait && other.package_id == self.package_id && other.environment_id == self.environment_id
        })
    }
}

impl Row for Execution {
    columns!(ExecutionId, "execution", executions);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        exists::<PackageVersion>(state, self.version_id)?;
        exists::<Environment>(state, self.environment_id)?;
        self.requirements.pool_id.iter().try_for_each(|id| exists::<AgentPool>(state, *id))?;
        let agents = self.pinned_agent_id.iter().chain(&self.agent_id);
        agents.into_iter().try_for_each(|id| exists::<Agent>(state, *id))
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        if stored.state == self.state { Ok(()) } else { check_transition(stored.state, self.state) }
    }

    fn index(&self, state: &mut State, present: bool) {
        state.index_execution(self, present);
    }

    fn succeed(&self, old: &Self, state: &mut State) {
        state.note_end(old, self);
    }
}

impl Row for Schedule {
    columns!(ScheduleId, "schedule", schedules);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        exists::<Environment>(state, self.environment_id)?;
        self.calendar_id.iter().try_for_each(|id| exists::<Calendar>(state, *id))?;
        exists::<User>(state, self.created_by_id)
    }
}

impl Row for Calendar {
    columns!(CalendarId, "calendar", calendars);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.updated_by)?;
        unique(state, self, "calendar name", |other| other.name.eq_ignore_ascii_case(&self.name))
    }
}

impl Row for Trigger {
    columns!(TriggerId, "trigger", triggers);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Package>(state, self.package_id)?;
        self.source.package_id().iter().try_for_each(|id| exists::<Package>(state, *id))?;
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.created_by_id)
    }
}

impl Row for Approval {
    columns!(ApprovalId, "approval", approvals);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Execution>(state, self.execution_id)?;
        self.answered_by_id.iter().try_for_each(|id| exists::<User>(state, *id))?;
        unique(state, self, "key of the approval", |other| {
            other.execution_id == self.execution_id && other.key == self.key
        })
    }
}

impl Row for Asset {
    columns!(AssetId, "asset", assets);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.updated_by)?;
        unique(state, self, "asset name", |other| {
            other.environment_id == self.environment_id && other.name.eq_ignore_ascii_case(&self.name)
        })
    }
}

impl Row for InputFile {
    columns!(FileId, "file", files);

    fn check(&self, state: &State) -> Result<()> {
        exists::<User>(state, self.created_by)?;
        if self.removed_at.is_some() && state.is_file_used(self.id) {
            let message = "an execution, a schedule or a work item uses the file; it goes when they do";
            return Err(Error::conflict("file.in_use", message));
        }
        Ok(())
    }
}

impl Row for WorkQueue {
    columns!(WorkQueueId, "work queue", work_queues);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.created_by_id)?;
        unique(state, self, "queue name", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            let same_place = other.environment_id == self.environment_id;
            both_live && same_place && other.name.eq_ignore_ascii_case(&self.name)
        })
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        (self.environment_id, self.created_by_id) = (stored.environment_id, stored.created_by_id);
        self.created_at = stored.created_at;
        Ok(())
    }
}

impl Row for WorkItem {
    columns!(WorkItemId, "work item", work_items);

    fn check(&self, state: &State) -> Result<()> {
        exists::<WorkQueue>(state, self.queue_id)?;
        self.parent_id.iter().try_for_each(|id| exists::<WorkItem>(state, *id))?;
        match self.holder {
            Some(ItemHolder::Execution { lease }) => exists::<Execution>(state, lease.execution)?,
            Some(ItemHolder::Caller { user_id: Some(user) }) => exists::<User>(state, user)?,
            Some(ItemHolder::Caller { user_id: None }) | None => {}
        }
        let taken_by = |reference: &str| state.item_references.get(&(self.queue_id, reference.to_owned()));
        match self.unique_reference().and_then(taken_by) {
            Some(other) if *other != self.id => Err(taken("reference")),
            _ => Ok(()),
        }
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        self.queue_id = stored.queue_id;
        (self.is_unique, self.created_at) = (stored.is_unique, stored.created_at);
        if stored.state == self.state { Ok(()) } else { check_item_transition(stored.state, self.state) }
    }

    fn index(&self, state: &mut State, present: bool) {
        state.index_item(self, present);
    }
}

impl Row for Bucket {
    columns!(BucketId, "bucket", buckets);

    fn check(&self, state: &State) -> Result<()> {
        exists::<Environment>(state, self.environment_id)?;
        exists::<User>(state, self.created_by_id)?;
        unique(state, self, "bucket name", |other| {
            let both_live = self.deleted_at.is_none() && other.deleted_at.is_none();
            let same_place = other.environment_id == self.environment_id;
            both_live && same_place && other.name.eq_ignore_ascii_case(&self.name)
        })
    }

    fn begin(&mut self) {
        (self.used_bytes, self.object_count) = (0, 0);
    }

    fn follow(&mut self, stored: &Self) -> Result<()> {
        (self.environment_id, self.created_by_id) = (stored.environment_id, stored.created_by_id);
        self.created_at = stored.created_at;
        (self.used_bytes, self.object_count) = (stored.used_bytes, stored.object_count);
        if self.deleted_at.is_some() && stored.object_count > 0 {
            let message = "the bucket holds objects; delete them first";
            return Err(Error::conflict("bucket.not_empty", message));
        }
        Ok(())
    }
}
