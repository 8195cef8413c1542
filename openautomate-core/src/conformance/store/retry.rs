//! What follows an attempt: an end, or a back-off and the next one.

use chrono::TimeDelta;

use super::sample::{World, at, failed, succeeded};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    AttemptState, Execution, ExecutionState, OnAgentLost, RetryPolicy, RunError, RunResult, RunStatus,
};

/// Failures wait twice as long each time, until the policy has enough of them.
pub async fn backoff_doubles<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let retry = RetryPolicy::new(4, 1_500, OnAgentLost::Fail);
    let id = world.enqueue(Execution { retry, ..world.execution() }).await.id;
    let mut now = at(0);
    for (attempt, wait_ms) in [(1, 1_500), (2, 3_000), (3, 6_000)] {
        let lease = world.claim_at(now).await.lease().unwrap();
        world.store.start(lease, world.agent.id, now).await.unwrap();
        now += TimeDelta::microseconds(1_234_567);
        let after = world.finish(lease, failed(), now).await.execution;
        let due = now + TimeDelta::milliseconds(wait_ms);
        assert_eq!((after.state, after.run_at), (ExecutionState::Waiting, due));
        assert_eq!((after.failed_attempts, after.ended_at), (attempt, None));
        assert_eq!(after.error, failed().error, "why it waits");
        assert_eq!(after.lease_until, None);
        now = due;
        assert_eq!(world.store.wake(now, 10).await.unwrap(), 1);
    }
    let lease = world.claim_at(now).await.lease().unwrap();
    let ended = world.finish(lease, failed(), now).await.execution;
    assert_eq!((ended.state, ended.failed_attempts, ended.ended_at), (ExecutionState::Failed, 4, Some(now)));
    let states: Vec<_> =
        world.store.attempts(id).await.unwrap().iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Failed; 4]);
}

/// A success after failures ends it well: its error is gone, the failures stay counted.
pub async fn success_after_failure<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.retried(3)).await;
    world.finish(lease, failed(), at(2)).await;
    world.store.wake(at(60), 10).await.unwrap();
    let lease = world.claim_at(at(60)).await.lease().unwrap();
    let ended = world.finish(lease, succeeded(), at(61)).await.execution;
    assert_eq!((ended.state, ended.failed_attempts), (ExecutionState::Succeeded, 1));
    assert_eq!((ended.error, ended.outputs), (None, Some(succeeded().outputs)));
}

/// A timeout is retried as a failure is, and ends as a timeout.
pub async fn timeouts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let timed_out = || RunResult::ended(RunStatus::TimedOut, RunError::new("Timeout", "over a minute"));
    let (_, lease) = world.running(world.retried(2)).await;
    assert_eq!(world.finish(lease, timed_out(), at(2)).await.execution.state, ExecutionState::Waiting);
    world.store.wake(at(60), 10).await.unwrap();
    let lease = world.claim_at(at(60)).await.lease().unwrap();
    let ended = world.finish(lease, timed_out(), at(61)).await.execution;
    assert_eq!((ended.state, ended.failed_attempts), (ExecutionState::TimedOut, 2));
    assert_eq!(ended.error, timed_out().error);
}

/// A lost run fails unless the policy says that it is tried again.
pub async fn losses<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let careful = RetryPolicy::new(5, 1_000, OnAgentLost::Fail);
    world.running(Execution { retry: careful, ..world.execution() }).await;
    let lost = world.store.expire(at(61), 10).await.unwrap().remove(0);
    assert_eq!((lost.state, lost.failed_attempts), (ExecutionState::Failed, 1));

    world.running(world.retried(2)).await;
    let lost = world.store.expire(at(61), 10).await.unwrap().remove(0);
    assert_eq!((lost.state, lost.run_at, lost.ended_at), (ExecutionState::Waiting, at(62), None));
    assert_eq!(lost.error, Some(Execution::agent_lost_error()));
}

/// A cancel that was asked for ends what is lost as cancelled, and what fails without another try.
pub async fn cancel_requested<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, _) = world.running(world.retried(5)).await;
    world
        .update(Record::Execution(Box::new(Execution { cancel_requested_at: Some(at(2)), ..running })))
        .await;
    let lost = world.store.expire(at(61), 10).await.unwrap().remove(0);
    assert_eq!(
        (lost.state, lost.failed_attempts, lost.ended_at),
        (ExecutionState::Cancelled, 0, Some(at(61)))
    );

    let (running, lease) = world.running(world.retried(5)).await;
    world
        .update(Record::Execution(Box::new(Execution { cancel_requested_at: Some(at(2)), ..running })))
        .await;
    let ended = world.finish(lease, failed(), at(3)).await.execution;
    assert_eq!((ended.state, ended.failed_attempts), (ExecutionState::Failed, 1));

    let (running, lease) = world.running(world.retried(5)).await;
    world
        .update(Record::Execution(Box::new(Execution { cancel_requested_at: Some(at(2)), ..running })))
        .await;
    let stopped = RunResult::ended(RunStatus::Cancelled, RunError::new("Cancelled", "asked to"));
    let ended = world.finish(lease, stopped, at(3)).await.execution;
    assert_eq!((ended.state, ended.failed_attempts), (ExecutionState::Cancelled, 0));
}

/// A release counts as no try, however often it comes.
pub async fn releases_do_not_count<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.enqueue(world.execution()).await;
    for epoch in 1..=3 {
        let lease = world.claim_at(at(0)).await.lease().unwrap();
        assert_eq!(lease.epoch, epoch);
        let released = world.store.release(world.agent.id, &[lease], at(1)).await.unwrap().remove(0);
        assert_eq!((released.failed_attempts, released.run_at), (0, at(0)));
    }
    let lease = world.claim_at(at(0)).await.lease().unwrap();
    assert_eq!(world.finish(lease, succeeded(), at(1)).await.execution.state, ExecutionState::Succeeded);
}

/// A back-off ends when it is due, the longest due first, no more than asked.
pub async fn wake<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut waiting = Vec::new();
    for seconds in [4, 2, 6] {
        let (execution, lease) = world.running(world.retried(2)).await;
        waiting.push(world.finish(lease, failed(), at(seconds)).await.execution);
        assert_eq!(waiting.last().unwrap().id, execution.id);
    }
    assert_eq!(world.store.wake(at(2), 10).await.unwrap(), 0, "the first is due at 3 s");
    assert_eq!(world.store.wake(at(5), 1).await.unwrap(), 1);
    let second = &waiting[1];
    let woken = Execution { state: ExecutionState::Pending, revision: second.revision + 1, ..second.clone() };
    assert_eq!(world.stored(second.id).await, woken);
    assert_eq!(world.stored(waiting[0].id).await, waiting[0]);
    assert_eq!(world.store.wake(at(5), 10).await.unwrap(), 1);
    assert_eq!(world.stored(waiting[2].id).await, waiting[2]);
    assert_eq!(world.store.wake(at(7), 10).await.unwrap(), 1);
}

/// What waits is not claimed, even if it is due, before it is woken.
pub async fn waiting_is_not_claimed<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.retried(2)).await;
    world.finish(lease, failed(), at(2)).await;
    let request = crate::store::ClaimRequest { now: at(600), lease_until: at(660), ..world.claim_request(1) };
    assert_eq!(world.store.claim(request).await.unwrap(), []);
}

/// The next deadline is the earliest instant after now at which something becomes due or runs out.
pub async fn next_deadline<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let deadline = async |now| world.store.next_deadline(now).await.unwrap();
    assert_eq!(deadline(at(0)).await, None);
    world.enqueue(world.execution()).await;
    assert_eq!(deadline(at(0)).await, None, "it is due already");
    world.claim_at(at(0)).await;
    assert_eq!(deadline(at(0)).await, Some(at(60)), "the lease");
    assert_eq!(deadline(at(60)).await, None);
    world.enqueue(Execution { run_at: at(50), ..world.execution() }).await;
    assert_eq!(deadline(at(0)).await, Some(at(50)), "the later start");
    assert_eq!(deadline(at(50)).await, Some(at(60)));
    let (_, lease) = world.running(world.retried(2)).await;
    world.finish(lease, failed(), at(2)).await;
    assert_eq!(deadline(at(0)).await, Some(at(3)), "the back-off");
    assert_eq!(deadline(at(3)).await, Some(at(50)));
}
