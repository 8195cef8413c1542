//! Bringing a release of the agent program to agents: begun and cancelled by people, taken on by the loop.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use semver::Version;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::agent_release::load;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Agent, AgentRollout, AgentRolloutState, AgentStatus, AgentUpdate, AgentUpdateState, RolloutTarget,
    check_label,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId};
use crate::permission::{Access, Permission};
use crate::query::PageRequest;
use crate::release::ReleaseManifest;
use crate::transport::PROTOCOL_VERSION;

/// How many agents a rollout takes at most.
pub const MAX_AGENTS: usize = 10_000;
/// How many stages may be named.
pub const MAX_STAGES: usize = 10;
/// How long the agents of a stage have to be healthy unless something else is asked for.
pub const DEFAULT_SOAK: Duration = Duration::from_secs(10 * 60);
/// How long an agent may take from its restart until it is healthy unless something else is asked for.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10 * 60);
const MAX_DURATION: Duration = Duration::from_secs(7 * 24 * 3_600);
const MIN_DEADLINE: Duration = Duration::from_secs(10);
/// The longest reason of an agent that is kept, in characters.
pub(crate) const MAX_REASON: usize = 1_000;

/// How many agents have the release when a stage is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutStage {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up.
    Percent(u32),
}

/// Begins to bring a release to agents.
#[derive(Clone, Debug)]
pub struct StartAgentRollout {
    /// Which release.
    pub release_id: AgentReleaseId,
    /// To which agents.
    pub target: RolloutTarget,
    /// How many agents come first, and then; the rest follows at last.
    pub stages: Vec<RolloutStage>,
    /// How long the agents of a stage have to be healthy before the next begins.
    pub soak: Duration,
    /// How long an agent may take from its restart until it is healthy.
    pub deadline: Duration,
    /// Whether an agent that has maintenance windows is updated within one only.
    pub in_windows: bool,
}

#[async_trait]
impl Command for StartAgentRollout {
    type Output = AgentRollout;
    const NAME: &'static str = "agent_rollout.start";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageReleases)
    }

    fn validate(&self) -> Result<()> {
        if let RolloutTarget::Label { label } = &self.target {
            check_label("label", label)?;
        }
        if self.stages.len() > MAX_STAGES {
            return Err(Error::invalid_field("stages", format!("holds more than {MAX_STAGES} stages")));
        }
        let is_good = |stage: &RolloutStage| match stage {
            RolloutStage::Count(count) => *count > 0,
            RolloutStage::Percent(percent) => (1..=100).contains(percent),
        };
        if !self.stages.iter().all(is_good) {
            return Err(Error::invalid_field(
                "stages",
                "holds one that is neither a count from 1 nor 1 to 100 percent",
            ));
        }
        if self.soak > MAX_DURATION {
            return Err(Error::invalid_field("soakSeconds", "is longer than seven days"));
        }
        if self.deadline < MIN_DEADLINE || self.deadline > MAX_DURATION {
            return Err(Error::invalid_field("deadlineSeconds", "is not between 10 seconds and seven days"));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentRollout>> {
        let release = load(context, self.release_id).await?;
        let manifest = ReleaseManifest::parse(&release.manifest)?;
        if manifest.min_protocol > PROTOCOL_VERSION {
            let message = format!(
                "the release {} speaks version {} of the protocol at least and this server {PROTOCOL_VERSION}; \
                 update the server first",
                release.version, manifest.min_protocol
            );
            return Err(Error::conflict("agent_rollout.protocol", message));
        }
        if let Some(other) = context.store.running_agent_rollout().await? {
            let message = format!("the rollout {} is under way; wait for its end or cancel it", other.id);
            return Err(Error::conflict("agent_rollout.running", message));
        }
        let agents = self.agents(context, &manifest).await?;
        if agents.is_empty() {
            let message = format!("no agent that was asked for can be brought to {}", release.version);
            return Err(Error::conflict("agent_rollout.no_agent", message));
        }
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let rollout = AgentRollout {
            id: AgentRolloutId::new(),
            release_id: release.id,
            target: self.target.clone(),
            stages: sizes(&self.stages, agents.len()),
            soak_ms: millis(self.soak),
            deadline_ms: millis(self.deadline),
            in_windows: self.in_windows,
            state: AgentRolloutState::Running,
            stage: 0,
            stage_healthy_at: None,
            reason: None,
            created_by: context.user_id()?,
            created_at: context.now,
            ended_at: None,
            revision: 0,
        };
        let detail = json!({
            "version": release.version,
            "target": rollout.target,
            "agents": agents.len(),
            "stages": rollout.stages,
        });
        let entry = context.audit("agentRollout", rollout.id, detail);
        let mut changes = Changes::none().insert(Record::AgentRollout(Box::new(rollout.clone())));
        let mut agents = agents.into_iter();
        for (stage, size) in (0..).zip(&rollout.stages) {
            for agent_id in agents.by_ref().take(*size as usize) {
                changes = changes.insert(Record::AgentUpdate(AgentUpdate {
                    id: AgentUpdateId::new(),
                    rollout_id: rollout.id,
                    agent_id,
                    stage,
                    state: AgentUpdateState::Waiting,
                    reason: None,
                    changed_at: context.now,
                    revision: 0,
                }));
            }
        }
        let changes = changes.audited(entry).event(Event::AgentRolloutChanged { rollout_id: rollout.id });
        Ok(Decision::new(changes, rollout))
    }
}

impl StartAgentRollout {
    /// The agents that were asked for and do not have the release, those heard of last first: the first stage should
    /// not wait for one that is gone.
    async fn agents(&self, context: &CommandContext<'_>, manifest: &ReleaseManifest) -> Result<Vec<AgentId>> {
        if let RolloutTarget::Pool { pool_id } = self.target {
            let pool = context.store.agent_pool(pool_id).await?;
            if pool.is_none_or(|pool| pool.deleted_at.is_some()) {
                return Err(Error::invalid_field("poolId", "names no pool; list them first"));
            }
        }
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = context.store.agents(PageRequest::new(after, PageRequest::MAX)).await?;
            let wanted = page.items.into_iter().filter(|agent| self.wants(agent, manifest));
            found.extend(wanted.map(|agent| (agent.last_heartbeat, agent.id)));
            after = page.next;
            if found.len() > MAX_AGENTS {
                let message = format!("is for more than {MAX_AGENTS} agents; name a pool or a label");
                return Err(Error::invalid_field("target", message));
            }
            if after.is_none() {
                break;
            }
        }
        found.sort_unstable();
        Ok(found.into_iter().rev().map(|(_, id)| id).collect())
    }

    fn wants(&self, agent: &Agent, manifest: &ReleaseManifest) -> bool {
        let is_asked_for = match &self.target {
            RolloutTarget::All => true,
            RolloutTarget::Pool { pool_id } => agent.pool_ids.contains(pool_id),
            RolloutTarget::Label { label } => agent.labels.contains(label),
        };
        // One that never came, or may not come, would be waited for in vain.
        let may_come = agent.slots > 0 && agent.status != AgentStatus::Disabled;
        let running = Version::parse(&agent.facts.agent_version);
        is_asked_for && may_come && running.map_or(true, |running| manifest.check_follows(&running).is_ok())
    }
}

/// How many agents each stage has.
fn sizes(stages: &[RolloutStage], agents: usize) -> Vec<u32> {
    let all = u32::try_from(agents).unwrap_or(u32::MAX);
    let (mut sizes, mut before) = (Vec::new(), 0);
    for stage in stages.iter().copied().chain([RolloutStage::Percent(100)]) {
        let until = match stage {
            RolloutStage::Count(count) => count,
            RolloutStage::Percent(percent) => all.saturating_mul(percent).div_ceil(100),
        };
        let until = until.min(all);
        if until > before {
            sizes.push(until - before);
            before = until;
        }
    }
    sizes
}

/// Cancels a rollout that is under way. An agent that has begun to restart goes on; all others stay as they are.
#[derive(Clone, Debug)]
pub struct CancelAgentRollout {
    /// Which.
    pub id: AgentRolloutId,
}

#[async_trait]
impl Command for CancelAgentRollout {
    type Output = AgentRollout;
    const NAME: &'static str = "agent_rollout.cancel";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageReleases)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentRollout>> {
        let rollout = context.store.agent_rollout(self.id).await?;
        let mut rollout = rollout.ok_or_else(|| Error::not_found("agent rollout", self.id))?;
        if rollout.state != AgentRolloutState::Running {
            return Err(Error::conflict("agent_rollout.ended", "the rollout has ended already"));
        }
        rollout.state = AgentRolloutState::Cancelled;
        rollout.ended_at = Some(context.now);
        let entry = context.audit("agentRollout", rollout.id, json!({"stage": rollout.stage}));
        let changes = Changes::none()
            .update(Record::AgentRollout(Box::new(rollout.clone())))
            .audited(entry)
            .event(Event::AgentRolloutChanged { rollout_id: rollout.id });
        rollout.revision += 1;
        Ok(Decision::new(changes, rollout))
    }
}

/// Takes the rollout that is under way on: to its next stage, to its end, or to a stop.
#[derive(Clone, Debug)]
pub(crate) struct AdvanceAgentRollout {
    pub(crate) id: AgentRolloutId,
}

#[async_trait]
impl Command for AdvanceAgentRollout {
    type Output = AgentRollout;
    const NAME: &'static str = "agent_rollout.advance";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentRollout>> {
        let rollout = context.store.agent_rollout(self.id).await?;
        let mut rollout = rollout.ok_or_else(|| Error::not_found("agent rollout", self.id))?;
        if rollout.state != AgentRolloutState::Running {
            return Ok(Decision::unchanged(rollout));
        }
        let before = rollout.clone();
        let updates = context.store.agent_updates_of_stage(rollout.id, rollout.stage).await?;
        let mut changes = Changes::none();
        let deadline = millis(rollout.deadline_ms);
        let is_late = |update: &&AgentUpdate| {
            update.state == AgentUpdateState::Restarting && context.now - update.changed_at > deadline
        };
        let late = updates.iter().find(is_late);
        if let Some(late) = late {
            let reason = Some("it did not come back in time; look at the agent's machine".to_owned());
            let failed = AgentUpdate {
                state: AgentUpdateState::Failed,
                reason,
                changed_at: context.now,
                ..late.clone()
            };
            changes = changes.update(Record::AgentUpdate(failed));
        }
        if let Some(failed) = late.or_else(|| updates.iter().find(|update| update.state.is_failure())) {
            rollout.state = AgentRolloutState::Stopped;
            rollout.reason = Some(why(context, failed).await?);
        } else if updates.iter().all(|update| update.state.is_ended()) {
            let is_last = rollout.stage as usize + 1 >= rollout.stages.len();
            match rollout.stage_healthy_at {
                _ if is_last => rollout.state = AgentRolloutState::Done,
                None => rollout.stage_healthy_at = Some(context.now),
                Some(since) if context.now - since >= millis(rollout.soak_ms) => {
                    rollout.stage += 1;
                    rollout.stage_healthy_at = None;
                }
                Some(_) => {}
            }
        }
        if rollout == before {
            return Ok(Decision::unchanged(rollout));
        }
        if rollout.state != AgentRolloutState::Running {
            rollout.ended_at = Some(context.now);
            let detail = json!({"state": rollout.state, "stage": rollout.stage, "reason": rollout.reason});
            changes = changes.audited(context.audit("agentRollout", rollout.id, detail));
        }
        let changes = changes
            .update(Record::AgentRollout(Box::new(rollout.clone())))
            .event(Event::AgentRolloutChanged { rollout_id: rollout.id });
        rollout.revision += 1;
        Ok(Decision::new(changes, rollout))
    }
}

async fn why(context: &CommandContext<'_>, failed: &AgentUpdate) -> Result<String> {
    let agent = context.store.agent(failed.agent_id).await?;
    let name = agent.map_or_else(|| failed.agent_id.to_string(), |agent| agent.name);
    let what = match failed.state {
        AgentUpdateState::RolledBack => "went back to the program before",
        AgentUpdateState::Restarting => "did not come back in time",
        _ => "failed",
    };
    Ok(match &failed.reason {
        Some(reason) => format!("the agent {name} {what}: {reason}"),
        None => format!("the agent {name} {what}"),
    })
}

fn millis(millis: u64) -> TimeDelta {
    i64::try_from(millis).ok().and_then(TimeDelta::try_milliseconds).unwrap_or(TimeDelta::MAX)
}

/// Notes an agent's word on a release. What has ended stays so.
#[derive(Clone, Debug)]
pub(crate) struct NoteAgentUpdate {
    pub(crate) rollout_id: AgentRolloutId,
    pub(crate) agent_id: AgentId,
    pub(crate) state: AgentUpdateState,
    pub(crate) reason: Option<String>,
}

#[async_trait]
impl Command for NoteAgentUpdate {
    type Output = ();
    const NAME: &'static str = "agent_rollout.note";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let update = context.store.agent_update(self.rollout_id, self.agent_id).await?;
        let Some(update) = update.filter(|update| !update.state.is_ended()) else {
            return Ok(Decision::unchanged(()));
        };
        if update.state == self.state {
            return Ok(Decision::unchanged(()));
        }
        let reason = self
            .reason
            .as_ref()
            .map(|reason| reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect::<String>());
        let update = AgentUpdate { state: self.state, reason, changed_at: context.now, ..update };
        let changes = Changes::none()
            .update(Record::AgentUpdate(update))
            .event(Event::AgentRolloutChanged { rollout_id: self.rollout_id });
        Ok(Decision::new(changes, ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_cut_from_what_there_is() {
        use RolloutStage::{Count, Percent};
        for (stages, agents, expected) in [
            (vec![], 7, vec![7]),
            (vec![Count(1)], 7, vec![1, 6]),
            (vec![Count(1), Percent(50)], 7, vec![1, 3, 3]),
            (vec![Percent(1)], 7, vec![1, 6]),
            (vec![Count(9), Percent(50)], 7, vec![7]),
            (vec![Percent(100)], 7, vec![7]),
            (vec![Count(1), Count(1)], 1, vec![1]),
        ] {
            assert_eq!(sizes(&stages, agents), expected, "{stages:?} of {agents}");
        }
    }
}
