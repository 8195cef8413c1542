//! Where executions may run: what they require of agents, and how long they wait for one.

use super::sample::{self, World, at, failed};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    ActorKind, ActorRef, AgentPool, Environment, EnvironmentPause, Execution, ExecutionState,
    PythonRequirement, Requirements, RunError,
};
use crate::id::ExecutionId;
use crate::query::PageRequest;
use crate::store::ClaimRequest;

fn python(specifier: &str) -> Requirements {
    let python = PythonRequirement::parse("python", specifier).expect("it is one");
    Requirements { python: Some(python), ..Requirements::default() }
}

fn os(os: &str) -> Requirements {
    Requirements { os: Some(os.to_owned()), ..Requirements::default() }
}

/// Operating system, interpreters and pool are met by what the agent brings, all of them.
pub async fn claim_requires<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let pools = ["fast", "large"].map(|name| sample::pool(name, world.environment.id));
    for pool in &pools {
        world.insert(Record::AgentPool(pool.clone())).await;
    }
    let in_pool = |index: usize| Requirements { pool_id: Some(pools[index].id), ..Requirements::default() };
    let requirements = [
        (Requirements::default(), true),
        (os("linux"), true),
        (os("windows"), false),
        (python(">=3.11"), true),
        (python("==3.10.4"), true),
        (python(">3.10.4,<3.12.1"), false),
        (python(">=3.13"), false),
        (in_pool(0), true),
        (in_pool(1), false),
        (Requirements { pool_id: Some(pools[0].id), ..python(">=3.13") }, false),
        (
            Requirements { os: Some("linux".to_owned()), pool_id: Some(pools[0].id), ..python("~=3.12.0") },
            true,
        ),
    ];
    let mut wanted: Vec<ExecutionId> = Vec::new();
    for (requirements, suits) in requirements {
        let execution = world.enqueue(Execution { requirements, ..world.execution() }).await;
        if suits {
            wanted.push(execution.id);
        }
    }
    let request = ClaimRequest {
        python_versions: ["3.10.4", "3.12.1", "nonsense"].map(str::to_owned).to_vec(),
        pool_ids: vec![pools[0].id],
        ..world.claim_request(50)
    };
    let claimed = world.store.claim(request).await.unwrap();
    let mut claimed: Vec<_> = claimed.iter().map(|execution| execution.id).collect();
    claimed.sort();
    wanted.sort();
    assert_eq!(claimed, wanted);
}

/// Nothing of a paused environment is given away, with limits and without, until the pause is over; others go on.
pub async fn a_paused_environment_rests<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let mut environment = world.environment.clone();
    for limit in [None, Some(50)] {
        let waiting = world.enqueue(world.execution()).await;
        let pause = EnvironmentPause {
            at: at(1),
            by: ActorRef { kind: ActorKind::System, id: None, name: "system".to_owned() },
            reason: "month end".to_owned(),
            until: None,
        };
        let ending = EnvironmentPause { until: Some(at(60)), ..pause.clone() };
        for pause in [Some(pause), Some(ending)] {
            environment = Environment { pause, max_concurrent: limit, ..environment };
            world.update(Record::Environment(environment.clone())).await;
            environment.revision += 1;
            let stored = world.store.environment(environment.id).await.unwrap();
            assert_eq!(stored.as_ref(), Some(&environment));
            assert_eq!(world.store.claim(world.claim_request(5)).await.unwrap(), []);
        }
        let there = world.enqueue(Execution { environment_id: testing.id, ..world.execution() }).await;
        let elsewhere = ClaimRequest { environment_id: testing.id, ..world.claim_request(5) };
        assert_eq!(world.store.claim(elsewhere).await.unwrap()[0].id, there.id);
        let over = ClaimRequest { now: at(60), ..world.claim_request(5) };
        assert_eq!(world.store.claim(over).await.unwrap()[0].id, waiting.id);
        let resumed = world.enqueue(world.execution()).await;
        environment = Environment { pause: None, ..environment };
        world.update(Record::Environment(environment.clone())).await;
        environment.revision += 1;
        assert_eq!(world.store.claim(world.claim_request(5)).await.unwrap()[0].id, resumed.id);
    }
}

/// What has waited too long is given to nobody.
pub async fn overdue_is_not_claimed<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.enqueue(Execution { queue_timeout_ms: Some(5_000), ..world.execution() }).await;
    let request = |seconds| ClaimRequest { now: at(seconds), lease_until: at(99), ..world.claim_request(1) };
    assert_eq!(world.store.claim(request(5)).await.unwrap(), [], "it ends at the last instant");
    assert_eq!(world.store.claim(request(4)).await.unwrap().len(), 1);
}

/// What has waited too long for its first attempt ends, the first due first; what has begun once waits on.
pub async fn overdue_ends<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let waits = |millis| Execution { queue_timeout_ms: Some(millis), ..world.execution() };
    let (_, lease) = world.running(Execution { queue_timeout_ms: Some(1_000), ..world.retried(2) }).await;
    world.finish(lease, failed(), at(2)).await;
    world.store.wake(at(60), 10).await.unwrap();
    let second = world.enqueue(waits(5_000)).await;
    let first = world.enqueue(waits(4_000)).await;
    let patient = world.enqueue(world.execution()).await;
    assert_eq!(world.store.time_out_queued(at(3), 10).await.unwrap(), []);
    let ended = world.store.time_out_queued(at(60), 1).await.unwrap();
    let expected = Execution {
        state: ExecutionState::TimedOut,
        ended_at: Some(at(60)),
        error: Some(Execution::queue_timeout_error()),
        revision: 1,
        ..first
    };
    assert_eq!(ended, std::slice::from_ref(&expected));
    assert_eq!(world.stored(expected.id).await, expected);
    assert_eq!(expected.error.as_ref().map(|error: &RunError| error.kind.as_str()), Some("QueueTimeout"));
    let rest = world.store.time_out_queued(at(60), 10).await.unwrap();
    assert_eq!(rest.iter().map(|execution| execution.id).collect::<Vec<_>>(), [second.id]);
    assert_eq!(world.stored(lease.execution).await.state, ExecutionState::Pending);
    assert_eq!(world.stored(patient.id).await.state, ExecutionState::Pending);
}

/// The last instant of waiting is a deadline.
pub async fn next_deadline<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.enqueue(Execution { queue_timeout_ms: Some(7_000), ..world.execution() }).await;
    assert_eq!(world.store.next_deadline(at(1)).await.unwrap(), Some(at(7)));
    assert_eq!(world.store.next_deadline(at(7)).await.unwrap(), None);
}

/// How many come before an execution in the queue of its environment.
pub async fn ahead<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (one, other) = (world.execution(), world.execution());
    world.enqueue(one.clone()).await;
    let urgent = world.enqueue(Execution { priority: 1, ..other }).await;
    world.enqueue(Execution { run_at: at(9), ..world.execution() }).await;
    let last = world.enqueue(Execution { priority: -1, ..world.execution() }).await;
    let ahead = async |execution: &Execution, now| world.store.count_ahead(execution, now).await.unwrap();
    assert_eq!(ahead(&urgent, at(1)).await, 0);
    assert_eq!(ahead(&one, at(1)).await, 1);
    assert_eq!(ahead(&last, at(1)).await, 2);
    assert_eq!(ahead(&last, at(9)).await, 3, "what is due later counts when it is due");
}

/// Pools are found by name without regard to case, and listed newest first; deleted ones are not.
pub async fn pools<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let here = sample::pool("Fast", world.environment.id);
    let there = sample::pool("large", testing.id);
    let gone = AgentPool { deleted_at: Some(at(1)), ..sample::pool("gone", testing.id) };
    for pool in [&here, &there, &gone] {
        world.insert(Record::AgentPool(pool.clone())).await;
    }
    let store = &world.store;
    let named = async |name: &str| store.agent_pool_by_name(world.environment.id, name).await.unwrap();
    assert_eq!(named("fAST").await, Some(here.clone()));
    assert_eq!(named("large").await, None);
    let page = PageRequest::new(None, 10);
    assert_eq!(store.agent_pools(None, page).await.unwrap().items, [there.clone(), here.clone()]);
    assert_eq!(store.agent_pools(Some(testing.id), page).await.unwrap().items, [there]);
    world
        .update(Record::Agent(crate::domain::Agent { pool_ids: vec![here.id], ..world.agent.clone() }))
        .await;
    let requirements = Requirements { pool_id: Some(here.id), ..Requirements::default() };
    world.enqueue(Execution { requirements, ..world.execution() }).await;
    assert_eq!(store.count_agents_of_pool(here.id).await.unwrap(), 1);
    assert_eq!(store.count_agents_of_pool(gone.id).await.unwrap(), 0);
    assert_eq!(store.count_open_executions_of_pool(here.id).await.unwrap(), 1);
    assert_eq!(store.count_open_executions_of_pool(gone.id).await.unwrap(), 0);
}
