//! Reads: a walk over a table, newest or oldest first.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{
    Artifact, Asset, Attempt, ConcurrencyLimits, Deployment, Environment, Execution, ExecutionSummary,
    Invitation, Lease, Occupancy, Origin, Package, PackageVersion, Role, Rollout, Session, User,
};
use crate::error::{Error, Result};
use crate::id::{
    AgentId, ArtifactId, AssetId, EnvironmentId, ExecutionId, PackageId, PoolId, RolloutId, ScheduleId,
    SessionId, UserId, VersionId,
};
use crate::query::{ExecutionFilter, Page, PageRequest, RolloutFilter};
use crate::store::{AssetStore, ExecutionStore, IdentityStore, PackageStore};

/// A page of rows that come newest first.
pub(super) fn page<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = &'a T>,
    request: PageRequest,
    id: impl Fn(&T) -> Uuid,
    wanted: impl Fn(&T) -> bool,
) -> Page<T> {
    let rows = rows.filter(|row| request.after.is_none_or(|after| id(row) < after.0) && wanted(row));
    let items = rows.take(request.limit as usize + 1).cloned().collect();
    Page::from_overfetch(items, request.limit, id)
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.state().users.get(&id).cloned())
    }

    async fn user_by_login(&self, login: &str) -> Result<Option<User>> {
        let is_it = |user: &&User| {
            let named = user.username.eq_ignore_ascii_case(login) || user.email.eq_ignore_ascii_case(login);
            named && user.deleted_at.is_none()
        };
        Ok(self.state().users.values().find(is_it).cloned())
    }

    async fn users(&self, request: PageRequest) -> Result<Page<User>> {
        let state = self.state();
        Ok(page(state.users.values().rev(), request, |u| *u.id.as_uuid(), |u| u.deleted_at.is_none()))
    }

    async fn count_administrators(&self) -> Result<u64> {
        let state = self.state();
        let active = state.users.values().filter(|user| user.deleted_at.is_none() && !user.disabled);
        Ok(active.filter(|user| user.roles.contains(&Role::Administrator)).count() as u64)
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>> {
        Ok(self.state().sessions.get(&id).cloned())
    }

    async fn session_by_token(&self, hash: &[u8; 32]) -> Result<Option<Session>> {
        let state = self.state();
        let current = state.sessions.values().find(|session| session.token_hash == *hash);
        let previous = || state.sessions.values().find(|s| s.previous_token_hash.as_ref() == Some(hash));
        Ok(current.or_else(previous).cloned())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>> {
        let state = self.state();
        let theirs = state.sessions.values().rev().filter(|session| session.user_id == user);
        Ok(theirs.filter(|session| session.revoked_at.is_none()).cloned().collect())
    }

    async fn live_sessions(&self, ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionId>> {
        let state = self.state();
        let is_good = |id: &&SessionId| {
            let session = state.sessions.get(id);
            session.is_some_and(|session| {
                let user = state.users.get(&session.user_id);
                session.revoked_at.is_none()
                    && session.expires_at > now
                    && user.is_some_and(|user| !user.disabled && user.deleted_at.is_none())
            })
        };
        Ok(ids.iter().filter(is_good).copied().collect())
    }

    async fn invitation_by_token(&self, hash: &[u8; 32]) -> Result<Option<Invitation>> {
        Ok(self.state().invitations.values().find(|row| row.token_hash == *hash).cloned())
    }

    async fn environment(&self, id: EnvironmentId) -> Result<Option<Environment>> {
        Ok(self.state().environments.get(&id).cloned())
    }

    async fn environments(&self) -> Result<Vec<Environment>> {
        Ok(self.state().environments.values().cloned().collect())
    }
}

#[async_trait]
impl PackageStore for MemoryStore {
    async fn package(&self, id: PackageId) -> Result<Option<Package>> {
        Ok(self.state().packages.get(&id).cloned())
    }

    async fn package_by_name(&self, name: &str) -> Result<Option<Package>> {
        let is_it = |row: &&Package| row.deleted_at.is_none() && row.name.eq_ignore_ascii_case(name);
        Ok(self.state().packages.values().find(is_it).cloned())
    }

    async fn packages(&self, request: PageRequest) -> Result<Page<Package>> {
        let state = self.state();
        Ok(page(state.packages.values().rev(), request, |p| *p.id.as_uuid(), |p| p.deleted_at.is_none()))
    }

    async fn version(&self, id: VersionId) -> Result<Option<PackageVersion>> {
        Ok(self.state().versions.get(&id).cloned())
    }

    async fn version_by_number(&self, package: PackageId, number: &str) -> Result<Option<PackageVersion>> {
        let is_it = |row: &&PackageVersion| {
            row.package_id == package && row.version_number.eq_ignore_ascii_case(number)
        };
        Ok(self.state().versions.values().find(is_it).cloned())
    }

    async fn active_version(
        &self,
        package: PackageId,
        environment: EnvironmentId,
    ) -> Result<Option<PackageVersion>> {
        let state = self.state();
        let deployment = deployed(&state, package, environment);
        Ok(deployment.and_then(|deployment| state.versions.get(&deployment.version_id)).cloned())
    }

    async fn deployment(&self, package: PackageId, environment: EnvironmentId) -> Result<Option<Deployment>> {
        Ok(deployed(&self.state(), package, environment).cloned())
    }

    async fn deployments(&self, package: PackageId) -> Result<Vec<Deployment>> {
        let state = self.state();
        Ok(state.deployments.values().filter(|row| row.package_id == package).cloned().collect())
    }

    async fn deployments_in(
        &self,
        environment: EnvironmentId,
        request: PageRequest,
    ) -> Result<Page<Deployment>> {
        let state = self.state();
        let wanted = |row: &Deployment| {
            let package = state.packages.get(&row.package_id);
            row.environment_id == environment && package.is_some_and(|package| package.deleted_at.is_none())
        };
        Ok(page(state.deployments.values().rev(), request, |row| *row.id.as_uuid(), wanted))
    }

    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>> {
        Ok(self.state().rollouts.get(&id).cloned())
    }

    async fn rollouts(&self, filter: &RolloutFilter, request: PageRequest) -> Result<Page<Rollout>> {
        let wanted = |row: &Rollout| {
            filter.package_id.is_none_or(|id| id == row.package_id)
                && filter.environment_id.is_none_or(|id| id == row.environment_id)
                && filter.version_id.is_none_or(|id| id == row.version_id)
                && filter.state.is_none_or(|state| state == row.state)
        };
        Ok(page(self.state().rollouts.values().rev(), request, |row| *row.id.as_uuid(), wanted))
    }

    async fn versions(&self, package: PackageId, request: PageRequest) -> Result<Page<PackageVersion>> {
        let state = self.state();
        Ok(page(state.versions.values().rev(), request, |v| *v.id.as_uuid(), |v| v.package_id == package))
    }

    async fn digests(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        let state = self.state();
        let digests: BTreeSet<&String> = state.versions.values().map(|version| &version.digest).collect();
        let digests = digests.into_iter().filter(|digest| after.is_none_or(|after| digest.as_str() > after));
        Ok(digests.take(limit as usize).cloned().collect())
    }
}

fn deployed(state: &State, package: PackageId, environment: EnvironmentId) -> Option<&Deployment> {
    let is_it = |row: &&Deployment| row.package_id == package && row.environment_id == environment;
    state.deployments.values().find(is_it)
}

#[async_trait]
impl ExecutionStore for MemoryStore {
    async fn execution(&self, id: ExecutionId) -> Result<Option<Execution>> {
        Ok(self.state().executions.get(&id).cloned())
    }

    async fn executions(
        &self,
        filter: &ExecutionFilter,
        request: PageRequest,
    ) -> Result<Page<ExecutionSummary>> {
        let state = self.state();
        let wanted = |row: &Execution| {
            filter.package_id.is_none_or(|id| id == row.package_id)
                && filter.environment_id.is_none_or(|id| id == row.environment_id)
                && filter.agent_id.is_none_or(|id| Some(id) == row.agent_id)
                && filter.schedule_id.is_none_or(|id| Some(id) == schedule_of(row))
                && (filter.states.is_empty() || filter.states.contains(&row.state))
        };
        let rows = page(state.executions.values().rev(), request, |row| *row.id.as_uuid(), wanted);
        let items = rows.items.iter().map(|row| summary(&state, row)).collect::<Result<_>>()?;
        Ok(Page { items, next: rows.next })
    }

    async fn attempts(&self, execution: ExecutionId) -> Result<Vec<Attempt>> {
        let all = Lease { execution, epoch: 0 }..=Lease { execution, epoch: u32::MAX };
        Ok(self.state().attempts.range(all).map(|(_, attempt)| attempt.clone()).collect())
    }

    async fn artifacts(&self, execution: ExecutionId) -> Result<Vec<Artifact>> {
        let state = self.state();
        let from = state.artifacts.range((execution, 0, String::new())..);
        let mut found: Vec<Artifact> =
            from.take_while(|(key, _)| key.0 == execution).map(|(_, row)| row.clone()).collect();
        found.sort_by_key(|artifact| artifact.id);
        Ok(found)
    }

    async fn artifact(&self, execution: ExecutionId, id: ArtifactId) -> Result<Option<Artifact>> {
        Ok(self.artifacts(execution).await?.into_iter().find(|artifact| artifact.id == id))
    }

    async fn open_executions_of_schedule(&self, schedule: ScheduleId) -> Result<Vec<Execution>> {
        let state = self.state();
        let of_schedule = state.open_executions().filter(|row| schedule_of(row) == Some(schedule));
        Ok(of_schedule.cloned().collect())
    }

    async fn count_open_executions_of_package(&self, package: PackageId) -> Result<u64> {
        Ok(self.state().open_executions().filter(|row| row.package_id == package).count() as u64)
    }

    async fn count_open_executions_of_pool(&self, pool: PoolId) -> Result<u64> {
        let state = self.state();
        Ok(state.open_executions().filter(|row| row.requirements.pool_id == Some(pool)).count() as u64)
    }

    async fn occupancy(&self, environment: EnvironmentId) -> Result<(Occupancy, ConcurrencyLimits)> {
        Ok(self.state().occupancy(environment))
    }

    async fn holders(
        &self,
        environment: EnvironmentId,
        package: Option<PackageId>,
        key: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ExecutionId>> {
        let state = self.state();
        let held = state.open_executions().filter(|row| {
            row.state.is_leased()
                && row.environment_id == environment
                && package.is_none_or(|id| id == row.package_id)
                && key.is_none_or(|key| row.concurrency.as_ref().is_some_and(|group| group.key == key))
        });
        Ok(held.take(limit as usize).map(|row| row.id).collect())
    }

    async fn leases_by_agent(&self, environment: EnvironmentId) -> Result<Vec<(AgentId, u64)>> {
        let state = self.state();
        let mut counts: BTreeMap<AgentId, u64> = BTreeMap::new();
        let leased = state.leased.iter().filter_map(|(_, id)| state.executions.get(id));
        for row in leased.filter(|row| row.environment_id == environment) {
            if let Some(agent) = row.agent_id {
                *counts.entry(agent).or_default() += 1;
            }
        }
        Ok(counts.into_iter().collect())
    }

    async fn count_ahead(&self, execution: &Execution, now: Timestamp) -> Result<u64> {
        let state = self.state();
        let rank = |row: &Execution| (std::cmp::Reverse(row.priority), row.run_at, row.id);
        let pending = state.pending.iter().filter_map(|key| state.executions.get(&key.3));
        let ahead = pending.filter(|row| {
            row.environment_id == execution.environment_id && row.run_at <= now && rank(row) < rank(execution)
        });
        Ok(ahead.count() as u64)
    }

    async fn leased_executions(&self, agent: AgentId) -> Result<Vec<Execution>> {
        let state = self.state();
        let theirs =
            state.open_executions().filter(|row| row.state.is_leased() && row.agent_id == Some(agent));
        Ok(theirs.cloned().collect())
    }
}

/// The schedule that made an execution.
pub(super) fn schedule_of(execution: &Execution) -> Option<ScheduleId> {
    match execution.origin {
        Origin::Schedule { schedule_id, .. } => Some(schedule_id),
        _ => None,
    }
}

fn summary(state: &State, row: &Execution) -> Result<ExecutionSummary> {
    let package = state.packages.get(&row.package_id);
    let version = state.versions.get(&row.version_id);
    let (Some(package), Some(version)) = (package, version) else {
        return Err(Error::internal("store.reference", "an execution names a package that is not there"));
    };
    Ok(ExecutionSummary {
        id: row.id,
        package_id: row.package_id,
        package_name: package.name.clone(),
        version_id: row.version_id,
        version_number: version.version_number.clone(),
        environment_id: row.environment_id,
        state: row.state,
        priority: row.priority,
        origin: row.origin.clone(),
        agent_id: row.agent_id,
        lease_epoch: row.lease_epoch,
        error_message: row.error.as_ref().map(|error| error.message.clone()),
        progress: row.progress.clone(),
        cancel_requested_at: row.cancel_requested_at,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
    })
}

#[async_trait]
impl AssetStore for MemoryStore {
    async fn asset(&self, id: AssetId) -> Result<Option<Asset>> {
        Ok(self.state().assets.get(&id).cloned())
    }

    async fn asset_content(&self, id: AssetId) -> Result<Option<Vec<u8>>> {
        Ok(self.state().asset_contents.get(&id).cloned())
    }

    async fn asset_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Asset>> {
        let is_it = |row: &&Asset| row.environment_id == environment && row.name.eq_ignore_ascii_case(name);
        Ok(self.state().assets.values().find(is_it).cloned())
    }

    async fn assets(&self, environment: Option<EnvironmentId>, request: PageRequest) -> Result<Page<Asset>> {
        let state = self.state();
        Ok(page(
            state.assets.values().rev(),
            request,
            |row| *row.id.as_uuid(),
            |row| environment.is_none_or(|id| id == row.environment_id),
        ))
    }
}
