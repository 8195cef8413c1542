//! What changed since the last time somebody was told: gathered, so that a thousand runs a second are ten messages.

use std::collections::HashMap;

use openautomate_core::changes::Event;
use openautomate_core::domain::{ExecutionState, Progress};
use uuid::Uuid;

use super::message::{Changed, Topic};

/// More than so many are not told one by one.
const MOST: usize = 500;

/// What changed of the kinds that somebody asked for.
#[derive(Debug, Default)]
pub(super) struct Feed {
    kinds: HashMap<Topic, Kind>,
}

#[derive(Debug)]
struct Kind {
    /// The client's number for it.
    id: u32,
    changed: HashMap<Uuid, Changed>,
    missed: bool,
}

impl Feed {
    /// Begins with a kind; it has one number, the last that was given.
    pub(super) fn add(&mut self, topic: Topic, id: u32) {
        self.kinds.insert(topic, Kind { id, changed: HashMap::new(), missed: false });
    }

    /// Ends what has this number.
    pub(super) fn remove(&mut self, id: u32) {
        self.kinds.retain(|_, kind| kind.id != id);
    }

    /// Whether nothing is to be told.
    pub(super) fn is_empty(&self) -> bool {
        self.kinds.values().all(|kind| kind.changed.is_empty() && !kind.missed)
    }

    /// Something was not heard: everybody reads again.
    pub(super) fn miss(&mut self) {
        for kind in self.kinds.values_mut() {
            kind.changed.clear();
            kind.missed = true;
        }
    }

    /// Takes what an event says of the kinds that were asked for.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::ExecutionPending { execution_id } | Event::ArtifactKept { execution_id, .. } => {
                self.execution(execution_id.as_uuid(), None, None);
            }
            Event::ExecutionChanged { execution_id, state } => {
                self.execution(execution_id.as_uuid(), Some(state), None);
            }
            Event::ExecutionProgressed { execution_id, progress } => {
                self.execution(execution_id.as_uuid(), None, Some(progress));
            }
            Event::CancelRequested { lease, .. } => self.execution(lease.execution.as_uuid(), None, None),
            Event::ApprovalChanged { approval_id, execution_id } => {
                self.thing(Topic::Approvals, approval_id.as_uuid());
                self.execution(execution_id.as_uuid(), None, None);
            }
            Event::AgentChanged { agent_id } | Event::AgentConnected { agent_id } => {
                self.thing(Topic::Agents, agent_id.as_uuid());
            }
            Event::PackageChanged { package_id } => self.thing(Topic::Packages, package_id.as_uuid()),
            Event::VersionDeployed { version_id, .. } => self.thing(Topic::Packages, version_id.as_uuid()),
            Event::TriggerChanged { trigger_id } => self.thing(Topic::Triggers, trigger_id.as_uuid()),
            Event::ScheduleChanged { schedule_id } | Event::SchedulePaused { schedule_id } => {
                self.thing(Topic::Schedules, schedule_id.as_uuid());
            }
            Event::WorkQueueChanged { queue_id }
            | Event::WorkItemsAdded { queue_id }
            | Event::WorkItemsChanged { queue_id } => self.thing(Topic::Queues, queue_id.as_uuid()),
            Event::EventsMissed => self.miss(),
            _ => {}
        }
    }

    fn thing(&mut self, topic: Topic, id: &Uuid) {
        self.change(topic, id, None, None);
    }

    fn execution(&mut self, id: &Uuid, state: Option<ExecutionState>, progress: Option<Progress>) {
        self.change(Topic::Executions, id, state, progress);
    }

    fn change(&mut self, topic: Topic, id: &Uuid, state: Option<ExecutionState>, progress: Option<Progress>) {
        let Some(kind) = self.kinds.get_mut(&topic) else { return };
        if kind.missed {
            return;
        }
        let changed = kind.changed.entry(*id).or_insert(Changed { id: *id, state: None, progress: None });
        changed.state = state.or(changed.state);
        changed.progress = progress.or_else(|| changed.progress.take());
        if kind.changed.len() > MOST {
            kind.changed.clear();
            kind.missed = true;
        }
    }

    /// What is to be told now, by the client's numbers; the next time only what changes from now on.
    pub(super) fn take(&mut self) -> Vec<(u32, Topic, Vec<Changed>, bool)> {
        let full = self.kinds.iter_mut().filter(|(_, kind)| kind.missed || !kind.changed.is_empty());
        full.map(|(topic, kind)| {
            let items = std::mem::take(&mut kind.changed).into_values().collect();
            (kind.id, *topic, items, std::mem::take(&mut kind.missed))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openautomate_core::id::{AgentId, ExecutionId};

    #[test]
    fn the_last_word_on_each_is_told_once() {
        let mut feed = Feed::default();
        feed.note(Event::ExecutionPending { execution_id: ExecutionId::new() });
        assert!(feed.is_empty(), "nobody asked");
        feed.add(Topic::Executions, 7);
        let execution_id = ExecutionId::new();
        for state in [ExecutionState::Assigned, ExecutionState::Running] {
            feed.note(Event::ExecutionChanged { execution_id, state });
        }
        feed.note(Event::ExecutionPending { execution_id });
        feed.note(Event::AgentChanged { agent_id: AgentId::new() });
        let told = feed.take();
        let [(7, Topic::Executions, items, false)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((items.len(), items[0].state), (1, Some(ExecutionState::Running)));
        assert!(feed.is_empty() && feed.take().is_empty());
    }

    #[test]
    fn too_many_are_told_as_missed() {
        let mut feed = Feed::default();
        feed.add(Topic::Executions, 1);
        for _ in 0..=MOST {
            feed.note(Event::ExecutionPending { execution_id: ExecutionId::new() });
        }
        let told = feed.take();
        assert!(matches!(&told[..], [(1, _, items, true)] if items.is_empty()));
        feed.remove(1);
        feed.miss();
        assert!(feed.is_empty());
    }
}
