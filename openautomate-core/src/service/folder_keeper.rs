//! Tells the agents that are connected here which folders triggers have them watch.
//!
//! An agent is told the whole list whenever it is another one than it was told last in its connection. What it says of
//! them, and the files that it finds, come to `orchestrator/arrival.rs`.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast;

use super::{REST, woken};
use crate::changes::Event;
use crate::domain::{FolderWatch, TriggerSource};
use crate::error::Result;
use crate::id::AgentId;
use crate::orchestrator::{Connected, MAX_WATCHES, Orchestrator};
use crate::transport::ServerMessage;

/// Changes come in bursts, and most change no list: they are looked at together.
const GATHER: Duration = Duration::from_millis(50);

/// The loop that tells agents of folders.
#[derive(Debug)]
pub struct FolderKeeper {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
    /// What each agent was told last, and in which connection.
    told: HashMap<AgentId, (u64, Vec<FolderWatch>)>,
}

impl FolderKeeper {
    /// A keeper of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events, told: HashMap::new() }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.tell_all().await {
                tracing::warn!(%error, "agents could not be told of the folders to watch; trying again");
                tokio::time::sleep(REST).await;
                continue;
            }
            woken(&mut self.events, |event| {
                matches!(
                    event,
                    Event::TriggerChanged { .. }
                        | Event::AgentChanged { .. }
                        | Event::AgentConnected { .. }
                        | Event::EventsMissed
                )
            })
            .await;
            tokio::time::sleep(GATHER).await;
        }
    }

    /// One pass: tells every agent whose list is another one than it was told.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn tell_all(&mut self) -> Result<()> {
        let triggers = self.orchestrator.folder_triggers().await?;
        if triggers.is_empty() && self.told.is_empty() {
            return Ok(());
        }
        let connected = self.orchestrator.connections().welcomed_ones();
        self.told.retain(|agent, _| connected.iter().any(|(_, one)| one.agent_id == *agent));
        for (number, agent) in connected {
            let mut wanted = Vec::new();
            for trigger in triggers.iter().filter(|trigger| trigger.environment_id == agent.environment_id) {
                let TriggerSource::FileArrival(source) = &trigger.source else { continue };
                if source.is_for(agent.agent_id, &agent.labels, &agent.pool_ids) {
                    wanted.push(self.orchestrator.folder_watch(trigger, source));
                }
            }
            if wanted.len() > MAX_WATCHES {
                tracing::warn!(agent = %agent.agent_id, "more folders are to be watched than one agent watches");
                wanted.truncate(MAX_WATCHES);
            }
            self.tell(number, &agent, wanted);
        }
        Ok(())
    }

    fn tell(&mut self, number: u64, agent: &Connected, wanted: Vec<FolderWatch>) {
        let told = self.told.get(&agent.agent_id).filter(|(in_connection, _)| *in_connection == number);
        // An agent that connects watches nothing until it is told.
        let is_told = told.map_or(wanted.is_empty(), |(_, told)| *told == wanted);
        // A connection that is full is told in the next pass.
        if !is_told && agent.sender.try_send(ServerMessage::Watch { folders: wanted.clone() }).is_ok() {
            self.told.insert(agent.agent_id, (number, wanted));
        }
    }
}
