//! Work queues and their items: kept, listed, added many at once, moved by a filter.

use serde_json::{Value, json};

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    FileUser, InputFile, ItemErrorKind, ItemHolder, Lease, WorkItem, WorkItemError, WorkItemState, WorkQueue,
    check_item_transition,
};
use crate::error::{ErrorKind, Result};
use crate::id::{EnvironmentId, ExecutionId, UserId, WorkItemId, WorkQueueId};
use crate::query::{AuditFilter, PageRequest, WorkItemFilter};
use crate::store::{AddItems, MoveItems, PackedItem, TakeItems};

impl World {
    pub(super) async fn queue(&self) -> WorkQueue {
        let queue = self.work_queue("invoices");
        self.insert(Record::WorkQueue(Box::new(queue.clone()))).await;
        queue
    }

    pub(super) async fn put(&self, item: WorkItem) -> WorkItem {
        self.insert(Record::WorkItem(Box::new(item.clone()))).await;
        item
    }

    pub(super) async fn item(&self, id: WorkItemId) -> WorkItem {
        self.store.work_item(id).await.unwrap().expect("the item is there")
    }

    pub(super) fn take(&self, queue: &WorkQueue, limit: u32) -> TakeItems {
        TakeItems {
            queue_id: queue.id,
            limit,
            holder: self.caller(),
            now: instant(),
            lease_until: at(60),
            audit: None,
        }
    }

    pub(super) fn caller(&self) -> ItemHolder {
        ItemHolder::Caller { user_id: Some(self.user.id) }
    }

    pub(super) async fn taken(&self, queue: &WorkQueue, limit: u32) -> Vec<WorkItem> {
        self.store.take_items(self.take(queue, limit)).await.unwrap()
    }

    pub(super) async fn audited(&self, action: &str) -> Vec<Value> {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        let page = self.store.audit_entries(&filter, PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|entry| entry.detail).collect()
    }

    async fn listed(&self, queue: &WorkQueue, filter: WorkItemFilter) -> Vec<WorkItemId> {
        let page = self.store.work_items(queue.id, &filter, PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|item| item.id).collect()
    }
}

pub(super) fn packed(reference: Option<&str>, payload: &Value) -> PackedItem {
    PackedItem {
        id: WorkItemId::new(),
        payload: payload.to_string(),
        reference: reference.map(str::to_owned),
        priority: 0,
        due_at: None,
        defer_until: None,
    }
}

pub(super) fn add(queue: &WorkQueue, items: Vec<PackedItem>, skip_taken: bool) -> AddItems {
    AddItems {
        queue_id: queue.id,
        is_unique: queue.unique_references,
        items,
        skip_taken,
        now: instant(),
        audit: sample::audit("workItem.addMany"),
        idempotency: None,
    }
}

fn moves(queue: &WorkQueue, to: WorkItemState, filter: WorkItemFilter) -> MoveItems {
    let audit = sample::audit("workItem.move");
    MoveItems { queue_id: queue.id, filter, to, limit: 100, now: at(9), audit }
}

pub(super) fn in_state(item: WorkItem, state: WorkItemState, holder: ItemHolder) -> WorkItem {
    let is_held = state == WorkItemState::InProgress;
    let taken = state != WorkItemState::New && state != WorkItemState::Deleted;
    WorkItem {
        state,
        lease_epoch: u32::from(taken),
        attempts: u32::from(taken),
        holder: taken.then_some(holder),
        lease_until: is_held.then(|| at(60)),
        started_at: taken.then(instant),
        ended_at: state.is_ended().then(|| at(2)),
        ..item
    }
}

/// Every field of a queue is kept, and an update writes all but its place, its maker and its beginning.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    assert_eq!(world.store.work_queue(queue.id).await.unwrap(), Some(queue.clone()));
    assert_eq!(world.store.work_queue(WorkQueueId::new()).await.unwrap(), None);
    let changed = WorkQueue {
        name: "Rechnungen".to_owned(),
        description: "für Ü".to_owned(),
        max_attempts: 9,
        backoff_ms: 5,
        auto_retry: false,
        lease_ms: 77_000,
        unique_references: true,
        payload_schema: Some(json!({"type": "object"})),
        updated_at: at(3),
        ..queue.clone()
    };
    world.update(Record::WorkQueue(Box::new(changed.clone()))).await;
    let stored = WorkQueue { revision: 1, ..changed.clone() };
    assert_eq!(world.store.work_queue(queue.id).await.unwrap(), Some(stored.clone()));
    assert_stale_row(world.store.commit(Changes::none().update(Record::WorkQueue(Box::new(changed)))).await);
    let found = world.store.work_queue_by_name(world.environment.id, "RECHNUNGEN").await.unwrap();
    assert_eq!(found, Some(stored.clone()));
    let page = world.store.work_queues(None, PageRequest::default()).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&stored));
    let elsewhere =
        world.store.work_queues(Some(EnvironmentId::new()), PageRequest::default()).await.unwrap();
    assert_eq!(elsewhere.items, []);
    world.update(Record::WorkQueue(Box::new(WorkQueue { deleted_at: Some(at(4)), ..stored }))).await;
    assert_eq!(world.store.work_queue_by_name(world.environment.id, "Rechnungen").await.unwrap(), None);
    let here = world.store.work_queues(Some(world.environment.id), PageRequest::default()).await.unwrap();
    assert_eq!(here.items, []);
    assert!(world.store.work_queue(queue.id).await.unwrap().is_some(), "a deleted queue is still there");
}

/// Every field of an item is kept, whoever holds it.
pub async fn items_round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (_, lease) = world.running(world.execution()).await;
    let parent = world.put(world.work_item(&queue)).await;
    let file = world.file("a.pdf");
    world.insert(Record::InputFile(file.clone())).await;
    let holders = [
        None,
        Some(ItemHolder::Execution { lease }),
        Some(ItemHolder::Caller { user_id: None }),
        Some(world.caller()),
    ];
    for holder in holders {
        let item = WorkItem {
            payload: json!({"ü\u{0}": [1, 2.5, null, true], "big": "x".repeat(10_000)}),
            files: vec![file.id],
            reference: Some("INV/2026 \"7\" ✓".to_owned()),
            priority: -7,
            due_at: Some(at(1)),
            defer_until: Some(at(2)),
            available_at: at(3),
            state: WorkItemState::DeadLetter,
            attempts: 2,
            lease_epoch: if holder.is_some() { 4 } else { 0 },
            holder,
            output: Some(Value::Null),
            error: Some(WorkItemError {
                kind: ItemErrorKind::Application,
                code: Some("E7".to_owned()),
                message: "no".to_owned(),
            }),
            parent_id: Some(parent.id),
            started_at: Some(at(5)),
            ended_at: Some(at(6)),
            ..world.work_item(&queue)
        };
        // `null` as an output is told from none.
        let item = WorkItem { output: Some(json!({"n": null})), ..item };
        world.put(item.clone()).await;
        assert_eq!(world.item(item.id).await, item);
        let changed = WorkItem { priority: 3, due_at: None, reference: None, error: None, ..item };
        world.update(Record::WorkItem(Box::new(changed.clone()))).await;
        assert_eq!(world.item(changed.id).await, WorkItem { revision: 1, ..changed });
    }
}

/// A queue and an item name rows that exist.
pub async fn references_of_rows<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let refused = async |record: Record| {
        let result = world.store.commit(Changes::none().insert(record)).await;
        assert_code(result, ErrorKind::Invalid, "reference.missing");
    };
    let other = world.work_queue("other");
    let nowhere = WorkQueue { environment_id: EnvironmentId::new(), ..other.clone() };
    refused(Record::WorkQueue(Box::new(nowhere))).await;
    refused(Record::WorkQueue(Box::new(WorkQueue { created_by_id: UserId::new(), ..other }))).await;
    let item = || world.work_item(&queue);
    refused(Record::WorkItem(Box::new(WorkItem { queue_id: WorkQueueId::new(), ..item() }))).await;
    refused(Record::WorkItem(Box::new(WorkItem { parent_id: Some(WorkItemId::new()), ..item() }))).await;
    let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
    for holder in [ItemHolder::Execution { lease }, ItemHolder::Caller { user_id: Some(UserId::new()) }] {
        let item = in_state(item(), WorkItemState::Failed, holder);
        refused(Record::WorkItem(Box::new(item))).await;
    }
}

/// Two queues of one environment that are not deleted have different names, whatever the case.
pub async fn names_are_unique<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let other = sample::environment("other");
    world.insert(Record::Environment(other.clone())).await;
    let again = |name: &str| Record::WorkQueue(Box::new(world.work_queue(name)));
    let taken = world.store.commit(Changes::none().insert(again("INVOICES"))).await;
    assert_code(taken, ErrorKind::Conflict, "name.taken");
    let elsewhere = WorkQueue { environment_id: other.id, ..world.work_queue("invoices") };
    world.insert(Record::WorkQueue(Box::new(elsewhere))).await;
    world.update(Record::WorkQueue(Box::new(WorkQueue { deleted_at: Some(at(1)), ..queue }))).await;
    world.insert(again("Invoices")).await;
}

/// A reference that is to be unique is, in its queue, until its item is deleted.
pub async fn references_are_unique<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (queue, other) = (world.queue().await, world.work_queue("other"));
    world.insert(Record::WorkQueue(Box::new(other.clone()))).await;
    let unique = |queue: &WorkQueue, reference: &str| WorkItem {
        reference: Some(reference.to_owned()),
        is_unique: true,
        ..world.work_item(queue)
    };
    let first = world.put(unique(&queue, "A")).await;
    let again = Changes::none().insert(Record::WorkItem(Box::new(unique(&queue, "A"))));
    assert_code(world.store.commit(again).await, ErrorKind::Conflict, "name.taken");
    world.put(unique(&queue, "a")).await;
    world.put(unique(&other, "A")).await;
    world.put(WorkItem { is_unique: false, ..unique(&queue, "A") }).await;
    for _ in 0..2 {
        world.put(WorkItem { is_unique: true, ..world.work_item(&queue) }).await;
    }
    let mut deleted = first;
    deleted.delete(at(1));
    world.update(Record::WorkItem(Box::new(deleted))).await;
    world.put(unique(&queue, "A")).await;
}

/// The changes of state of the table, and no others.
pub async fn every_pair_of_states<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    for from in WorkItemState::ALL {
        for to in WorkItemState::ALL {
            let item = world.put(in_state(world.work_item(&queue), from, world.caller())).await;
            let changed = in_state(item.clone(), to, world.caller());
            let changed = WorkItem { lease_epoch: item.lease_epoch.max(changed.lease_epoch), ..changed };
            let changed = WorkItem { holder: changed.holder.or(item.holder), ..changed };
            let result =
                world.store.commit(Changes::none().update(Record::WorkItem(Box::new(changed)))).await;
            if from == to || check_item_transition(from, to).is_ok() {
                result.unwrap_or_else(|error| panic!("{from:?} -> {to:?}: {error}"));
            } else {
                assert_code(result, ErrorKind::Conflict, "workItem.transition");
                assert_eq!(world.item(item.id).await, item);
            }
        }
    }
}

/// Lists are newest first, in pages, by state, reference and parent, without payloads and outputs.
pub async fn lists<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (queue, other) = (world.queue().await, world.work_queue("other"));
    world.insert(Record::WorkQueue(Box::new(other.clone()))).await;
    let mut made = Vec::new();
    for state in WorkItemState::ALL {
        let item = WorkItem { reference: Some(format!("{state:?}")), ..world.work_item(&queue) };
        let item = WorkItem { output: Some(json!(1)), ..in_state(item, state, world.caller()) };
        made.push(world.put(item).await);
    }
    let child = world.put(WorkItem { parent_id: Some(made[2].id), ..world.work_item(&queue) }).await;
    world.put(world.work_item(&other)).await;
    let all = world
        .store
        .work_items(queue.id, &WorkItemFilter::default(), PageRequest::new(None, 3))
        .await
        .unwrap();
    let listed = |item: &WorkItem| WorkItem { payload: Value::Null, output: None, ..item.clone() };
    // The deleted one is left out.
    assert_eq!(all.items, [listed(&child), listed(&made[5]), listed(&made[4])]);
    let next = PageRequest::new(all.next, 3);
    let rest = world.store.work_items(queue.id, &WorkItemFilter::default(), next).await.unwrap();
    let ids: Vec<_> = rest.items.iter().map(|item| item.id).collect();
    assert_eq!(ids, [made[3].id, made[2].id, made[1].id]);
    let filter =
        |states: &[WorkItemState]| WorkItemFilter { states: states.to_vec(), ..WorkItemFilter::default() };
    let both = [WorkItemState::Deleted, WorkItemState::InProgress];
    assert_eq!(world.listed(&queue, filter(&both)).await, [made[6].id, made[1].id]);
    let reference = WorkItemFilter { reference: Some("Failed".to_owned()), ..WorkItemFilter::default() };
    assert_eq!(world.listed(&queue, reference).await, [made[3].id]);
    let strange = WorkItemFilter { reference: Some("a\0".to_owned()), ..WorkItemFilter::default() };
    assert_eq!(world.listed(&queue, strange).await, []);
    let parent = WorkItemFilter { parent_id: Some(made[2].id), ..WorkItemFilter::default() };
    assert_eq!(world.listed(&queue, parent).await, [child.id]);
}

/// Many items are there at once, with every field, one entry and the kept answer.
pub async fn adds_many<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let mut items: Vec<_> = (0..2_345).map(|n| packed(None, &json!({"n": n}))).collect();
    items[7] = PackedItem {
        reference: Some("Ä \"7\"".to_owned()),
        priority: 3,
        due_at: Some(at(5)),
        defer_until: Some(at(6)),
        ..packed(None, &json!({"text": "\"ü\u{0}\\", "n": 1.5}))
    };
    let seventh = items[7].clone();
    let missing = world.store.add_items(add(&queue, items, false)).await.unwrap();
    assert_eq!(missing, Vec::<usize>::new());
    let expected = WorkItem {
        id: seventh.id,
        payload: json!({"text": "\"ü\u{0}\\", "n": 1.5}),
        reference: seventh.reference,
        priority: 3,
        due_at: Some(at(5)),
        defer_until: Some(at(6)),
        available_at: at(6),
        ..world.work_item(&queue)
    };
    assert_eq!(world.item(expected.id).await, expected);
    let statistics = world.store.queue_statistics(queue.id, instant(), instant()).await.unwrap();
    assert_eq!(statistics.counts[&WorkItemState::New], 2_345);
    assert_eq!(world.audited("workItem.addMany").await.len(), 1);
    let nowhere =
        AddItems { queue_id: WorkQueueId::new(), ..add(&queue, vec![packed(None, &json!(1))], false) };
    assert_code(world.store.add_items(nowhere).await, ErrorKind::Invalid, "reference.missing");
}

/// One reference that is taken, in the queue or before in the same call, refuses all.
pub async fn a_taken_reference_refuses_all<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = WorkQueue { unique_references: true, ..world.work_queue("unique") };
    world.insert(Record::WorkQueue(Box::new(queue.clone()))).await;
    let adds = async |references: &[&str]| -> Result<Vec<usize>> {
        let items = references.iter().map(|reference| packed(Some(reference), &json!(1))).collect();
        world.store.add_items(add(&queue, items, false)).await
    };
    adds(&["a", "b"]).await.unwrap();
    for references in [&["c", "b"][..], &["c", "c"]] {
        let refused = adds(references).await;
        assert_eq!(refused.as_ref().err().and_then(crate::Error::field), Some("items[1]"));
        assert_code(refused, ErrorKind::Conflict, "workItem.reference");
    }
    let taken = world.taken(&queue, 9).await;
    assert_eq!(taken.len(), 2);
    assert_eq!(world.audited("workItem.addMany").await.len(), 1);
}

/// Where that is asked for, items whose reference is taken are left out and told.
pub async fn a_taken_reference_is_left_out<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = WorkQueue { unique_references: true, ..world.work_queue("unique") };
    world.insert(Record::WorkQueue(Box::new(queue.clone()))).await;
    let items = |references: &[&str]| references.iter().map(|one| packed(Some(one), &json!(1))).collect();
    world.store.add_items(add(&queue, items(&["a"]), true)).await.unwrap();
    let missing = world.store.add_items(add(&queue, items(&["b", "a", "c", "b"]), true)).await.unwrap();
    assert_eq!(missing, [1, 3]);
    let mut references: Vec<_> =
        world.taken(&queue, 9).await.into_iter().filter_map(|item| item.reference).collect();
    references.sort();
    assert_eq!(references, ["a", "b", "c"]);
}

/// What is reprocessed is new again, if it had ended badly; the entry says how many.
pub async fn moves_by_filter<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let mut made = Vec::new();
    for state in WorkItemState::ALL {
        let item = in_state(world.work_item(&queue), state, world.caller());
        let item = WorkItem { error: Some(WorkItemError::lease_ran_out()), output: Some(json!(1)), ..item };
        made.push(world.put(item).await);
    }
    let only = WorkItemFilter { states: vec![WorkItemState::Failed], ..WorkItemFilter::default() };
    let moved = world.store.move_items(moves(&queue, WorkItemState::New, only)).await.unwrap();
    assert_eq!(moved, 1);
    let all = moves(&queue, WorkItemState::New, WorkItemFilter::default());
    let some = MoveItems { limit: 1, ..all.clone() };
    assert_eq!(world.store.move_items(some).await.unwrap(), 1);
    let all = MoveItems { audit: sample::audit("workItem.move"), ..all };
    assert_eq!(world.store.move_items(all).await.unwrap(), 1);
    assert_eq!(
        world.store.move_items(moves(&queue, WorkItemState::New, WorkItemFilter::default())).await.unwrap(),
        0
    );
    for item in made {
        let mut expected = item.clone();
        if item.state.is_reprocessable() {
            expected.reprocess(at(9));
            expected.revision += 1;
        }
        assert_eq!(world.item(item.id).await, expected);
    }
    let counts: Vec<_> =
        world.audited("workItem.move").await.iter().map(|detail| detail["count"].clone()).collect();
    assert_eq!(counts, [json!(1), json!(1), json!(1)]);
}

/// What is deleted holds nothing any more and uses no file; what somebody works on stays.
pub async fn deletes_by_filter<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let file = world.file("a.pdf");
    world.insert(Record::InputFile(file.clone())).await;
    let mut made = Vec::new();
    for state in WorkItemState::ALL {
        let item = WorkItem { files: vec![file.id], ..world.work_item(&queue) };
        let item = world.put(in_state(item, state, world.caller())).await;
        let uses = Write::UseFiles { user: FileUser::WorkItem(item.id), files: vec![file.id] };
        world.store.commit(Changes { writes: vec![uses], ..Changes::none() }).await.unwrap();
        made.push(item);
    }
    let all = moves(&queue, WorkItemState::Deleted, WorkItemFilter::default());
    assert_eq!(world.store.move_items(all).await.unwrap(), 5);
    for item in &made {
        let mut expected = item.clone();
        let is_kept = matches!(item.state, WorkItemState::InProgress | WorkItemState::Deleted);
        if !is_kept {
            expected.delete(at(9));
            expected.revision += 1;
        }
        assert_eq!(world.item(item.id).await, expected);
        let used = world.store.files_used(FileUser::WorkItem(item.id)).await.unwrap();
        assert_eq!(used.len(), usize::from(is_kept));
    }
    let removed = Record::InputFile(InputFile { removed_at: Some(at(10)), ..file });
    let in_use = world.store.commit(Changes::none().update(removed)).await;
    assert_code(in_use, ErrorKind::Conflict, "file.in_use");
}

/// Counts by state, the age of what waits, and what ended of late.
pub async fn statistics<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let read = async |since, now| world.store.queue_statistics(queue.id, since, now).await.unwrap();
    assert_eq!(read(instant(), instant()).await, crate::domain::QueueStatistics::default());
    for state in WorkItemState::ALL {
        world.put(in_state(world.work_item(&queue), state, world.caller())).await;
    }
    let deferred = WorkItem { available_at: at(50), created_at: at(-5), ..world.work_item(&queue) };
    world.put(deferred).await;
    let early = in_state(world.work_item(&queue), WorkItemState::Successful, world.caller());
    world.put(WorkItem { ended_at: Some(at(-60)), started_at: Some(at(-70)), ..early }).await;
    let now = read(at(-10), at(3)).await;
    assert_eq!((now.counts[&WorkItemState::New], now.counts[&WorkItemState::Successful]), (2, 2));
    assert_eq!((now.counts[&WorkItemState::Deleted], now.counts.len()), (1, 7));
    assert_eq!((now.available, now.oldest_new_at), (1, Some(at(-5))));
    assert_eq!((now.succeeded, now.failed, now.mean_handling_ms), (1, 3, Some(2_000)));
    assert_eq!(read(at(-90), at(60)).await.mean_handling_ms, Some(6_000));
}
