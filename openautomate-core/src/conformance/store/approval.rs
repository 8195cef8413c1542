//! Approvals, and the executions that wait for them.

use super::expect::assert_stale_row;
use super::sample::{World, at, map};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Approval, ApprovalState, Execution, ExecutionState, Role, RunResult};
use crate::error::ErrorKind;
use crate::id::ApprovalId;
use crate::query::{ApprovalFilter, PageRequest};
use serde_json::{Value, json};

/// An approval keeps every field, and changes of them.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let execution = world.enqueue(world.execution()).await;
    let empty = world.approval(execution.id, "#1");
    let full = Approval {
        question: "pay 12,000 €?".to_owned(),
        data: Value::Object(map(json!({"iban": "DE", "lines": [1, null]}))),
        approvers: vec![world.user.id],
        role: Some(Role::Operator),
        expires_at: Some(at(60)),
        default_approve: true,
        revision: 3,
        ..world.approval(execution.id, "pay")
    };
    for approval in [empty, full] {
        world.insert(Record::Approval(Box::new(approval.clone()))).await;
        assert_eq!(world.store.approval(approval.id).await.unwrap(), Some(approval.clone()));
        let answered = Approval {
            epoch: 2,
            state: ApprovalState::Approved,
            comment: "fine".to_owned(),
            answered_by_id: Some(world.user.id),
            answered_at: Some(at(5)),
            ..approval
        };
        world.update(Record::Approval(Box::new(answered.clone()))).await;
        let expected = Approval { revision: answered.revision + 1, ..answered.clone() };
        assert_eq!(world.store.approval(expected.id).await.unwrap(), Some(expected));
        assert_stale_row(
            world.store.commit(Changes::none().update(Record::Approval(Box::new(answered)))).await,
        );
    }
    assert_eq!(world.store.approval(ApprovalId::new()).await.unwrap(), None);
}

/// A second approval of an execution with the same key is refused; of another execution it is another.
pub async fn one_a_key<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let [one, two] = [world.enqueue(world.execution()).await, world.enqueue(world.execution()).await];
    let first = world.approval(one.id, "pay");
    world.insert(Record::Approval(Box::new(first.clone()))).await;
    let again = Changes::none().insert(Record::Approval(Box::new(world.approval(one.id, "pay"))));
    assert_eq!(world.store.commit(again).await.unwrap_err().kind(), ErrorKind::Conflict);
    let other = world.approval(two.id, "pay");
    world.insert(Record::Approval(Box::new(other.clone()))).await;
    let by_key = async |id, key| world.store.approval_by_key(id, key).await.unwrap();
    assert_eq!(by_key(one.id, "pay").await, Some(first));
    assert_eq!(by_key(two.id, "pay").await, Some(other));
    assert_eq!(by_key(one.id, "Pay").await, None);
}

/// Lists are newest first, of one execution, in one state, or both.
pub async fn pages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let [one, two] = [world.enqueue(world.execution()).await, world.enqueue(world.execution()).await];
    let mut made = Vec::new();
    for (execution, key, state) in [
        (one.id, "a", ApprovalState::Waiting),
        (two.id, "a", ApprovalState::Waiting),
        (one.id, "b", ApprovalState::Rejected),
        (one.id, "c", ApprovalState::Waiting),
    ] {
        let answered_at = (state != ApprovalState::Waiting).then(|| at(1));
        let approval = Approval { state, answered_at, ..world.approval(execution, key) };
        world.insert(Record::Approval(Box::new(approval.clone()))).await;
        made.push(approval.id);
    }
    let page = async |execution_id, state, after, limit| {
        let filter = ApprovalFilter { execution_id, state };
        let page = world.store.approvals(&filter, PageRequest::new(after, limit)).await.unwrap();
        (page.items.into_iter().map(|approval| approval.id).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None, None, None, 3).await;
    assert_eq!(first, [made[3], made[2], made[1]]);
    assert_eq!(page(None, None, next, 3).await, (vec![made[0]], None));
    assert_eq!(page(Some(one.id), None, None, 9).await.0, [made[3], made[2], made[0]]);
    assert_eq!(page(None, Some(ApprovalState::Waiting), None, 9).await.0, [made[3], made[1], made[0]]);
    assert_eq!(page(Some(one.id), Some(ApprovalState::Rejected), None, 9).await.0, [made[2]]);
}

/// Those to settle have expired, or wait for an execution that is over.
pub async fn to_settle<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let open = world.enqueue(world.execution()).await;
    let state = ExecutionState::Cancelled;
    let over = world.enqueue(Execution { state, ended_at: Some(at(1)), ..world.execution() }).await;
    let late =
        |key: &str, seconds| Approval { expires_at: Some(at(seconds)), ..world.approval(open.id, key) };
    let expired = late("expired", 10);
    let orphan = world.approval(over.id, "orphan");
    let answered = Approval {
        state: ApprovalState::Approved,
        answered_at: Some(at(1)),
        ..world.approval(over.id, "answered")
    };
    for approval in [&late("later", 11), &expired, &orphan, &answered, &world.approval(open.id, "endless")] {
        world.insert(Record::Approval(Box::new(approval.clone()))).await;
    }
    let mut expected = [expired.id, orphan.id];
    expected.sort_unstable();
    let found = world.store.approvals_to_settle(at(10), 10).await.unwrap();
    assert_eq!(found.iter().map(|approval| approval.id).collect::<Vec<_>>(), expected);
    assert_eq!(world.store.approvals_to_settle(at(10), 1).await.unwrap().len(), 1);
}

/// A suspended execution can go on when none of its approvals waits.
pub async fn answered<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (runs, lease) = world.running(world.execution()).await;
    let approval = world.approval(runs.id, "#1");
    world.insert(Record::Approval(Box::new(approval.clone()))).await;
    world.finish(lease, RunResult::suspended(), at(2)).await;
    let stored = world.stored(runs.id).await;
    assert!(stored.is_suspended() && stored.lease_until.is_none() && stored.failed_attempts == 0);
    assert_eq!(world.store.answered_executions(10).await.unwrap(), []);
    let state = ApprovalState::Approved;
    let yes = Approval { state, answered_at: Some(at(3)), ..approval };
    world.update(Record::Approval(Box::new(yes))).await;
    assert_eq!(world.store.answered_executions(10).await.unwrap(), std::slice::from_ref(&stored));
    let woken = Execution { state: ExecutionState::Pending, run_at: at(3), ..stored };
    world.update(Record::Execution(Box::new(woken))).await;
    assert_eq!(world.store.answered_executions(10).await.unwrap(), []);
    assert_eq!(world.claim_at(at(3)).await.lease_epoch, 2);
}

/// No back-off ends what waits for an answer; a cancel does, before and while it waits.
pub async fn wake_leaves_them<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (waits, lease) = world.running(world.execution()).await;
    world.finish(lease, RunResult::suspended(), at(2)).await;
    assert_eq!(world.store.wake(at(1_000_000_000), 10).await.unwrap(), 0);
    assert_eq!(world.stored(waits.id).await.state, ExecutionState::Waiting);
    let (asked, lease) = world.running(world.execution()).await;
    let asked = Execution { cancel_requested_at: Some(at(1)), ..world.stored(asked.id).await };
    world.update(Record::Execution(Box::new(asked.clone()))).await;
    world.finish(lease, RunResult::suspended(), at(2)).await;
    assert_eq!(world.stored(asked.id).await.state, ExecutionState::Cancelled);
}
