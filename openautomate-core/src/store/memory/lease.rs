//! Leases: granted in order, renewed, and ended exactly once.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::MemoryStore;
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{
    AgentFacts, Artifact, Attempt, AttemptState, ConcurrencyLimits, Environment, Execution, ExecutionState,
    Lease, Occupancy, Occupant, Progress, RunResult, RunStatus, check_transition,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnvironmentId, ExecutionId};
use crate::store::lease::{ClaimRequest, FinishAttempt, Finished, LeaseStore, Renewal, RenewalOutcome};

#[async_trait]
impl LeaseStore for MemoryStore {
    fn keeps_order(&self) -> bool {
        true
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Execution>> {
        let mut state = self.state();
        let chosen = state.claimable(&request);
        Ok(chosen.into_iter().filter_map(|id| state.grant(id, &request)).collect())
    }

    async fn start(&self, lease: Lease, agent_id: AgentId, now: Timestamp) -> Result<Execution> {
        let mut state = self.state();
        let mut execution = state.held(lease, agent_id)?.clone();
        if execution.state == ExecutionState::Running {
            return Ok(execution);
        }
        check_transition(execution.state, ExecutionState::Running)?;
        execution.state = ExecutionState::Running;
        execution.started_at.get_or_insert(now);
        if let Some(attempt) = state.attempts.get_mut(&lease) {
            attempt.state = AttemptState::Running;
            attempt.started_at = Some(now);
        }
        Ok(state.put_changed(execution))
    }

    async fn renew(
        &self,
        agent_id: AgentId,
        leases: &[Lease],
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Renewal>> {
        let mut state = self.state();
        let agent = state.agents.get_mut(&agent_id).ok_or_else(|| Error::not_found("agent", agent_id))?;
        agent.last_heartbeat = now;
        let renew = |(index, lease): (usize, &Lease)| {
            let Ok(mut execution) = state.held(*lease, agent_id).cloned() else {
                return Renewal { lease: *lease, outcome: RenewalOutcome::Stale };
            };
            let cancel_requested = execution.cancel_requested_at.is_some();
            if !leases[..index].contains(lease) {
                execution.lease_until = Some(lease_until);
                state.put_changed(execution);
            }
            Renewal { lease: *lease, outcome: RenewalOutcome::Renewed { cancel_requested } }
        };
        Ok(leases.iter().enumerate().map(renew).collect())
    }

    async fn finish(&self, finish: FinishAttempt) -> Result<Finished> {
        let FinishAttempt { lease, agent_id, result, final_log_seq, now } = finish;
        let mut state = self.state();
        let stored = state.attempts.get(&lease).filter(|attempt| attempt.agent_id == agent_id);
        // Only a finish sets the number of the last line, so it tells a finish from an expiry.
        if stored.is_some_and(|attempt| attempt.final_log_seq.is_some()) {
            let execution = state.executions.get(&lease.execution).cloned();
            return execution
                .map(|execution| Finished { execution, newly: false })
                .ok_or_else(Error::stale_lease);
        }
        state.held(lease, agent_id)?;
        if let Some(attempt) = state.attempts.get_mut(&lease) {
            attempt.final_log_seq = Some(final_log_seq);
        }
        let execution = state.end_attempt(lease, result, now)?;
        Ok(Finished { execution, newly: true })
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<Vec<Execution>> {
        let mut state = self.state();
        let over = state.leased.iter().take_while(|(until, _)| *until < now).take(limit as usize);
        let over: Vec<ExecutionId> = over.map(|(_, id)| *id).collect();
        let leases: Vec<Lease> = over.iter().filter_map(|id| state.executions.get(id)?.lease()).collect();
        let lost = RunResult::ended(RunStatus::Lost, Execution::agent_lost_error());
        leases.into_iter().map(|lease| state.end_attempt(lease, lost.clone(), now)).collect()
    }

    async fn release(&self, agent_id: AgentId, leases: &[Lease], now: Timestamp) -> Result<Vec<Execution>> {
        let mut state = self.state();
        Ok(leases.iter().filter_map(|lease| state.release(*lease, agent_id, now)).collect())
    }

    async fn wake(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let due = state.waiting.iter().take_while(|(run_at, _)| *run_at <= now).take(limit as usize);
        let due: Vec<ExecutionId> = due.map(|(_, id)| *id).collect();
        for id in &due {
            if let Some(mut execution) = state.executions.get(id).cloned() {
                execution.state = ExecutionState::Pending;
                state.put_changed(execution);
            }
        }
        Ok(due.len() as u64)
    }

    async fn time_out_queued(&self, now: Timestamp, limit: u32) -> Result<Vec<Execution>> {
        let mut state = self.state();
        let pending = state.pending.iter().filter_map(|key| state.executions.get(&key.3));
        let mut overdue: Vec<_> =
            pending.filter(|e| e.is_overdue(now)).map(|e| (e.start_by(), e.id)).collect();
        overdue.sort();
        overdue.truncate(limit as usize);
        let mut ended = Vec::with_capacity(overdue.len());
        for (_, id) in overdue {
            if let Some(execution) = state.executions.get(&id).cloned() {
                let execution = execution.ended_overdue(now);
                state.put(execution.clone());
                ended.push(execution);
            }
        }
        Ok(ended)
    }

    async fn has_limited(&self) -> Result<bool> {
        let state = self.state();
        let mut pending = state.pending.iter().filter_map(|key| state.executions.get(&key.3));
        Ok(pending.any(|execution| {
            execution.concurrency.is_some()
                || state
                    .environments
                    .get(&execution.environment_id)
                    .is_some_and(|e| e.max_concurrent.is_some())
                || state.packages.get(&execution.package_id).is_some_and(|p| p.max_concurrent.is_some())
        }))
    }

    async fn next_deadline(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let state = self.state();
        let pending = state.pending.iter().map(|key| key.2);
        let executions = state.pending.iter().filter_map(|key| state.executions.get(&key.3));
        let start_by = executions.filter_map(Execution::start_by);
        let others = state.waiting.iter().chain(&state.leased).map(|key| key.0);
        Ok(pending.chain(others).chain(start_by).filter(|instant| *instant > now).min())
    }

    async fn set_progress(&self, lease: Lease, agent_id: AgentId, progress: Progress) -> Result<()> {
        let mut state = self.state();
        let mut execution = state.held(lease, agent_id)?.clone();
        execution.progress = Some(progress);
        state.put_changed(execution);
        Ok(())
    }

    async fn keep_artifact(
        &self,
        lease: Lease,
        agent_id: AgentId,
        artifact: Artifact,
    ) -> Result<Option<Artifact>> {
        let mut state = self.state();
        state.held(lease, agent_id)?;
        Ok(state.artifacts.insert((lease.execution, lease.epoch, artifact.name.clone()), artifact))
    }

    async fn connect_agent(
        &self,
        agent_id: AgentId,
        facts: AgentFacts,
        slots: u32,
        now: Timestamp,
    ) -> Result<()> {
        let mut state = self.state();
        let agent = state.agents.get_mut(&agent_id).ok_or_else(|| Error::not_found("agent", agent_id))?;
        agent.facts = facts;
        agent.slots = slots;
        agent.last_heartbeat = now;
        Ok(())
    }
}

impl State {
    /// What a claim takes, in its order.
    fn claimable(&self, request: &ClaimRequest) -> Vec<ExecutionId> {
        let is_paused = |place: &Environment| place.paused(request.now).is_some();
        if self.environments.get(&request.environment_id).is_some_and(is_paused) {
            return Vec::new();
        }
        let nil = ExecutionId::from_uuid(uuid::Uuid::nil());
        let first = (request.environment_id, Reverse(i32::MAX), Timestamp::MIN_UTC, nil);
        let in_environment = self.pending.range(first..).take_while(|key| key.0 == request.environment_id);
        let due = in_environment.filter(|key| key.2 <= request.now);
        // Counted only if somebody asks: to count is to look at all that is leased.
        let limits = self.limits(request.environment_id);
        let has_limits = limits.environment.is_some() || !limits.packages.is_empty();
        let mut occupancy = has_limits.then(|| self.occupancy(request.environment_id).0);
        let mut chosen: Vec<ExecutionId> = Vec::new();
        for execution in due.filter_map(|key| self.executions.get(&key.3)) {
            if chosen.len() >= request.limit as usize {
                break;
            }
            let suits =
                execution.mismatches(&request.offer()).is_empty() && !execution.is_overdue(request.now);
            let concurrency = execution.concurrency.as_ref();
            let (id, package) = (execution.id, execution.package_id);
            if !suits {
                continue;
            }
            if concurrency.is_some() && occupancy.is_none() {
                let mut counted = self.occupancy(request.environment_id).0;
                let before = chosen.iter().filter_map(|id| self.executions.get(id));
                before.for_each(|execution| counted.take(&Occupant::of(execution)));
                occupancy = Some(counted);
            }
            if let Some(occupancy) = &mut occupancy {
                if !occupancy.full_for(&limits, id, package, concurrency).is_empty() {
                    continue;
                }
                occupancy.take(&Occupant::of(execution));
            }
            chosen.push(id);
        }
        chosen
    }

    /// What is leased in an environment, and the limits that hold there.
    pub(super) fn occupancy(&self, environment: EnvironmentId) -> (Occupancy, ConcurrencyLimits) {
        let mut occupancy = Occupancy::default();
        let leased = self.leased.iter().filter_map(|(_, id)| self.executions.get(id));
        for execution in leased.filter(|execution| execution.environment_id == environment) {
            let key = execution.concurrency.as_ref().map(|concurrency| concurrency.key.as_str());
            occupancy.add(execution.package_id, key, 1);
        }
        occupancy.stand_in(&self.stand_ins(environment));
        (occupancy, self.limits(environment))
    }

    fn limits(&self, environment: EnvironmentId) -> ConcurrencyLimits {
        let limited =
            self.packages.values().filter_map(|package| Some((package.id, package.max_concurrent?)));
        ConcurrencyLimits {
            environment: self.environments.get(&environment).and_then(|row| row.max_concurrent),
            packages: limited.collect(),
        }
    }

    fn grant(&mut self, id: ExecutionId, request: &ClaimRequest) -> Option<Execution> {
        let mut execution = self.executions.get(&id)?.clone();
        execution.state = ExecutionState::Assigned;
        execution.lease_epoch += 1;
        execution.agent_id = Some(request.agent_id);
        execution.lease_until = Some(request.lease_until);
        execution.progress = None;
        let lease = execution.lease()?;
        let attempt = Attempt {
            lease,
            agent_id: request.agent_id,
            state: AttemptState::Assigned,
            assigned_at: request.now,
            started_at: None,
            ended_at: None,
            error: None,
            exit_code: None,
            report: None,
            stored_log_seq: 0,
            final_log_seq: None,
        };
        self.attempts.insert(lease, attempt);
        Some(self.put_changed(execution))
    }

    /// The execution, if this agent holds this lease of it.
    pub(super) fn held(&self, lease: Lease, agent_id: AgentId) -> Result<&Execution> {
        self.executions
            .get(&lease.execution)
            .filter(|execution| {
                execution.state.is_leased()
                    && execution.lease_epoch == lease.epoch
                    && execution.agent_id == Some(agent_id)
            })
            .ok_or_else(Error::stale_lease)
    }

    /// Ends the attempt of a current lease, and moves its execution.
    fn end_attempt(&mut self, lease: Lease, result: RunResult, now: Timestamp) -> Result<Execution> {
        let mut execution = self.executions.get(&lease.execution).cloned().ok_or_else(Error::stale_lease)?;
        let after = execution.after_attempt(&result, now);
        check_transition(execution.state, after.state)?;
        if let Some(attempt) = self.attempts.get_mut(&lease) {
            attempt.state = result.status.attempt_state();
            attempt.ended_at = Some(now);
            attempt.error.clone_from(&result.error);
            attempt.exit_code = result.exit_code;
            attempt.report.clone_from(&result.report);
        }
        self.give_back_items(lease, now);
        execution.state = after.state;
        execution.run_at = after.run_at;
        execution.failed_attempts = after.failed_attempts;
        execution.lease_until = None;
        execution.error = result.error;
        if after.state == ExecutionState::Succeeded {
            execution.outputs = Some(result.outputs);
        }
        if after.state.is_terminal() {
            execution.ended_at = Some(now);
        }
        Ok(self.put_changed(execution))
    }

    /// Takes a lease back that has not begun; `None` if it has, or is not this agent's any more.
    fn release(&mut self, lease: Lease, agent_id: AgentId, now: Timestamp) -> Option<Execution> {
        let mut execution = self.held(lease, agent_id).ok()?.clone();
        if execution.state != ExecutionState::Assigned {
            return None;
        }
        if let Some(attempt) = self.attempts.get_mut(&lease) {
            attempt.state = AttemptState::Released;
            attempt.ended_at = Some(now);
        }
        self.give_back_items(lease, now);
        execution.lease_until = None;
        if execution.cancel_requested_at.is_some() {
            execution.state = ExecutionState::Cancelled;
            execution.ended_at = Some(now);
        } else {
            execution.state = ExecutionState::Pending;
        }
        Some(self.put_changed(execution))
    }
}
