//! Leases: who gets what, and what a lease that is not held any more may do (nothing).

use super::expect::{assert_code, assert_stale_lease};
use super::sample::{self, World, at, failed, instant, succeeded};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentFacts, Attempt, AttemptState, Execution, ExecutionState, Lease, Progress, RunError,
    RunResult, RunStatus,
};
use crate::error::ErrorKind;
use crate::id::{AgentId, ExecutionId};
use crate::store::{ClaimRequest, FinishAttempt, Renewal, RenewalOutcome};

/// Highest priority first, then the earliest due, then the lowest id; the rest waits for the next claim.
pub async fn claim_order<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let base = || world.execution();
    let early = Execution { run_at: at(-10), ..base() };
    let (first, second) = (base(), base());
    let urgent = Execution { priority: 5, ..base() };
    let low = Execution { priority: -1, run_at: at(-99), ..base() };
    for execution in [&low, &second, &first, &early, &urgent] {
        world.enqueue(execution.clone()).await;
    }
    let claimed = world.store.claim(world.claim_request(3)).await.unwrap();
    assert_eq!(ids(&claimed), [urgent.id, early.id, first.id.min(second.id)]);
    let claimed = world.store.claim(world.claim_request(10)).await.unwrap();
    assert_eq!(ids(&claimed), [first.id.max(second.id), low.id]);
}

/// Only what is due, of this environment, with labels among the agent's, pinned to nobody else.
pub async fn claim_matches<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::Agent(other.clone())).await;
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let base = || world.execution();
    let wanted = [
        world.enqueue(base()).await.id,
        world.enqueue(Execution { labels: labels(&["excel"]), ..base() }).await.id,
        world.enqueue(Execution { labels: labels(&["excel", "linux"]), ..base() }).await.id,
        world.enqueue(Execution { pinned_agent_id: Some(world.agent.id), ..base() }).await.id,
    ];
    world.enqueue(Execution { run_at: at(1), ..base() }).await;
    world.enqueue(Execution { environment_id: testing.id, ..base() }).await;
    world.enqueue(Execution { labels: labels(&["sap"]), ..base() }).await;
    world.enqueue(Execution { labels: labels(&["excel", "sap"]), ..base() }).await;
    world.enqueue(Execution { labels: labels(&["Excel"]), ..base() }).await;
    world.enqueue(Execution { pinned_agent_id: Some(other.id), ..base() }).await;
    let request = ClaimRequest { labels: labels(&["linux", "excel"]), ..world.claim_request(50) };
    let mut claimed = ids(&world.store.claim(request).await.unwrap());
    claimed.sort();
    assert_eq!(claimed, wanted);
}

/// A claim skips over what does not suit it, however much that is.
pub async fn claim_looks_past_others<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..40 {
        world.enqueue(Execution { priority: 9, labels: vec!["sap".to_owned()], ..world.execution() }).await;
    }
    let mine = world.enqueue(world.execution()).await;
    assert_eq!(ids(&world.store.claim(world.claim_request(1)).await.unwrap()), [mine.id]);
}

/// A claim gives epoch + 1, the agent, the lease's end and an attempt, and says what is stored.
pub async fn claim_grants<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let execution = world.enqueue(Execution { revision: 3, ..world.execution() }).await;
    let claimed = world.store.claim(world.claim_request(5)).await.unwrap();
    let expected = Execution {
        state: ExecutionState::Assigned,
        lease_epoch: 1,
        agent_id: Some(world.agent.id),
        lease_until: Some(at(60)),
        revision: 4,
        ..execution.clone()
    };
    assert_eq!(claimed, std::slice::from_ref(&expected));
    assert_eq!(world.stored(execution.id).await, expected);
    let attempt = Attempt {
        lease: Lease { execution: execution.id, epoch: 1 },
        agent_id: world.agent.id,
        state: AttemptState::Assigned,
        assigned_at: instant(),
        started_at: None,
        ended_at: None,
        error: None,
        exit_code: None,
        report: None,
        stored_log_seq: 0,
        final_log_seq: None,
    };
    assert_eq!(world.store.attempts(execution.id).await.unwrap(), [attempt]);
    assert_eq!(world.store.claim(world.claim_request(5)).await.unwrap(), [], "it is given once");
}

/// No more than asked; nothing for nothing.
pub async fn claim_limit<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..5 {
        world.enqueue(world.execution()).await;
    }
    for (limit, given) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        assert_eq!(world.store.claim(world.claim_request(limit)).await.unwrap().len(), given);
    }
}

/// The next attempt has said nothing of its progress yet.
pub async fn claim_forgets_progress<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.retried(2)).await;
    world.store.set_progress(lease, world.agent.id, half()).await.unwrap();
    world.finish(lease, failed(), at(2)).await;
    assert_eq!(world.store.wake(at(60), 10).await.unwrap(), 1);
    let again = world.claim_at(at(60)).await;
    assert_eq!((again.lease_epoch, again.progress), (2, None));
}

/// An older epoch, one that never was, another agent and an unknown execution change nothing.
pub async fn stale_epoch_is_refused<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, old) = world.assigned(world.retried(3)).await;
    world.store.expire(at(61), 10).await.unwrap();
    world.store.wake(at(100), 10).await.unwrap();
    let current = world.claim_at(at(100)).await;
    assert_eq!(current.lease_epoch, 2);
    let held = current.lease().unwrap();
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let attempts = world.store.attempts(old.execution).await.unwrap();
    let cases = [
        (old, world.agent.id),
        (Lease { epoch: 3, ..old }, world.agent.id),
        (Lease { epoch: 0, ..old }, world.agent.id),
        (Lease { execution: ExecutionId::new(), epoch: 1 }, world.agent.id),
        (held, other.id),
        (held, AgentId::new()),
    ];
    for (lease, agent_id) in cases {
        let store = &world.store;
        assert_stale_lease(store.start(lease, agent_id, at(101)).await);
        assert_stale_lease(store.set_progress(lease, agent_id, half()).await);
        assert_stale_lease(store.keep_artifact(lease, agent_id, world.artifact(lease, "a.csv")).await);
        let message = world.finish_message(lease, succeeded(), at(101));
        assert_stale_lease(store.finish(FinishAttempt { agent_id, ..message }).await);
        assert_eq!(store.release(agent_id, &[lease], at(101)).await.unwrap(), []);
    }
    assert_eq!(world.stored(current.id).await, current);
    assert_eq!(world.store.attempts(current.id).await.unwrap(), attempts);
    assert_eq!(world.store.artifacts(current.id).await.unwrap(), []);
}

/// A lease that has ended is not held any more, though its epoch is the last.
pub async fn an_ended_lease_is_stale<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (execution, lease) = world.running(world.execution()).await;
    let ended = world.finish(lease, succeeded(), at(2)).await.execution;
    let agent = world.agent.id;
    assert_stale_lease(world.store.start(lease, agent, at(3)).await);
    assert_stale_lease(world.store.set_progress(lease, agent, half()).await);
    assert_stale_lease(world.store.keep_artifact(lease, agent, world.artifact(lease, "a.csv")).await);
    let renewed = world.store.renew(agent, &[lease], at(3), at(63)).await.unwrap();
    assert_eq!(renewed, [Renewal { lease, outcome: RenewalOutcome::Stale }]);
    assert_eq!(world.stored(execution.id).await, ended);
}

/// A start makes it run; a second one while it runs changes nothing and is `Ok`.
pub async fn start_is_idempotent<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (assigned, lease) = world.assigned(world.execution()).await;
    let started = world.store.start(lease, world.agent.id, at(1)).await.unwrap();
    let expected = Execution {
        state: ExecutionState::Running,
        started_at: Some(at(1)),
        revision: assigned.revision + 1,
        ..assigned
    };
    assert_eq!(started, expected);
    assert_eq!(world.store.start(lease, world.agent.id, at(9)).await.unwrap(), expected);
    assert_eq!(world.stored(expected.id).await, expected);
    let attempts = world.store.attempts(expected.id).await.unwrap();
    assert_eq!((attempts[0].state, attempts[0].started_at), (AttemptState::Running, Some(at(1))));
}

/// The execution began with its first attempt; each attempt has its own beginning.
pub async fn start_keeps_the_first<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.retried(2)).await;
    world.finish(lease, failed(), at(2)).await;
    world.store.wake(at(60), 10).await.unwrap();
    let again = world.claim_at(at(60)).await.lease().unwrap();
    let started = world.store.start(again, world.agent.id, at(61)).await.unwrap();
    assert_eq!(started.started_at, Some(at(1)));
    let attempts = world.store.attempts(lease.execution).await.unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt.started_at).collect::<Vec<_>>(),
        [Some(at(1)), Some(at(61))]
    );
}

/// A finish ends attempt and execution, with outputs, exit code and the last line's number.
pub async fn finish_ends<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    let message = FinishAttempt { final_log_seq: 7, ..world.finish_message(lease, succeeded(), at(5)) };
    let finished = world.store.finish(message).await.unwrap();
    let expected = Execution {
        state: ExecutionState::Succeeded,
        outputs: Some(succeeded().outputs),
        lease_until: None,
        ended_at: Some(at(5)),
        revision: running.revision + 1,
        ..running
    };
    assert!(finished.newly);
    assert_eq!(finished.execution, expected);
    assert_eq!(world.stored(expected.id).await, expected);
    let attempt = world.store.attempts(expected.id).await.unwrap().remove(0);
    assert_eq!((attempt.state, attempt.ended_at), (AttemptState::Succeeded, Some(at(5))));
    assert_eq!((attempt.exit_code, attempt.final_log_seq, attempt.error), (Some(0), Some(7), None));
    assert_eq!(attempt.report, succeeded().report);
}

/// A run that never said that it began may be finished too.
pub async fn finish_without_a_start<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.assigned(world.execution()).await;
    let result = RunResult::ended(RunStatus::Failed, RunError::new("StartFailed", "no interpreter"));
    let execution = world.finish(lease, result.clone(), at(2)).await.execution;
    assert_eq!((execution.state, execution.started_at), (ExecutionState::Failed, None));
    assert_eq!(execution.error, result.error);
}

/// The same finish again is `Ok`, not new, and changes nothing; also once the next attempt runs.
pub async fn finish_is_idempotent<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.retried(2)).await;
    let first = world.finish(lease, failed(), at(2)).await;
    let second = world.finish(lease, failed(), at(9)).await;
    assert!(first.newly && !second.newly);
    assert_eq!(second.execution, first.execution);
    // What ended once stays ended as it was, whatever a repeated message says.
    let other = world.finish(lease, succeeded(), at(9)).await;
    assert_eq!((other.newly, &other.execution), (false, &first.execution));

    world.store.wake(at(60), 10).await.unwrap();
    let current = world.claim_at(at(60)).await;
    let third = world.finish(lease, failed(), at(61)).await;
    assert_eq!((third.newly, &third.execution), (false, &current));
    assert_eq!(world.stored(current.id).await, current);
    let foreign = FinishAttempt { agent_id: AgentId::new(), ..world.finish_message(lease, failed(), at(61)) };
    assert_stale_lease(world.store.finish(foreign).await);
}

/// A finish that comes after the lease was taken away is stale: the loss stands.
pub async fn finish_after_expiry_is_stale<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let lost = world.store.expire(at(61), 10).await.unwrap().remove(0);
    assert_stale_lease(world.store.finish(world.finish_message(lease, succeeded(), at(62))).await);
    assert_eq!(world.stored(lost.id).await, lost);
}

/// A finish of an attempt that was released is stale.
pub async fn finish_after_release_is_stale<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.assigned(world.execution()).await;
    let released = world.store.release(world.agent.id, &[lease], at(1)).await.unwrap().remove(0);
    assert_stale_lease(world.store.finish(world.finish_message(lease, succeeded(), at(2))).await);
    assert_eq!(world.stored(released.id).await, released);
}

/// An agent that reports a loss by itself is obeyed as an expiry is, and may repeat itself.
pub async fn finish_as_lost<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let lost = RunResult::ended(RunStatus::Lost, RunError::new("AgentLost", "restarted"));
    let first = world.finish(lease, lost.clone(), at(2)).await;
    assert_eq!((first.newly, first.execution.state), (true, ExecutionState::Failed));
    assert_eq!(world.store.attempts(lease.execution).await.unwrap()[0].state, AttemptState::Lost);
    assert!(!world.finish(lease, lost, at(3)).await.newly);
}

/// A lease that ran out is ended as lost, and its execution moves as a lost run does.
pub async fn expire<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    assert_eq!(world.store.expire(at(60), 10).await.unwrap(), [], "it holds until its last instant");
    let lost = world.store.expire(at(61), 10).await.unwrap();
    let expected = Execution {
        state: ExecutionState::Failed,
        error: Some(Execution::agent_lost_error()),
        lease_until: None,
        failed_attempts: 1,
        ended_at: Some(at(61)),
        revision: running.revision + 1,
        ..running
    };
    assert_eq!(lost, std::slice::from_ref(&expected));
    assert_eq!(world.stored(expected.id).await, expected);
    let attempt = world.store.attempts(lease.execution).await.unwrap().remove(0);
    assert_eq!((attempt.state, attempt.ended_at), (AttemptState::Lost, Some(at(61))));
    assert_eq!((attempt.error, attempt.final_log_seq), (Some(Execution::agent_lost_error()), None));
    assert_eq!(world.store.expire(at(99), 10).await.unwrap(), []);
}

/// The lease that ran out first is ended first, no more than asked.
pub async fn expire_oldest_first<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut leases = Vec::new();
    for seconds in [30, 10, 20] {
        world.enqueue(world.execution()).await;
        let request = ClaimRequest { lease_until: at(seconds), ..world.claim_request(1) };
        leases.push(world.store.claim(request).await.unwrap().remove(0).id);
    }
    let first = world.store.expire(at(99), 2).await.unwrap();
    assert_eq!(ids(&first), [leases[1], leases[2]]);
    assert_eq!(ids(&world.store.expire(at(99), 2).await.unwrap()), [leases[0]]);
}

/// A lease that never began is taken back: it counts for nothing and is claimed again at the next epoch.
pub async fn release<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (assigned, lease) = world.assigned(world.execution()).await;
    let released = world.store.release(world.agent.id, &[lease], at(1)).await.unwrap();
    let expected = Execution {
        state: ExecutionState::Pending,
        lease_until: None,
        revision: assigned.revision + 1,
        ..assigned
    };
    assert_eq!(released, std::slice::from_ref(&expected));
    assert_eq!(world.stored(expected.id).await, expected);
    let attempt = world.store.attempts(expected.id).await.unwrap().remove(0);
    assert_eq!((attempt.state, attempt.ended_at), (AttemptState::Released, Some(at(1))));
    assert_eq!(world.claim_at(at(1)).await.lease_epoch, 2);
}

/// Of many leases only the ones that never began are taken back; the others stay as they are.
pub async fn release_leaves_what_runs<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, runs) = world.running(world.execution()).await;
    let (assigned, never_began) = world.assigned(world.execution()).await;
    let unknown = Lease { execution: ExecutionId::new(), epoch: 1 };
    let leases = [runs, unknown, Lease { epoch: 9, ..never_began }, never_began, never_began];
    let released = world.store.release(world.agent.id, &leases, at(1)).await.unwrap();
    assert_eq!(ids(&released), [assigned.id]);
    assert_eq!(world.stored(running.id).await, running);
}

/// A lease of an execution that shall be cancelled is not given to the next agent: it ends as cancelled.
pub async fn release_of_a_cancelled_one_ends_it<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (assigned, lease) = world.assigned(world.execution()).await;
    world
        .update(Record::Execution(Box::new(Execution { cancel_requested_at: Some(at(1)), ..assigned })))
        .await;
    let released = world.store.release(world.agent.id, &[lease], at(2)).await.unwrap().remove(0);
    assert_eq!((released.state, released.ended_at), (ExecutionState::Cancelled, Some(at(2))));
    assert_eq!(world.store.attempts(lease.execution).await.unwrap()[0].state, AttemptState::Released);
    assert_eq!(world.store.claim(world.claim_request(1)).await.unwrap(), []);
}

/// A renewal moves the lease's end, raises the revision and notes the heartbeat; it answers in order.
pub async fn renew<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, first) = world.running(world.execution()).await;
    let (assigned, second) = world.assigned(world.execution()).await;
    let stale = Lease { epoch: 7, ..first };
    let renewed = world.store.renew(world.agent.id, &[second, stale, first], at(10), at(70)).await.unwrap();
    let held = RenewalOutcome::Renewed { cancel_requested: false };
    let expected = [
        Renewal { lease: second, outcome: held },
        Renewal { lease: stale, outcome: RenewalOutcome::Stale },
        Renewal { lease: first, outcome: held },
    ];
    assert_eq!(renewed, expected);
    for before in [running, assigned] {
        let after = Execution { lease_until: Some(at(70)), revision: before.revision + 1, ..before };
        assert_eq!(world.stored(after.id).await, after);
    }
    let agent = world.store.agent(world.agent.id).await.unwrap().unwrap();
    assert_eq!(agent, Agent { last_heartbeat: at(10), ..world.agent.clone() }, "the revision stays");
    assert_eq!(world.store.expire(at(69), 10).await.unwrap(), []);
    assert_eq!(world.store.expire(at(71), 10).await.unwrap().len(), 2);
}

/// A renewal tells that a cancel was asked for, and another agent's lease is stale.
pub async fn renew_tells_of_a_cancel<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    world
        .update(Record::Execution(Box::new(Execution { cancel_requested_at: Some(at(2)), ..running })))
        .await;
    let outcome = RenewalOutcome::Renewed { cancel_requested: true };
    let renewed = world.store.renew(world.agent.id, &[lease], at(3), at(63)).await.unwrap();
    assert_eq!(renewed, [Renewal { lease, outcome }]);
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let foreign = world.store.renew(other.id, &[lease], at(4), at(64)).await.unwrap();
    assert_eq!(foreign, [Renewal { lease, outcome: RenewalOutcome::Stale }]);
    assert_eq!(world.stored(lease.execution).await.lease_until, Some(at(63)));
}

/// A heartbeat without leases is noted; an agent that does not exist is not found.
pub async fn renew_of_nothing<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.renew(world.agent.id, &[], at(5), at(65)).await.unwrap(), []);
    assert_eq!(world.store.agent(world.agent.id).await.unwrap().unwrap().last_heartbeat, at(5));
    let unknown = world.store.renew(AgentId::new(), &[], at(5), at(65)).await;
    assert_code(unknown, ErrorKind::NotFound, "resource.not_found");
}

/// A lease that is named twice is renewed once and answered twice.
pub async fn renew_of_a_repeated_lease<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    let renewed = world.store.renew(world.agent.id, &[lease, lease], at(3), at(63)).await.unwrap();
    let once = Renewal { lease, outcome: RenewalOutcome::Renewed { cancel_requested: false } };
    assert_eq!(renewed, [once, once]);
    assert_eq!(world.stored(running.id).await.revision, running.revision + 1);
}

/// A store that keeps the order of writes takes the begin, the lines and the end of a run at once.
pub async fn begun_in_order<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    if !world.store.keeps_order() {
        return;
    }
    for _ in 0..50 {
        let (_, lease) = world.assigned(world.execution()).await;
        let chunks = [sample::chunk(lease, 1, 3)];
        let finish = FinishAttempt { final_log_seq: 3, ..world.finish_message(lease, succeeded(), at(2)) };
        let (started, appended, finished) = tokio::join!(
            world.store.start(lease, world.agent.id, at(1)),
            world.store.append(world.agent.id, &chunks),
            world.store.finish(finish),
        );
        assert_eq!(started.unwrap().state, ExecutionState::Running);
        assert!(!appended.unwrap()[0].complete, "the end comes after the lines");
        assert_eq!(finished.unwrap().execution.state, ExecutionState::Succeeded);
    }
}

/// What an agent tells when it connects is kept, and no later update by a command takes it back.
pub async fn connect_agent<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let facts = AgentFacts {
        agent_version: "0.1.0".to_owned(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        python_versions: vec!["3.12.1".to_owned(), "3.10.0".to_owned()],
        cpus: 8,
        memory_bytes: 1 << 34,
        disk_bytes: 1 << 40,
        is_updatable: true,
        hosts: Vec::new(),
    };
    world.store.connect_agent(world.agent.id, facts.clone(), 16, at(5)).await.unwrap();
    let connected = Agent { facts, slots: 16, last_heartbeat: at(5), ..world.agent.clone() };
    assert_eq!(world.store.agent(world.agent.id).await.unwrap(), Some(connected.clone()));
    world.update(Record::Agent(Agent { name: "bot-9".to_owned(), ..world.agent.clone() })).await;
    let expected = Agent { name: "bot-9".to_owned(), revision: 1, ..connected };
    assert_eq!(world.store.agent(world.agent.id).await.unwrap(), Some(expected));
    let unknown = world.store.connect_agent(AgentId::new(), AgentFacts::default(), 1, at(5)).await;
    assert_code(unknown, ErrorKind::NotFound, "resource.not_found");
}

/// Progress is kept with its message, or without one, and raises the revision.
pub async fn progress<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    let steps = [half(), Progress { fraction: 0.1 + 0.2, message: None }];
    for (step, revision) in steps.into_iter().zip(running.revision + 1..) {
        world.store.set_progress(lease, world.agent.id, step.clone()).await.unwrap();
        let expected = Execution { progress: Some(step), revision, ..running.clone() };
        assert_eq!(world.stored(running.id).await, expected);
    }
}

fn half() -> Progress {
    Progress { fraction: 0.5, message: Some("page 5 of 10".to_owned()) }
}

fn ids(executions: &[Execution]) -> Vec<ExecutionId> {
    executions.iter().map(|execution| execution.id).collect()
}
