//! Work queues: items taken in order, and back when whoever took them is gone.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;

use super::MemoryStore;
use super::commit::{Undo, keep_answer, note, take_back};
use super::read::page;
use super::row::{Row, exists};
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{
    FileUser, ItemHolder, Lease, QueueBacklog, QueueStatistics, WorkItem, WorkItemError, WorkItemState,
    WorkQueue,
};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, WorkItemId, WorkQueueId};
use crate::query::{Page, PageRequest, WorkItemFilter};
use crate::store::{AddItems, MoveItems, PackedItem, TakeItems, WorkQueueStore, reference_taken};

#[async_trait]
impl WorkQueueStore for MemoryStore {
    async fn work_queue(&self, id: WorkQueueId) -> Result<Option<WorkQueue>> {
        Ok(self.state().work_queues.get(&id).cloned())
    }

    async fn work_queue_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<WorkQueue>> {
        let is_it = |row: &&WorkQueue| {
            row.environment_id == environment
                && row.deleted_at.is_none()
                && row.name.eq_ignore_ascii_case(name)
        };
        Ok(self.state().work_queues.values().find(is_it).cloned())
    }

    async fn work_queues(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> Result<Page<WorkQueue>> {
        let state = self.state();
        let wanted = |row: &WorkQueue| {
            row.deleted_at.is_none()
                && environment.is_none_or(|environment| row.environment_id == environment)
        };
        Ok(page(state.work_queues.values().rev(), request, |row| *row.id.as_uuid(), wanted))
    }

    async fn work_item(&self, id: WorkItemId) -> Result<Option<WorkItem>> {
        Ok(self.state().work_items.get(&id).cloned())
    }

    async fn work_items(
        &self,
        queue: WorkQueueId,
        filter: &WorkItemFilter,
        request: PageRequest,
    ) -> Result<Page<WorkItem>> {
        let state = self.state();
        let rows = state.work_items.values().rev();
        let found = page(rows, request, |row| *row.id.as_uuid(), |row| matches(row, queue, filter));
        Ok(found.map(|row| WorkItem { payload: Value::Null, output: None, ..row }))
    }

    async fn held_items(&self, lease: Lease) -> Result<Vec<WorkItem>> {
        let state = self.state();
        Ok(state.held_by(lease).iter().filter_map(|id| state.work_items.get(id).cloned()).collect())
    }

    async fn take_items(&self, take: TakeItems) -> Result<Vec<WorkItem>> {
        let mut state = self.state();
        if let Some(lease) = take.holder.lease() {
            let execution = state.executions.get(&lease.execution);
            let is_held =
                execution.is_some_and(|row| row.state.is_leased() && row.lease_epoch == lease.epoch);
            if !is_held {
                return Err(Error::stale_lease());
            }
        }
        let taken: Vec<WorkItemId> = state.takeable(&take);
        let taken: Vec<WorkItem> = taken.into_iter().filter_map(|id| state.grant_item(id, &take)).collect();
        if let Some(entry) = take.audit.filter(|_| !taken.is_empty()) {
            note(&mut state, entry, &mut Undo::new())?;
        }
        Ok(taken)
    }

    async fn expire_items(&self, now: Timestamp, limit: u32) -> Result<Vec<WorkQueueId>> {
        let mut state = self.state();
        let over = state.item_leases.iter().take_while(|(until, _)| *until < now).take(limit as usize);
        let over: Vec<WorkItemId> = over.map(|(_, id)| *id).collect();
        let error = WorkItemError::lease_ran_out();
        Ok(over.into_iter().filter_map(|id| state.give_back_item(id, &error, now)).collect())
    }

    async fn add_items(&self, add: AddItems) -> Result<Vec<usize>> {
        let mut state = self.state();
        let mut undo = Undo::new();
        let added = add_all(&mut state, add, &mut undo);
        if added.is_err() {
            take_back(&mut state, undo);
        }
        added
    }

    async fn move_items(&self, moves: MoveItems) -> Result<u64> {
        let MoveItems { queue_id, filter, to, limit, now, mut audit } = moves;
        let mut state = self.state();
        let may_move = |row: &&WorkItem| {
            let may = match to {
                WorkItemState::Deleted => {
                    !matches!(row.state, WorkItemState::InProgress | WorkItemState::Deleted)
                }
                _ => row.state.is_reprocessable(),
            };
            may && matches(row, queue_id, &filter)
        };
        let chosen: Vec<WorkItem> =
            state.work_items.values().filter(may_move).take(limit as usize).cloned().collect();
        let count = chosen.len() as u64;
        for mut item in chosen {
            if to == WorkItemState::Deleted {
                item.delete(now);
                state.file_uses.remove(&FileUser::WorkItem(item.id));
            } else {
                item.reprocess(now);
            }
            item.revision += 1;
            state.put(item);
        }
        if count > 0 {
            audit.detail["count"] = count.into();
            note(&mut state, audit, &mut Undo::new())?;
        }
        Ok(count)
    }

    async fn queue_statistics(
        &self,
        queue: WorkQueueId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<QueueStatistics> {
        let state = self.state();
        let mut statistics = QueueStatistics::default();
        let mut handling = 0_i64;
        for item in state.work_items.values().filter(|item| item.queue_id == queue) {
            *statistics.counts.entry(item.state).or_default() += 1;
            if item.state == WorkItemState::New {
                statistics.available += u64::from(item.available_at <= now);
                let oldest = statistics.oldest_new_at.get_or_insert(item.created_at);
                *oldest = item.created_at.min(*oldest);
            }
            let ended = item.ended_at.filter(|ended| *ended >= since && item.state.is_ended());
            match (item.state, ended) {
                (WorkItemState::Successful, Some(ended)) => {
                    statistics.succeeded += 1;
                    let took = item.started_at.map(|started| (ended - started).num_microseconds());
                    handling += took.flatten().unwrap_or_default();
                }
                (WorkItemState::Deleted, _) | (_, None) => {}
                (_, Some(_)) => statistics.failed += 1,
            }
        }
        let succeeded = i64::try_from(statistics.succeeded).unwrap_or(i64::MAX);
        let mean = (succeeded > 0).then(|| handling / succeeded / 1_000);
        statistics.mean_handling_ms = mean.and_then(|mean| u64::try_from(mean).ok());
        Ok(statistics)
    }

    async fn queue_backlog(&self, queue: WorkQueueId, now: Timestamp, most: u32) -> Result<QueueBacklog> {
        let state = self.state();
        let new = state
            .work_items
            .values()
            .filter(|item| item.queue_id == queue && item.state == WorkItemState::New);
        let (ready, later): (Vec<Timestamp>, Vec<Timestamp>) =
            new.map(|item| item.available_at).partition(|at| *at <= now);
        Ok(QueueBacklog {
            ready: u32::try_from(ready.len()).unwrap_or(most).min(most),
            oldest_at: ready.into_iter().min(),
            next_at: later.into_iter().min(),
        })
    }
}

fn matches(item: &WorkItem, queue: WorkQueueId, filter: &WorkItemFilter) -> bool {
    let state = match filter.states.as_slice() {
        [] => item.state != WorkItemState::Deleted,
        states => states.contains(&item.state),
    };
    item.queue_id == queue
        && state
        && filter.reference.as_ref().is_none_or(|reference| item.reference.as_ref() == Some(reference))
        && filter.parent_id.is_none_or(|parent| item.parent_id == Some(parent))
}

fn add_all(state: &mut State, add: AddItems, undo: &mut Undo) -> Result<Vec<usize>> {
    exists::<WorkQueue>(state, add.queue_id)?;
    let mut left_out = Vec::new();
    for (position, packed) in add.items.into_iter().enumerate() {
        let item = unpacked(packed, add.queue_id, add.is_unique, add.now)?;
        let id = item.id;
        if item.check(state).is_err() {
            if !add.skip_taken {
                return Err(reference_taken(position));
            }
            left_out.push(position);
            continue;
        }
        state.put(item);
        undo.push(Box::new(move |state| drop(state.remove::<WorkItem>(id))));
    }
    note(state, add.audit, undo)?;
    add.idempotency.map_or(Ok(()), |answer| keep_answer(state, answer, undo))?;
    Ok(left_out)
}

fn unpacked(packed: PackedItem, queue_id: WorkQueueId, is_unique: bool, now: Timestamp) -> Result<WorkItem> {
    let payload = serde_json::from_str(&packed.payload).map_err(|error| {
        Error::internal("workItem.payload", "the payload of an item is no JSON").with_source(error)
    })?;
    Ok(WorkItem {
        id: packed.id,
        queue_id,
        payload,
        files: Vec::new(),
        reference: packed.reference,
        is_unique,
        priority: packed.priority,
        due_at: packed.due_at,
        defer_until: packed.defer_until,
        available_at: packed.defer_until.map_or(now, |defer| defer.max(now)),
        state: WorkItemState::New,
        attempts: 0,
        lease_epoch: 0,
        holder: None,
        lease_until: None,
        output: None,
        error: None,
        parent_id: None,
        created_at: now,
        started_at: None,
        ended_at: None,
        revision: 0,
    })
}

impl State {
    /// What a take gets, in its order.
    fn takeable(&self, take: &TakeItems) -> Vec<WorkItemId> {
        let nil = WorkItemId::from_uuid(uuid::Uuid::nil());
        let first = (take.queue_id, Reverse(i32::MAX), Timestamp::MIN_UTC, nil);
        let in_queue = self.new_items.range(first..).take_while(|key| key.0 == take.queue_id);
        let is_available =
            |id: &WorkItemId| self.work_items.get(id).is_some_and(|item| item.available_at <= take.now);
        in_queue.map(|key| key.3).filter(is_available).take(take.limit as usize).collect()
    }

    fn grant_item(&mut self, id: WorkItemId, take: &TakeItems) -> Option<WorkItem> {
        let mut item = self.work_items.get(&id)?.clone();
        item.state = WorkItemState::InProgress;
        item.attempts += 1;
        item.lease_epoch += 1;
        item.holder = Some(take.holder);
        item.lease_until = match take.holder {
            ItemHolder::Execution { .. } => None,
            ItemHolder::Caller { .. } => Some(take.lease_until),
        };
        item.started_at = Some(take.now);
        item.revision += 1;
        self.put(item.clone());
        Some(item)
    }

    fn held_by(&self, lease: Lease) -> BTreeSet<WorkItemId> {
        let nil = WorkItemId::from_uuid(uuid::Uuid::nil());
        let theirs = self.held_items.range((lease, nil)..).take_while(|key| key.0 == lease);
        theirs.map(|key| key.1).collect()
    }

    /// Gives back whatever a lease that ended held.
    pub(super) fn give_back_items(&mut self, lease: Lease, now: Timestamp) {
        let error = WorkItemError::execution_ended();
        for id in self.held_by(lease) {
            self.give_back_item(id, &error, now);
        }
    }

    fn give_back_item(
        &mut self,
        id: WorkItemId,
        error: &WorkItemError,
        now: Timestamp,
    ) -> Option<WorkQueueId> {
        let mut item = self.work_items.get(&id)?.clone();
        let queue = self.work_queues.get(&item.queue_id)?;
        item.fail(error.clone(), queue, now);
        item.revision += 1;
        let queue_id = item.queue_id;
        self.put(item);
        Some(queue_id)
    }

    /// Puts an item into the orders that its state calls for, or takes it out.
    pub(super) fn index_item(&mut self, item: &WorkItem, present: bool) {
        fn set<K: Ord>(keys: &mut BTreeSet<K>, key: K, present: bool) {
            if present {
                keys.insert(key);
            } else {
                keys.remove(&key);
            }
        }
        if item.state == WorkItemState::New {
            let due = item.due_at.unwrap_or(Timestamp::MAX_UTC);
            set(&mut self.new_items, (item.queue_id, Reverse(item.priority), due, item.id), present);
        }
        if item.state == WorkItemState::InProgress
            && let Some(lease) = item.holder.and_then(|holder| holder.lease())
        {
            set(&mut self.held_items, (lease, item.id), present);
        }
        if let Some(until) = item.lease_until {
            set(&mut self.item_leases, (until, item.id), present);
        }
        if let Some(reference) = item.unique_reference() {
            let key = (item.queue_id, reference.to_owned());
            if present {
                self.item_references.insert(key, item.id);
            } else {
                self.item_references.remove(&key);
            }
        }
    }
}

impl WorkItem {
    /// The reference that no other item of its queue may have.
    pub(super) fn unique_reference(&self) -> Option<&str> {
        let counts = self.is_unique && self.state != WorkItemState::Deleted;
        self.reference.as_deref().filter(|_| counts)
    }
}
