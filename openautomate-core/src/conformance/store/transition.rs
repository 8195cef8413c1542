//! The table of legal changes of state, asked through commits.

use super::expect::assert_code;
use super::sample::{World, at, failed, succeeded};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Execution, ExecutionState, RunError, RunResult, RunStatus, check_transition};
use crate::error::ErrorKind;

/// Every pair of states goes as the table says, whoever asks.
pub async fn every_pair<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for from in ExecutionState::ALL {
        for to in ExecutionState::ALL.into_iter().filter(|to| *to != from) {
            let before = in_state(&world, from).await;
            let after = moved(&world, &before, to);
            let changes = Changes::none().update(Record::Execution(Box::new(after.clone())));
            let result = world.store.commit(changes).await;
            let stored = world.stored(before.id).await;
            if check_transition(from, to).is_ok() {
                result.unwrap_or_else(|error| panic!("{from:?} -> {to:?}: {error}"));
                assert_eq!(
                    stored,
                    Execution { revision: before.revision + 1, ..after },
                    "{from:?} -> {to:?}"
                );
            } else {
                assert_code(result, ErrorKind::Conflict, "execution.transition");
                assert_eq!(stored, before, "{from:?} -> {to:?}");
            }
            end(&world, stored).await;
        }
    }
}

/// An end is final: no state follows it, at any revision, and no lease operation revives it.
pub async fn ends_are_final<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for from in ExecutionState::ALL.into_iter().filter(|state| state.is_terminal()) {
        let ended = in_state(&world, from).await;
        for to in ExecutionState::ALL.into_iter().filter(|to| *to != from) {
            let changes = Changes::none().update(Record::Execution(Box::new(moved(&world, &ended, to))));
            assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "execution.transition");
        }
        assert_eq!(world.store.claim(world.claim_request(10)).await.unwrap(), []);
        assert_eq!(world.store.wake(at(86_400), 10).await.unwrap(), 0);
        assert_eq!(world.store.expire(at(86_400), 10).await.unwrap(), []);
        assert_eq!(world.stored(ended.id).await, ended);
    }
}

/// An update that leaves the state as it is, is no change of state: a running execution can be marked as to
/// be cancelled.
pub async fn the_same_state_is_no_transition<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, _) = world.running(world.execution()).await;
    let marked = Execution { cancel_requested_at: Some(at(2)), ..running };
    world.update(Record::Execution(Box::new(marked.clone()))).await;
    let expected = Execution { revision: marked.revision + 1, ..marked };
    assert_eq!(world.stored(expected.id).await, expected);
}

/// At a wrong revision the row is stale, even if the change of state were illegal too: who reads again sees
/// why.
pub async fn a_stale_row_goes_first<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let ended = in_state(&world, ExecutionState::Succeeded).await;
    let again = Execution { revision: 0, ..moved(&world, &ended, ExecutionState::Pending) };
    let changes = Changes::none().update(Record::Execution(Box::new(again)));
    super::expect::assert_stale_row(world.store.commit(changes).await);
}

/// An execution that was brought into a state by the operations that lead there.
async fn in_state(world: &World, state: ExecutionState) -> Execution {
    let id = match state {
        ExecutionState::Pending => world.enqueue(world.execution()).await.id,
        ExecutionState::Assigned => world.assigned(world.execution()).await.0.id,
        ExecutionState::Running => world.running(world.execution()).await.0.id,
        ExecutionState::Waiting => ended_with(world, world.retried(2), failed()).await,
        ExecutionState::Succeeded => ended_with(world, world.execution(), succeeded()).await,
        ExecutionState::Failed => ended_with(world, world.execution(), failed()).await,
        ExecutionState::Cancelled => {
            ended_with(world, world.execution(), stopped(RunStatus::Cancelled)).await
        }
        ExecutionState::TimedOut => ended_with(world, world.execution(), stopped(RunStatus::TimedOut)).await,
    };
    let stored = world.stored(id).await;
    assert_eq!(stored.state, state);
    stored
}

fn stopped(status: RunStatus) -> RunResult {
    RunResult::ended(status, RunError::new(format!("{status:?}"), "stopped"))
}

async fn ended_with(world: &World, execution: Execution, result: RunResult) -> crate::id::ExecutionId {
    let (execution, lease) = world.running(execution).await;
    world.finish(lease, result, at(2)).await;
    execution.id
}

/// The execution in another state, with everything else as the state asks for it.
fn moved(world: &World, execution: &Execution, state: ExecutionState) -> Execution {
    let leased = state.is_leased();
    Execution {
        state,
        lease_epoch: execution.lease_epoch.max(u32::from(leased)),
        agent_id: if leased { Some(world.agent.id) } else { execution.agent_id },
        lease_until: leased.then(|| at(60)),
        ended_at: state.is_terminal().then(|| at(3)),
        ..execution.clone()
    }
}

/// Takes an execution out of the way of the next claim.
async fn end(world: &World, execution: Execution) {
    if execution.state.is_terminal() {
        return;
    }
    let ended = moved(world, &execution, ExecutionState::Cancelled);
    world.update(Record::Execution(Box::new(ended))).await;
}
