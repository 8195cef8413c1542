//! Why an execution does not run. The answer is made of the rules by which a claim is decided:
//! [`Execution::mismatches`], [`Occupancy::full_for`](crate::domain::Occupancy::full_for),
//! [`Agent::rest`], [`Execution::is_overdue`].

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::domain::{
    Agent, AgentPreparation, ConcurrencyScope, EnvironmentPause, Execution, ExecutionState, Explanation,
    HoldReason, Lack, Mismatch, PreparationState, RestingAgent,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnvironmentId, ExecutionId};
use crate::query::PageRequest;

/// How many executions and agents a reason names at most.
const NAMED: usize = 20;

impl Orchestrator {
    /// Says what holds an execution back at this moment. Ask [`Orchestrator::authorize`] first.
    ///
    /// Agents of other servers count as connected if they were heard of within the time that a lease holds.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable` if the store does not answer.
    pub async fn explain(&self, id: ExecutionId) -> Result<Explanation> {
        let now = self.clock().now();
        let execution = self.store().execution(id).await?.ok_or_else(|| Error::not_found("execution", id))?;
        let state = execution.state;
        let mut reasons = Vec::new();
        let mut ahead = None;
        match state {
            ExecutionState::Pending | ExecutionState::Waiting => {
                reasons.extend(time_reason(&execution, now));
                self.explain_pause(&execution, now, &mut reasons).await?;
                self.explain_limits(&execution, &mut reasons).await?;
                self.explain_agents(&execution, now, &mut reasons).await?;
            }
            ExecutionState::Assigned | ExecutionState::Running => {
                let leased = execution.agent_id.zip(execution.lease_until);
                reasons.extend(
                    leased.map(|(agent_id, lease_until)| HoldReason::Leased { agent_id, lease_until }),
                );
                if state == ExecutionState::Assigned {
                    self.explain_preparation(&execution, &mut reasons).await?;
                }
            }
            _ => reasons.push(HoldReason::Ended),
        }
        if state == ExecutionState::Pending {
            ahead = Some(self.store().count_ahead(&execution, now).await?);
        }
        Ok(Explanation { execution_id: id, state, at: now, reasons, ahead })
    }

    async fn explain_pause(
        &self,
        execution: &Execution,
        now: Timestamp,
        reasons: &mut Vec<HoldReason>,
    ) -> Result<()> {
        let environment = self.store().environment(execution.environment_id).await?;
        let pause = environment.as_ref().and_then(|environment| environment.paused(now));
        reasons.extend(pause.cloned().map(|EnvironmentPause { at, by, reason, until }| {
            HoldReason::EnvironmentPaused { at, by, reason, until }
        }));
        Ok(())
    }

    /// Says how far the agent is with the version, by its last word.
    async fn explain_preparation(&self, execution: &Execution, reasons: &mut Vec<HoldReason>) -> Result<()> {
        let Some(agent_id) = execution.agent_id else { return Ok(()) };
        let word = self.store().preparation(agent_id, execution.version_id).await?;
        let unready = word.filter(|word| word.state != PreparationState::Ready);
        reasons.extend(unready.map(|AgentPreparation { state, reason, at, .. }| {
            HoldReason::VersionNotReady { agent_id, state, reason, since: at }
        }));
        Ok(())
    }

    async fn explain_limits(&self, execution: &Execution, reasons: &mut Vec<HoldReason>) -> Result<()> {
        let (id, place) = (execution.id, execution.environment_id);
        let (occupancy, limits) = self.store().occupancy(place).await?;
        let group = execution.concurrency.as_ref();
        for scope in occupancy.full_for(&limits, id, execution.package_id, group) {
            let key = group.filter(|_| scope == ConcurrencyScope::Key).map(|group| group.key.clone());
            let package = (scope == ConcurrencyScope::Package).then_some(execution.package_id);
            let of_package = limits.packages.get(&execution.package_id).copied();
            let (limit, held) = match scope {
                ConcurrencyScope::Environment => (limits.environment, Some(&occupancy.total)),
                ConcurrencyScope::Package => (of_package, occupancy.packages.get(&execution.package_id)),
                ConcurrencyScope::Key => {
                    (group.map(|group| group.limit), group.and_then(|group| occupancy.keys.get(&group.key)))
                }
            };
            let named = u32::try_from(NAMED).unwrap_or(u32::MAX);
            let held_by = self.store().holders(place, package, key.as_deref(), named).await?;
            let (limit, held) = (limit.unwrap_or(0), held.copied().unwrap_or(0));
            reasons.push(HoldReason::Limit { scope, key, limit, held, held_by });
        }
        Ok(())
    }

    async fn explain_agents(
        &self,
        execution: &Execution,
        now: Timestamp,
        reasons: &mut Vec<HoldReason>,
    ) -> Result<()> {
        let agents = self.agents_of(execution.environment_id).await?;
        let mut lacking: BTreeMap<Mismatch, u64> = BTreeMap::new();
        let mut suitable = Vec::new();
        for agent in &agents {
            let mismatches = execution.mismatches(&agent.offer());
            if mismatches.is_empty() {
                suitable.push(agent);
            }
            for mismatch in mismatches {
                *lacking.entry(mismatch).or_default() += 1;
            }
        }
        if agents.is_empty() {
            reasons.push(HoldReason::NoAgent);
        } else if suitable.is_empty() {
            let mut lacking: Vec<Lack> =
                lacking.into_iter().map(|(mismatch, agents)| Lack { mismatch, agents }).collect();
            lacking.sort_by_key(|lack| std::cmp::Reverse(lack.agents));
            reasons.push(HoldReason::NoSuitableAgent { agents: agents.len() as u64, lacking });
        } else {
            self.explain_suitable(execution.environment_id, &suitable, now, reasons).await?;
        }
        Ok(())
    }

    /// Says why none of the agents that suit takes anything; nothing if one does.
    async fn explain_suitable(
        &self,
        place: EnvironmentId,
        suitable: &[&Agent],
        now: Timestamp,
        reasons: &mut Vec<HoldReason>,
    ) -> Result<()> {
        let leases: HashMap<AgentId, u64> = self.store().leases_by_agent(place).await?.into_iter().collect();
        let (mut resting, mut away, mut full) = (Vec::new(), Vec::new(), Vec::new());
        for agent in suitable {
            if let Some(rest) = agent.rest(now) {
                resting.push(RestingAgent { agent_id: agent.id, rest });
            } else if !self.is_present(agent, now) {
                away.push(*agent);
            } else if leases.get(&agent.id).copied().unwrap_or(0) >= u64::from(agent.slots) {
                full.push(agent.id);
            } else {
                return Ok(());
            }
        }
        if !resting.is_empty() {
            let count = resting.len() as u64;
            resting.truncate(NAMED);
            reasons.push(HoldReason::AgentsResting { agents: resting, count });
        }
        if let Some(since) = away.iter().map(|agent| agent.last_heartbeat).max() {
            let agents = away.iter().map(|agent| agent.id).take(NAMED).collect();
            reasons.push(HoldReason::AgentsAway { agents, count: away.len() as u64, since });
        }
        if !full.is_empty() {
            let mut held_by = Vec::new();
            for agent in &full {
                if held_by.len() >= NAMED {
                    break;
                }
                let leased = self.store().leased_executions(*agent).await?;
                held_by.extend(leased.into_iter().map(|execution| execution.id));
            }
            held_by.truncate(NAMED);
            let count = full.len() as u64;
            full.truncate(NAMED);
            reasons.push(HoldReason::SlotsHeld { agents: full, count, held_by });
        }
        Ok(())
    }

    /// Whether an agent is connected, here or, by what is stored, to another server.
    pub(super) fn is_present(&self, agent: &Agent, now: Timestamp) -> bool {
        let ttl = TimeDelta::from_std(self.settings().lease_ttl).unwrap_or(TimeDelta::zero());
        let has_connected = agent.slots > 0;
        has_connected && (self.is_connected(agent.id) || now - agent.last_heartbeat < ttl)
    }

    async fn agents_of(&self, place: EnvironmentId) -> Result<Vec<Agent>> {
        let (mut agents, mut after) = (Vec::new(), None);
        loop {
            let page = self.store().agents(PageRequest::new(after, PageRequest::MAX)).await?;
            agents.extend(page.items.into_iter().filter(|agent| agent.environment_id == place));
            after = page.next;
            if after.is_none() {
                return Ok(agents);
            }
        }
    }
}

/// What of the time holds an execution back.
fn time_reason(execution: &Execution, now: Timestamp) -> Option<HoldReason> {
    let Execution { run_at, failed_attempts, .. } = *execution;
    if execution.is_suspended() {
        return Some(HoldReason::Approval);
    }
    if execution.state == ExecutionState::Waiting {
        return Some(HoldReason::BackOff { until: run_at, failed_attempts });
    }
    if run_at > now {
        return Some(HoldReason::RunAtLater { run_at });
    }
    execution.is_overdue(now).then_some(HoldReason::Overdue)
}
