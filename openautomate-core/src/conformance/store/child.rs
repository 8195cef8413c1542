//! Executions that other executions asked for.

use super::expect::assert_stale_row;
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ChildCall, Execution, ExecutionState, Lease, Origin};
use crate::error::ErrorKind;
use crate::id::{AgentId, ExecutionId};

/// A second child of the same call is a stale row, and is not written; of another try it is another call.
pub async fn one_a_call<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let parent = world.enqueue(world.execution()).await;
    let (first, changes) = asked(&world, parent.id, 0, 1);
    world.store.commit(changes).await.unwrap();
    let (second, changes) = asked(&world, parent.id, 0, 1);
    assert_stale_row(world.store.commit(changes).await);
    assert_eq!(world.store.execution(second.id).await.unwrap(), None);
    let (retried, changes) = asked(&world, parent.id, 1, 1);
    world.store.commit(changes).await.unwrap();
    let child =
        async |parent, attempt_try, call| world.store.child_of_call(parent, attempt_try, call).await.unwrap();
    assert_eq!(child(parent.id, 0, 1).await, Some(first.id));
    assert_eq!(child(parent.id, 1, 1).await, Some(retried.id));
    assert_eq!(child(parent.id, 0, 2).await, None);
    assert_eq!(child(first.id, 0, 1).await, None);
}

/// The children of an execution, oldest first, no more than asked.
pub async fn in_order<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let parent = world.enqueue(world.execution()).await;
    let other = world.enqueue(world.execution()).await;
    let mut made = Vec::new();
    // In another order than that of the calls.
    for call in [3, 1, 2] {
        let (child, changes) = asked(&world, parent.id, 0, call);
        world.store.commit(changes).await.unwrap();
        made.push(child.id);
    }
    world.store.commit(asked(&world, other.id, 0, 1).1).await.unwrap();
    assert_eq!(world.store.children(parent.id, 10).await.unwrap(), made);
    assert_eq!(world.store.children(parent.id, 2).await.unwrap(), made[..2]);
    assert_eq!(world.store.children(made[0], 10).await.unwrap(), []);
}

/// Open children of what was cancelled or ran out of time, and no others.
pub async fn to_cancel<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut expected = Vec::new();
    for (state, cancel, counts) in [
        (ExecutionState::Pending, false, false),
        (ExecutionState::Pending, true, true),
        (ExecutionState::Cancelled, true, true),
        (ExecutionState::TimedOut, false, true),
        (ExecutionState::Failed, false, false),
        (ExecutionState::Succeeded, false, false),
    ] {
        let parent = world
            .enqueue(Execution {
                state,
                cancel_requested_at: cancel.then(|| at(1)),
                ended_at: state.is_terminal().then(|| at(2)),
                ..world.execution()
            })
            .await;
        let (child, changes) = asked(&world, parent.id, 0, 1);
        world.store.commit(changes).await.unwrap();
        expected.extend(counts.then_some(child.id));
        let (told, changes) = asked(&world, parent.id, 0, 2);
        world.store.commit(changes).await.unwrap();
        let told = Execution { cancel_requested_at: Some(at(3)), ..told };
        world.update(Record::Execution(Box::new(told))).await;
    }
    assert_eq!(world.store.children_to_cancel(10).await.unwrap(), expected);
    assert_eq!(world.store.children_to_cancel(2).await.unwrap(), expected[..2]);
}

/// A child that has ended is looked after no more, and stays a child.
pub async fn closed<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let parent = world.enqueue(Execution { priority: -1, ..world.execution() }).await;
    let (open, changes) = asked(&world, parent.id, 0, 1);
    world.store.commit(changes).await.unwrap();
    let claimed = world.claim_at(instant()).await;
    assert_eq!(claimed.id, open.id, "it has the higher priority");
    let lease = claimed.lease().expect("a claimed execution has a lease");
    world.store.start(lease, world.agent.id, at(1)).await.unwrap();
    assert_eq!(world.store.close_children(10).await.unwrap(), 0);
    world.finish(lease, sample::succeeded(), at(2)).await;
    assert_eq!(world.store.close_children(10).await.unwrap(), 1);
    assert_eq!(world.store.close_children(10).await.unwrap(), 0);
    assert_eq!(world.store.children(parent.id, 10).await.unwrap(), [open.id]);
}

/// A child stands in for its parent once, if the lease is held, and only while it has not ended.
pub async fn stands_in<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let parent = running(&world).await;
    let (child, changes) = asked(&world, parent.execution, 0, 1);
    world.store.commit(changes).await.unwrap();
    let stranger = world.enqueue(world.execution()).await;
    let stand_in = async |lease, child| world.store.stand_in(lease, world.agent.id, child).await;
    let stale = Lease { epoch: parent.epoch + 1, ..parent };
    assert_eq!(stand_in(stale, child.id).await.unwrap_err().kind(), ErrorKind::StaleLease);
    let another = AgentId::new();
    let refused = world.store.stand_in(parent, another, child.id).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::StaleLease);
    assert!(!stand_in(parent, stranger.id).await.unwrap(), "it is no child of it");
    assert!(stand_in(parent, child.id).await.unwrap());
    assert!(!stand_in(parent, child.id).await.unwrap(), "it does already");
    let (ended, changes) = asked(&world, parent.execution, 0, 2);
    world.store.commit(changes).await.unwrap();
    let ended = Execution { state: ExecutionState::Cancelled, ended_at: Some(at(2)), ..ended };
    world.update(Record::Execution(Box::new(ended.clone()))).await;
    assert!(!stand_in(parent, ended.id).await.unwrap());
}

/// One child of a parent stands in for it at a time.
pub async fn one_stands_in<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let parent = running(&world).await;
    let mut children = Vec::new();
    for call in [1, 2] {
        let (child, changes) = asked(&world, parent.execution, 0, call);
        world.store.commit(changes).await.unwrap();
        children.push(child);
    }
    let stand_in = async |child| world.store.stand_in(parent, world.agent.id, child).await.unwrap();
    assert!(stand_in(children[0].id).await);
    assert!(!stand_in(children[1].id).await);
    let over = Execution { state: ExecutionState::Cancelled, ended_at: Some(at(2)), ..children[0].clone() };
    world.update(Record::Execution(Box::new(over))).await;
    assert!(stand_in(children[1].id).await);
}

/// An execution that its agent has begun.
async fn running(world: &World) -> Lease {
    world.enqueue(Execution { priority: 9, ..world.execution() }).await;
    let lease = world.claim_at(instant()).await.lease().expect("a claimed execution has a lease");
    world.store.start(lease, world.agent.id, at(1)).await.unwrap();
    lease
}

/// A child and the commit that makes it.
pub(super) fn asked(world: &World, parent: ExecutionId, attempt_try: u32, call: u32) -> (Execution, Changes) {
    let child = Execution { origin: Origin::Child { parent, depth: 1 }, ..world.execution() };
    let mut changes = Changes::none().insert(Record::Execution(Box::new(child.clone())));
    changes.writes.push(Write::AddChild(ChildCall {
        parent_id: parent,
        attempt_try,
        call,
        child_id: child.id,
    }));
    (child, changes)
}
