//! Taking work items: in order, by one holder each, and back when that one is gone.

use std::collections::BTreeSet;

use serde_json::json;

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, instant};
use super::work_queue::{add, packed};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ItemHolder, Lease, WorkItem, WorkItemError, WorkItemState, WorkQueue};
use crate::error::ErrorKind;
use crate::id::{ExecutionId, WorkItemId, WorkQueueId};
use crate::store::TakeItems;

impl World {
    /// A work queue that tries three times; not written yet.
    #[must_use]
    pub fn work_queue(&self, name: &str) -> WorkQueue {
        WorkQueue {
            id: WorkQueueId::new(),
            environment_id: self.environment.id,
            name: name.to_owned(),
            description: "what comes in".to_owned(),
            max_attempts: 3,
            backoff_ms: 1_000,
            auto_retry: true,
            lease_ms: 60_000,
            unique_references: false,
            payload_schema: None,
            created_by_id: self.user.id,
            created_at: instant(),
            updated_at: instant(),
            deleted_at: None,
            revision: 0,
        }
    }

    /// A new item that may be taken at [`instant`]; not written yet.
    #[must_use]
    pub fn work_item(&self, queue: &WorkQueue) -> WorkItem {
        WorkItem {
            id: WorkItemId::new(),
            queue_id: queue.id,
            payload: json!({"invoice": 7}),
            files: Vec::new(),
            reference: None,
            is_unique: false,
            priority: 0,
            due_at: None,
            defer_until: None,
            available_at: instant(),
            state: WorkItemState::New,
            attempts: 0,
            lease_epoch: 0,
            holder: None,
            lease_until: None,
            output: None,
            error: None,
            parent_id: None,
            created_at: instant(),
            started_at: None,
            ended_at: None,
            revision: 0,
        }
    }

    /// An item that a running execution holds.
    async fn held_by_run(&self, queue: &WorkQueue) -> (WorkItem, Lease) {
        let (_, lease) = self.running(self.retried(3)).await;
        self.put(self.work_item(queue)).await;
        let take = TakeItems { holder: ItemHolder::Execution { lease }, ..self.take(queue, 1) };
        (self.store.take_items(take).await.unwrap().remove(0), lease)
    }
}

/// Highest priority first, then the due date, then the age; what is deferred is passed over.
pub async fn take_order<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (queue, other) = (world.queue().await, world.work_queue("other"));
    world.insert(Record::WorkQueue(Box::new(other.clone()))).await;
    world.put(WorkItem { priority: 9, ..world.work_item(&other) }).await;
    let put = async |priority, due: Option<i64>| {
        let item = WorkItem { priority, due_at: due.map(at), ..world.work_item(&queue) };
        world.put(item).await.id
    };
    let late = put(0, None).await;
    let second = put(0, Some(20)).await;
    let first = put(0, Some(10)).await;
    let last = put(-1, Some(1)).await;
    let later = put(0, None).await;
    let high = put(1, None).await;
    let deferred = world.put(WorkItem { priority: 5, available_at: at(1), ..world.work_item(&queue) }).await;
    let ids = |items: Vec<WorkItem>| items.into_iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(world.taken(&queue, 4).await), [high, first, second, late]);
    assert_eq!(ids(world.taken(&queue, 9).await), [later, last]);
    assert_eq!(ids(world.taken(&queue, 9).await), []);
    let take = TakeItems { now: at(1), ..world.take(&queue, 9) };
    assert_eq!(ids(world.store.take_items(take).await.unwrap()), [deferred.id]);
}

/// A take notes who has the item, since when and until when.
pub async fn take_grants<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let item = world.put(world.work_item(&queue)).await;
    let taken = world.taken(&queue, 1).await.remove(0);
    let expected = WorkItem {
        state: WorkItemState::InProgress,
        attempts: 1,
        lease_epoch: 1,
        holder: Some(world.caller()),
        lease_until: Some(at(60)),
        started_at: Some(instant()),
        revision: 1,
        ..item
    };
    assert_eq!(taken, expected);
    assert_eq!(world.item(taken.id).await, taken);
    let (held, lease) = world.held_by_run(&queue).await;
    assert_eq!((held.holder, held.lease_until), (Some(ItemHolder::Execution { lease }), None));
    let mut again = taken;
    again.fail(WorkItemError::lease_ran_out(), &queue, instant());
    world.update(Record::WorkItem(Box::new(again))).await;
    let again = world.taken(&queue, 1).await.remove(0);
    assert_eq!((again.attempts, again.lease_epoch), (2, 2));
}

/// No item is given to two takes, from whichever server.
pub async fn takes_are_disjoint<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    let queue = world.queue().await;
    let items = (0..200).map(|n| packed(None, &json!(n))).collect();
    world.store.add_items(add(&queue, items, false)).await.unwrap();
    let takers: Vec<_> = (0..8)
        .map(|n| {
            let store = if n % 2 == 0 { world.store.clone() } else { peer.clone() };
            let take = world.take(&queue, 3);
            tokio::spawn(async move {
                let mut got = Vec::new();
                loop {
                    let taken = store.take_items(take.clone()).await.unwrap();
                    if taken.is_empty() {
                        return got;
                    }
                    got.extend(taken.into_iter().map(|item| item.id));
                }
            })
        })
        .collect();
    let mut got = Vec::new();
    for taker in takers {
        got.extend(taker.await.unwrap());
    }
    // A take may find nothing while others have the rest at hand; what is left is there.
    got.extend(world.taken(&queue, 200).await.into_iter().map(|item| item.id));
    assert_eq!((got.len(), got.into_iter().collect::<BTreeSet<_>>().len()), (200, 200));
}

/// An execution takes nothing under a lease that it does not hold.
pub async fn a_stale_lease_takes_nothing<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (_, lease) = world.running(world.execution()).await;
    let item = world.put(world.work_item(&queue)).await;
    let take = |lease| TakeItems { holder: ItemHolder::Execution { lease }, ..world.take(&queue, 1) };
    let later = Lease { epoch: 2, ..lease };
    let stranger = Lease { execution: ExecutionId::new(), epoch: 1 };
    for stale in [later, stranger] {
        assert_code(world.store.take_items(take(stale)).await, ErrorKind::StaleLease, "lease.stale");
    }
    world.finish(lease, sample::succeeded(), at(2)).await;
    assert_code(world.store.take_items(take(lease)).await, ErrorKind::StaleLease, "lease.stale");
    assert_eq!(world.item(item.id).await, item);
}

/// The entry of a take is kept if something was taken.
pub async fn a_take_is_audited<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let take = || TakeItems { audit: Some(sample::audit("workItem.take")), ..world.take(&queue, 2) };
    world.store.take_items(take()).await.unwrap();
    assert_eq!(world.audited("workItem.take").await.len(), 0);
    world.put(world.work_item(&queue)).await;
    world.store.take_items(take()).await.unwrap();
    assert_eq!(world.audited("workItem.take").await.len(), 1);
}

/// What a lease holds is what was taken under it and not ended.
pub async fn held<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (first, lease) = world.held_by_run(&queue).await;
    world.put(world.work_item(&queue)).await;
    let take = TakeItems { holder: ItemHolder::Execution { lease }, ..world.take(&queue, 1) };
    let second = world.store.take_items(take).await.unwrap().remove(0);
    assert_eq!(world.store.held_items(lease).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(world.store.held_items(Lease { epoch: 9, ..lease }).await.unwrap(), []);
    let mut done = first;
    done.succeed(None, at(2));
    world.update(Record::WorkItem(Box::new(done))).await;
    assert_eq!(world.store.held_items(lease).await.unwrap(), [second]);
}

fn assert_given_back(before: &WorkItem, after: &WorkItem, queue: &WorkQueue, error: WorkItemError, now: i64) {
    let mut expected = before.clone();
    expected.fail(error, queue, at(now));
    expected.revision += 1;
    assert_eq!(*after, expected);
}

/// When an execution ends, whatever it holds is back in the queue.
pub async fn a_finish_gives_back<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    for result in [sample::succeeded(), sample::failed()] {
        let (held, lease) = world.held_by_run(&queue).await;
        world.finish(lease, result, at(7)).await;
        let after = world.item(held.id).await;
        assert_given_back(&held, &after, &queue, WorkItemError::execution_ended(), 7);
        assert_eq!((after.state, after.available_at), (WorkItemState::New, at(7)));
        let mut deleted = after;
        deleted.delete(at(8));
        world.update(Record::WorkItem(Box::new(deleted))).await;
    }
}

/// When an execution is lost, whatever it holds is back in the queue.
pub async fn a_loss_gives_back<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (held, _) = world.held_by_run(&queue).await;
    assert_eq!(world.store.expire(at(61), 10).await.unwrap().len(), 1);
    assert_given_back(&held, &world.item(held.id).await, &queue, WorkItemError::execution_ended(), 61);
}

/// When a lease is released, whatever was taken under it is back in the queue.
pub async fn a_release_gives_back<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (_, lease) = world.assigned(world.execution()).await;
    world.put(world.work_item(&queue)).await;
    let take = TakeItems { holder: ItemHolder::Execution { lease }, ..world.take(&queue, 1) };
    let held = world.store.take_items(take).await.unwrap().remove(0);
    world.store.release(world.agent.id, &[lease], at(3)).await.unwrap();
    assert_given_back(&held, &world.item(held.id).await, &queue, WorkItemError::execution_ended(), 3);
}

/// Whoever decided on an item before it was given back finds a stale row.
pub async fn what_was_given_back_is_stale<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let (mut held, lease) = world.held_by_run(&queue).await;
    world.finish(lease, sample::succeeded(), at(7)).await;
    held.succeed(Some(json!("late")), at(8));
    let child = world.work_item(&queue);
    let late = Changes::none()
        .insert(Record::WorkItem(Box::new(child.clone())))
        .update(Record::WorkItem(Box::new(held.clone())));
    assert_stale_row(world.store.commit(late).await);
    assert_eq!(world.store.work_item(child.id).await.unwrap(), None);
    assert_eq!(world.item(held.id).await.state, WorkItemState::New);
}

/// Items whose lease ran out come back, the first to run out first, no more than asked.
pub async fn expires<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let mut taken = Vec::new();
    for until in [30, 10, 20] {
        world.put(world.work_item(&queue)).await;
        let take = TakeItems { lease_until: at(until), ..world.take(&queue, 1) };
        taken.push(world.store.take_items(take).await.unwrap().remove(0));
    }
    let (by_run, _) = world.held_by_run(&queue).await;
    assert_eq!(world.store.expire_items(at(10), 10).await.unwrap(), []);
    assert_eq!(world.store.expire_items(at(31), 2).await.unwrap(), [queue.id, queue.id]);
    assert_eq!(world.item(taken[0].id).await.state, WorkItemState::InProgress);
    assert_given_back(&taken[1], &world.item(taken[1].id).await, &queue, WorkItemError::lease_ran_out(), 31);
    assert_eq!(world.store.expire_items(at(31), 2).await.unwrap(), [queue.id]);
    assert_eq!(world.item(by_run.id).await, by_run, "an execution keeps what it took");
}

/// An attempt that is given up counts: after the last one the item ends.
pub async fn expires_by_the_queue<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let once = WorkQueue { max_attempts: 1, ..world.work_queue("once") };
    let never = WorkQueue { auto_retry: false, ..world.work_queue("never") };
    for (queue, state) in
        [(queue, WorkItemState::New), (once, WorkItemState::DeadLetter), (never, WorkItemState::Failed)]
    {
        if world.store.work_queue(queue.id).await.unwrap().is_none() {
            world.insert(Record::WorkQueue(Box::new(queue.clone()))).await;
        }
        world.put(world.work_item(&queue)).await;
        let taken = world.taken(&queue, 1).await.remove(0);
        world.store.expire_items(at(61), 10).await.unwrap();
        let after = world.item(taken.id).await;
        assert_given_back(&taken, &after, &queue, WorkItemError::lease_ran_out(), 61);
        assert_eq!(after.state, state);
    }
}
