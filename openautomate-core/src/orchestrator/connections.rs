//! Which agents are connected here, and how much each would take.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use crate::clock::Timestamp;
use crate::domain::{Agent, AgentStatus, MaintenanceWindow, rest};
use crate::id::{AgentId, EnvironmentId, PoolId};
use crate::transport::ServerMessage;

/// A connected agent, as the dispatcher sees it.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) agent_id: AgentId,
    pub(crate) environment_id: EnvironmentId,
    pub(crate) labels: Vec<String>,
    pub(crate) os: String,
    pub(crate) python_versions: Vec<String>,
    pub(crate) pool_ids: Vec<PoolId>,
    pub(crate) sender: mpsc::Sender<ServerMessage>,
    /// How many more assignments fit.
    pub(crate) credit: u32,
    /// How many it would take beyond those, if nobody else has room.
    pub(crate) ahead: u32,
}

#[derive(Debug)]
struct Entry {
    connected: Connected,
    hours: Hours,
    /// The key that the connection was proven with, and the revision of the agent's row that was taken over last.
    public_key: Option<[u8; 32]>,
    revision: i64,
    number: u64,
    /// Assignments sent in this connection.
    sent: u64,
    /// The agent's last word: free slots, room ahead of them, and how many assignments it had received then.
    free: u32,
    ahead: u32,
    received: u64,
    /// The last heartbeat: when, and how many assignments were sent by then.
    heartbeat: Option<(Timestamp, u64)>,
    /// The minute of which its usage was kept last.
    minute: Option<i64>,
    replaced: std::sync::Arc<Notify>,
    greeting: Greeting,
    /// Whether secrets leave sealed in it.
    is_sealed: bool,
}

/// How far the beginning of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// Its welcome is not sent yet, and nothing may come before that.
    Due,
    Welcomed,
    /// Somebody asked for it as a new one.
    Seen,
}

/// When an agent takes something new.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    status: AgentStatus,
    drain_until: Option<Timestamp>,
    windows: Vec<MaintenanceWindow>,
}

impl Hours {
    /// Those of an agent.
    pub(crate) fn of(agent: &Agent) -> Self {
        let windows = agent.maintenance_windows.clone();
        Self { status: agent.status, drain_until: agent.drain_until, windows }
    }
}

impl Entry {
    /// Free slots, and room ahead of them, less the assignments that are on their way; `None` if there is neither, or
    /// while it takes nothing new.
    fn with_credit(&self, now: Timestamp) -> Option<Connected> {
        let Hours { status, drain_until, windows } = &self.hours;
        if rest(*status, *drain_until, windows, now).is_some() {
            return None;
        }
        let under_way = u32::try_from(self.sent.saturating_sub(self.received)).unwrap_or(u32::MAX);
        let credit = self.free.saturating_sub(under_way);
        let ahead = (self.free + self.ahead).saturating_sub(under_way) - credit;
        (credit + ahead > 0).then(|| Connected { credit, ahead, ..self.connected.clone() })
    }
}

/// The connected agents.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    entries: Mutex<HashMap<AgentId, Entry>>,
    numbers: std::sync::atomic::AtomicU64,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection and ends the one that the agent had. Gives its number and the signal of its end.
    pub(crate) fn add(
        &self,
        agent: Agent,
        sender: mpsc::Sender<ServerMessage>,
        is_sealed: bool,
    ) -> (u64, std::sync::Arc<Notify>) {
        let number = self.numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let replaced = std::sync::Arc::new(Notify::new());
        let entry = Entry {
            hours: Hours::of(&agent),
            public_key: agent.public_key,
            revision: agent.revision,
            number,
            sent: 0,
            free: 0,
            ahead: 0,
            received: 0,
            heartbeat: None,
            minute: None,
            replaced: std::sync::Arc::clone(&replaced),
            greeting: Greeting::Due,
            is_sealed,
            connected: Connected {
                agent_id: agent.id,
                environment_id: agent.environment_id,
                labels: agent.labels,
                os: agent.facts.os,
                python_versions: agent.facts.python_versions,
                pool_ids: agent.pool_ids,
                sender,
                credit: 0,
                ahead: 0,
            },
        };
        let old = self.lock().insert(entry.connected.agent_id, entry);
        if let Some(old) = old {
            old.replaced.notify_one();
        }
        (number, replaced)
    }

    /// Whether an agent is connected here and takes secrets sealed.
    pub(crate) fn seals(&self, agent: AgentId) -> bool {
        self.lock().get(&agent).is_some_and(|entry| entry.is_sealed)
    }

    /// Removes a connection, unless another took its place.
    pub(crate) fn remove(&self, agent: AgentId, number: u64) {
        let mut entries = self.lock();
        if entries.get(&agent).is_some_and(|entry| entry.number == number) {
            entries.remove(&agent);
        }
    }

    /// Ends the connection of an agent.
    pub(crate) fn end(&self, agent: AgentId) {
        if let Some(entry) = self.lock().get(&agent) {
            entry.replaced.notify_one();
        }
    }

    pub(crate) fn contains(&self, agent: AgentId) -> bool {
        self.lock().contains_key(&agent)
    }

    /// Notes an agent's free slots, and its room ahead of them.
    pub(crate) fn ready(&self, agent: AgentId, number: u64, (free, ahead): (u32, u32), received: u64) {
        if let Some(entry) = self.lock().get_mut(&agent).filter(|entry| entry.number == number) {
            entry.free = free;
            entry.ahead = ahead;
            entry.received = received;
        }
    }

    /// Notes a heartbeat. If the agent has received all that was sent to it before the heartbeat before, gives the
    /// time of that one: of what was given to it earlier, it holds nothing that it does not name.
    pub(crate) fn heartbeat(&self, agent: AgentId, number: u64, now: Timestamp) -> Option<Timestamp> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&agent).filter(|entry| entry.number == number)?;
        let before = entry.heartbeat.replace((now, entry.sent))?;
        (entry.received >= before.1).then_some(before.0)
    }

    /// Whether this is the first that an agent tells of its usage in this minute; notes that it is told.
    pub(crate) fn is_new_minute(&self, agent: AgentId, number: u64, now: Timestamp) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut entries = self.lock();
        let entry = entries.get_mut(&agent).filter(|entry| entry.number == number);
        entry.is_some_and(|entry| entry.minute.replace(minute) != Some(minute))
    }

    /// Takes over what an operator changed. A connection that another key was proven with ends.
    pub(crate) fn update(&self, agent: Agent) {
        if let Some(entry) = self.lock().get_mut(&agent.id) {
            if entry.public_key != agent.public_key {
                entry.replaced.notify_one();
            }
            entry.hours = Hours::of(&agent);
            entry.revision = agent.revision;
            entry.connected.labels = agent.labels;
            entry.connected.pool_ids = agent.pool_ids;
        }
    }

    /// The connected agents, with the revision of each that was taken over last.
    pub(crate) fn revisions(&self) -> Vec<(AgentId, i64)> {
        self.lock().iter().map(|(id, entry)| (*id, entry.revision)).collect()
    }

    /// One agent, if it would take something.
    pub(crate) fn with_credit(&self, agent: AgentId, now: Timestamp) -> Option<Connected> {
        self.lock().get(&agent)?.with_credit(now)
    }

    /// Whether another agent of the environment has a free slot.
    pub(crate) fn another_is_free(&self, than: &Connected, now: Timestamp) -> bool {
        self.lock().values().any(|entry| {
            entry.connected.environment_id == than.environment_id
                && entry.connected.agent_id != than.agent_id
                && entry.with_credit(now).is_some_and(|other| other.credit > 0)
        })
    }

    /// Every agent that would take something, the freest first.
    pub(crate) fn all_with_credit(&self, now: Timestamp) -> Vec<Connected> {
        let entries = self.lock();
        let mut free: Vec<Connected> = entries.values().filter_map(|entry| entry.with_credit(now)).collect();
        drop(entries);
        free.sort_by_key(|connected| std::cmp::Reverse(connected.credit));
        free
    }

    /// Counts assignments that are about to be sent.
    pub(crate) fn sent(&self, agent: AgentId, count: u64) {
        if let Some(entry) = self.lock().get_mut(&agent) {
            entry.sent += count;
        }
    }

    /// Notes that an agent was sent its welcome.
    pub(crate) fn welcomed(&self, agent: AgentId, number: u64) {
        if let Some(entry) = self.lock().get_mut(&agent).filter(|entry| entry.number == number) {
            entry.greeting = Greeting::Welcomed;
        }
    }

    /// The welcomed agents of an environment.
    pub(crate) fn in_environment(&self, environment: EnvironmentId) -> Vec<Connected> {
        let entries = self.lock();
        let welcomed = entries.values().filter(|entry| entry.greeting != Greeting::Due);
        let connected = welcomed.map(|entry| &entry.connected);
        connected.filter(|connected| connected.environment_id == environment).cloned().collect()
    }

    /// The welcomed agents, each with the number of its connection.
    pub(crate) fn welcomed_ones(&self) -> Vec<(u64, Connected)> {
        let entries = self.lock();
        let welcomed = entries.values().filter(|entry| entry.greeting != Greeting::Due);
        welcomed.map(|entry| (entry.number, entry.connected.clone())).collect()
    }

    /// An agent that was welcomed, the first time that it is asked for.
    pub(crate) fn newly_welcomed(&self, agent: AgentId) -> Option<Connected> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&agent).filter(|entry| entry.greeting == Greeting::Welcomed)?;
        entry.greeting = Greeting::Seen;
        Some(entry.connected.clone())
    }

    /// How to reach an agent that was welcomed.
    pub(crate) fn welcomed_sender(&self, agent: AgentId) -> Option<mpsc::Sender<ServerMessage>> {
        let entries = self.lock();
        let entry = entries.get(&agent).filter(|entry| entry.greeting != Greeting::Due)?;
        Some(entry.connected.sender.clone())
    }

    /// How to reach an agent.
    pub(crate) fn sender(&self, agent: AgentId) -> Option<mpsc::Sender<ServerMessage>> {
        self.lock().get(&agent).map(|entry| entry.connected.sender.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::store::sample;
    use crate::id::UserId;

    fn instant(second: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn assignments_under_way_take_credit_until_the_agent_has_seen_them() {
        let connections = Connections::default();
        let (sender, _receiver) = mpsc::channel(1);
        let agent_id = AgentId::new();
        let agent = sample::agent("bot", EnvironmentId::new(), UserId::new());
        let agent = Agent { id: agent_id, slots: 2, ..agent };
        let (number, _) = connections.add(agent.clone(), sender, false);
        connections.ready(agent_id, number, (2, 0), 0);
        connections.sent(agent_id, 2);
        assert!(connections.with_credit(agent_id, instant(0)).is_none());
        // Said before it saw the second one: one slot is free, one assignment is on its way.
        connections.ready(agent_id, number, (1, 0), 1);
        assert!(connections.with_credit(agent_id, instant(0)).is_none());
        connections.ready(agent_id, number, (1, 0), 2);
        assert_eq!(connections.with_credit(agent_id, instant(0)).map(|c| c.credit), Some(1));
        let room = || connections.with_credit(agent_id, instant(0)).map(|c| (c.credit, c.ahead));
        connections.ready(agent_id, number, (1, 2), 1);
        assert_eq!(room(), Some((0, 2)), "what is on its way takes the free slot first");
        connections.ready(agent_id, number, (1, 2), 2);
        assert_eq!(room(), Some((1, 2)));
        connections.ready(agent_id, number, (1, 0), 2);
        assert_eq!(connections.heartbeat(agent_id, number, instant(1)), None, "there was none before");
        assert_eq!(connections.heartbeat(agent_id, number, instant(2)), Some(instant(1)));
        connections.sent(agent_id, 1);
        assert_eq!(connections.heartbeat(agent_id, number, instant(3)), Some(instant(2)));
        assert_eq!(connections.heartbeat(agent_id, number, instant(4)), None, "one is on its way since");
        connections.ready(agent_id, number, (1, 0), 3);
        assert_eq!(connections.heartbeat(agent_id, number, instant(5)), Some(instant(4)));
        let drained = Agent { status: AgentStatus::Draining, drain_until: Some(instant(9)), ..agent };
        connections.update(drained);
        assert!(connections.all_with_credit(instant(8)).is_empty());
        assert_eq!(connections.all_with_credit(instant(9)).len(), 1, "the drain is over");
    }
}
