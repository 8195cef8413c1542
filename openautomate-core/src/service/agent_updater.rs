//! Brings a release to agents: tells those whose turn it is, and takes the rollout on.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::broadcast;

use super::{LOOK_EVERY, REST};
use crate::changes::Event;
use crate::command::agent_rollout::AdvanceAgentRollout;
use crate::domain::{Agent, AgentRollout, AgentRolloutState, AgentUpdate, AgentUpdateState};
use crate::error::Result;
use crate::id::AgentId;
use crate::orchestrator::Orchestrator;
use crate::permission::Actor;
use crate::query::PageRequest;
use crate::transport::ServerMessage;

/// How long the agents of a rollout that has ended are told so, should they miss it.
const CALL_OFF_FOR: TimeDelta = TimeDelta::minutes(10);

const GATHER: Duration = Duration::from_millis(100);

/// The loop that updates agents.
#[derive(Debug)]
pub struct AgentUpdater {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

impl AgentUpdater {
    /// An updater of this orchestrator's agents.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        let mut came = Vec::new();
        loop {
            if let Err(error) = self.pass(&came).await {
                tracing::warn!(%error, "agents could not be updated; trying again");
                tokio::time::sleep(REST).await;
            }
            came = self.wait().await;
        }
    }

    /// Waits for something to do; gives the agents that connected meanwhile.
    async fn wait(&mut self) -> Vec<AgentId> {
        let mut came = Vec::new();
        let next = async {
            loop {
                match self.events.recv().await {
                    Ok(Event::AgentConnected { agent_id }) => {
                        came.push(agent_id);
                        return;
                    }
                    Ok(Event::AgentRolloutChanged { .. } | Event::EventsMissed)
                    | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Ok(_) => {}
                    // Nothing will come any more; the poll goes on.
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Whoever waits in a soak, or for a window, is looked at all the same.
        let _ = tokio::time::timeout(LOOK_EVERY, next).await;
        // Many agents say something at once: it is looked at together.
        tokio::time::sleep(GATHER).await;
        while let Ok(event) = self.events.try_recv() {
            if let Event::AgentConnected { agent_id } = event {
                came.push(agent_id);
            }
        }
        came
    }

    /// One pass: agents that came are told what they have not ended, and the rollout that is under way goes on.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn pass(&self, came: &[AgentId]) -> Result<()> {
        for agent in came.iter().filter(|agent| self.orchestrator.is_connected(**agent)) {
            self.remind(*agent).await?;
        }
        let store = self.orchestrator.store();
        // The newest one: the next is begun when this one has ended.
        let newest = store.agent_rollouts(PageRequest::new(None, 1)).await?.items.pop();
        let Some(mut rollout) = newest else { return Ok(()) };
        if rollout.state == AgentRolloutState::Running {
            let advance = AdvanceAgentRollout { id: rollout.id };
            rollout = Box::pin(self.orchestrator.execute(&Actor::system(), advance)).await?;
        }
        if rollout.state != AgentRolloutState::Running {
            let now = self.orchestrator.clock().now();
            let is_recent = rollout.ended_at.is_some_and(|ended_at| now - ended_at < CALL_OFF_FOR);
            return if is_recent { self.call_off(&rollout).await } else { Ok(()) };
        }
        for update in store.agent_updates_of_stage(rollout.id, rollout.stage).await? {
            if update.state == AgentUpdateState::Waiting {
                self.tell(&rollout, &update).await?;
            }
        }
        Ok(())
    }

    /// Tells an agent of what it has not ended, whatever became of the rollout meanwhile.
    async fn remind(&self, agent: AgentId) -> Result<()> {
        let store = self.orchestrator.store();
        for update in store.open_agent_updates(agent).await? {
            let Some(rollout) = store.agent_rollout(update.rollout_id).await? else { continue };
            let runs = rollout.state == AgentRolloutState::Running;
            let has_begun = update.state != AgentUpdateState::Waiting;
            if has_begun || (runs && update.stage <= rollout.stage) {
                self.tell(&rollout, &update).await?;
            }
        }
        Ok(())
    }

    /// Tells the agents of a rollout that has ended, and that have begun and not ended, to leave it.
    async fn call_off(&self, rollout: &AgentRollout) -> Result<()> {
        let store = self.orchestrator.store();
        for update in store.agent_updates_of_stage(rollout.id, rollout.stage).await? {
            if !update.state.is_ended() && update.state != AgentUpdateState::Waiting {
                self.tell(rollout, &update).await?;
            }
        }
        Ok(())
    }

    /// Tells an agent that is connected here.
    async fn tell(&self, rollout: &AgentRollout, update: &AgentUpdate) -> Result<()> {
        let id = update.agent_id;
        let Some(sender) = self.orchestrator.connections().welcomed_sender(id) else { return Ok(()) };
        let Some(agent) = self.orchestrator.store().agent(id).await? else { return Ok(()) };
        if !agent.facts.is_updatable {
            let reason = "its program is not updated from here: the agent is older than that, or was given no release \
                          key (--release-key)";
            let failed = AgentUpdateState::Failed;
            return self.orchestrator.note_update(id, rollout.id, failed, Some(reason.to_owned())).await;
        }
        if rollout.in_windows && update.state == AgentUpdateState::Waiting && !self.is_in_window(&agent) {
            return Ok(());
        }
        let is_cancelled = rollout.state != AgentRolloutState::Running;
        if let Some(order) = self.orchestrator.update_order(rollout.id, is_cancelled).await? {
            // A connection that is full has other things to do; it is told at the next pass.
            let _ = sender.try_send(ServerMessage::Update(Box::new(order)));
        }
        Ok(())
    }

    /// Whether an agent has no maintenance windows, or is within one. One that can't be read is none.
    fn is_in_window(&self, agent: &Agent) -> bool {
        let now = self.orchestrator.clock().now();
        let windows = &agent.maintenance_windows;
        windows.is_empty() || windows.iter().any(|window| matches!(window.until(now), Ok(Some(_))))
    }
}
