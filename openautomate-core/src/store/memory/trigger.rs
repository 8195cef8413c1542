//! Triggers, their firings and what they are due for; and the calls that make children.

use async_trait::async_trait;

use super::MemoryStore;
use super::commit::Undo;
use super::read::page;
use super::row::exists;
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{
    Agent, ChildCall, DueTrigger, Execution, Trigger, TriggerFiring, TriggerTurn, TriggerWatch, TurnState,
    WatchKind,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnvironmentId, ExecutionId, PackageId, TriggerId};
use crate::query::{Page, PageRequest};
use crate::store::TriggerStore;

#[async_trait]
impl TriggerStore for MemoryStore {
    async fn trigger(&self, id: TriggerId) -> Result<Option<Trigger>> {
        Ok(self.state().triggers.get(&id).cloned())
    }

    async fn triggers(&self, package: Option<PackageId>, request: PageRequest) -> Result<Page<Trigger>> {
        let state = self.state();
        Ok(page(
            state.triggers.values().rev(),
            request,
            |row| *row.id.as_uuid(),
            |row| row.deleted_at.is_none() && package.is_none_or(|id| id == row.package_id),
        ))
    }

    async fn triggers_after(&self, package: PackageId, environment: EnvironmentId) -> Result<Vec<Trigger>> {
        let state = self.state();
        let follows = |row: &&Trigger| {
            let is_after = row.source.package_id() == Some(package) && row.environment_id == environment;
            is_after && row.deleted_at.is_none()
        };
        Ok(state.triggers.values().filter(follows).cloned().collect())
    }

    async fn trigger_firing(&self, trigger: TriggerId, key: &str) -> Result<Option<TriggerFiring>> {
        Ok(self.state().trigger_firings.get(&(trigger, key.to_owned())).cloned())
    }

    async fn trigger_firings(&self, trigger: TriggerId, limit: u32) -> Result<Vec<TriggerFiring>> {
        let state = self.state();
        let from = state.trigger_firings.range((trigger, String::new())..);
        let mut all: Vec<TriggerFiring> =
            from.take_while(|(key, _)| key.0 == trigger).map(|(_, row)| row.clone()).collect();
        all.sort_by(|a, b| (b.fired_at, &b.key).cmp(&(a.fired_at, &a.key)));
        all.truncate(limit as usize);
        Ok(all)
    }

    async fn due_triggers(&self, limit: u32) -> Result<Vec<DueTrigger>> {
        let state = self.state();
        let mut due: Vec<DueTrigger> = state.due_triggers.iter().copied().collect();
        due.sort_by_key(|due| (due.execution_id, due.trigger_id));
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn watched_triggers(&self, kind: WatchKind) -> Result<Vec<Trigger>> {
        let is_watched = |row: &&Trigger| row.is_live() && row.source.watched() == Some(kind);
        Ok(self.state().triggers.values().filter(is_watched).cloned().collect())
    }

    async fn trigger_turn(&self, trigger: TriggerId) -> Result<Option<TurnState>> {
        let state = self.state();
        let turn = state.trigger_turns.get(&trigger);
        Ok(turn.map(|turn| TurnState {
            number: turn.number,
            taken_at: turn.taken_at,
            open: u32::try_from(turn.executions.iter().filter(|id| state.is_open(**id)).count())
                .unwrap_or(u32::MAX),
        }))
    }

    async fn count_trigger_firings(&self, trigger: TriggerId, since: Timestamp, most: u32) -> Result<u32> {
        let state = self.state();
        let from = state.trigger_firings.range((trigger, String::new())..);
        let recent = from.take_while(|(key, _)| key.0 == trigger).filter(|(_, row)| row.fired_at >= since);
        Ok(u32::try_from(recent.take(most as usize).count()).unwrap_or(most))
    }

    async fn note_watch(&self, watch: TriggerWatch) -> Result<()> {
        let mut state = self.state();
        exists::<Trigger>(&state, watch.trigger_id)?;
        exists::<Agent>(&state, watch.agent_id)?;
        state.trigger_watches.insert((watch.trigger_id, watch.agent_id), watch);
        Ok(())
    }

    async fn trigger_watches(&self, trigger: TriggerId) -> Result<Vec<TriggerWatch>> {
        let state = self.state();
        let nil = AgentId::from_uuid(uuid::Uuid::nil());
        let from = state.trigger_watches.range((trigger, nil)..);
        Ok(from.take_while(|(key, _)| key.0 == trigger).map(|(_, watch)| watch.clone()).collect())
    }

    async fn prune_trigger_firings(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let old = state.trigger_firings.values().filter(|firing| firing.fired_at < before);
        let mut old: Vec<_> =
            old.map(|firing| (firing.fired_at, (firing.trigger_id, firing.key.clone()))).collect();
        old.sort();
        old.truncate(limit as usize);
        for (_, key) in &old {
            state.trigger_firings.remove(key);
        }
        Ok(old.len() as u64)
    }
}

impl State {
    fn is_open(&self, id: ExecutionId) -> bool {
        self.executions.get(&id).is_some_and(|row| !row.state.is_terminal())
    }

    /// Notes for which triggers an execution is due that came to its end just now; taken back, for none.
    pub(super) fn note_end(&mut self, old: &Execution, new: &Execution) {
        match (old.state.is_terminal(), new.state.is_terminal()) {
            (false, true) => {
                let waits = |row: &&Trigger| {
                    let is_after = row.source.package_id() == Some(new.package_id)
                        && row.environment_id == new.environment_id;
                    is_after && row.is_live() && row.source.states().contains(&new.state)
                };
                let due = self.triggers.values().filter(waits);
                let due: Vec<_> =
                    due.map(|row| DueTrigger { trigger_id: row.id, execution_id: new.id }).collect();
                self.due_triggers.extend(due);
            }
            (true, false) => self.due_triggers.retain(|due| due.execution_id != new.id),
            _ => {}
        }
    }
}

pub(super) fn fire_trigger(state: &mut State, firing: TriggerFiring, undo: &mut Undo) -> Result<()> {
    let key = (firing.trigger_id, firing.key.clone());
    if state.trigger_firings.contains_key(&key) {
        return Err(Error::stale_row("trigger"));
    }
    exists::<Trigger>(state, firing.trigger_id)?;
    let executions = firing.execution_id.iter().chain(&firing.after);
    executions.into_iter().try_for_each(|id| exists::<Execution>(state, *id))?;
    if let Some(execution_id) = firing.after {
        let due = DueTrigger { trigger_id: firing.trigger_id, execution_id };
        if state.due_triggers.remove(&due) {
            undo.push(Box::new(move |state| _ = state.due_triggers.insert(due)));
        }
    }
    state.trigger_firings.insert(key.clone(), firing);
    undo.push(Box::new(move |state| drop(state.trigger_firings.remove(&key))));
    Ok(())
}

pub(super) fn take_turn(state: &mut State, mut turn: TriggerTurn, undo: &mut Undo) -> Result<()> {
    exists::<Trigger>(state, turn.trigger_id)?;
    turn.executions.iter().try_for_each(|id| exists::<Execution>(state, *id))?;
    let last = state.trigger_turns.get(&turn.trigger_id).cloned();
    if last.as_ref().map_or(0, |last| last.number) + 1 != turn.number {
        return Err(Error::stale_row("trigger"));
    }
    let before = last.iter().flat_map(|last| &last.executions).filter(|id| state.is_open(**id));
    turn.executions.extend(before);
    let trigger = turn.trigger_id;
    state.trigger_turns.insert(trigger, turn);
    undo.push(Box::new(move |state| match last {
        Some(last) => drop(state.trigger_turns.insert(trigger, last)),
        None => drop(state.trigger_turns.remove(&trigger)),
    }));
    Ok(())
}

pub(super) fn add_child(state: &mut State, call: ChildCall, undo: &mut Undo) -> Result<()> {
    let key = (call.parent_id, call.attempt_try, call.call);
    if state.children.contains_key(&key) {
        return Err(Error::stale_row("call"));
    }
    exists::<Execution>(state, call.parent_id)?;
    exists::<Execution>(state, call.child_id)?;
    state.children.insert(key, (call, true));
    undo.push(Box::new(move |state| _ = state.children.remove(&key)));
    Ok(())
}
