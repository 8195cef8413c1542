//! Every read of executions, their attempts and what they left.

use super::sample::{self, World, at, failed, succeeded};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Artifact, Execution, ExecutionState, ExecutionSummary};
use crate::id::{AgentId, ArtifactId, ExecutionId, PackageId, ScheduleId};
use crate::query::{ExecutionFilter, PageRequest};

/// What an execution that is not there has, is nothing.
pub async fn missing_executions<F: StoreFixture>(fixture: F) {
    let (store, id) = (fixture.store(), ExecutionId::new());
    assert_eq!(store.execution(id).await.unwrap(), None);
    assert_eq!(store.attempts(id).await.unwrap(), []);
    assert_eq!(store.artifacts(id).await.unwrap(), []);
    assert_eq!(store.artifact(id, ArtifactId::new()).await.unwrap(), None);
    assert_eq!(store.open_executions_of_schedule(ScheduleId::new()).await.unwrap(), []);
    assert_eq!(store.count_open_executions_of_package(PackageId::new()).await.unwrap(), 0);
    assert_eq!(store.leased_executions(AgentId::new()).await.unwrap(), []);
    let page = store.executions(&ExecutionFilter::default(), PageRequest::default()).await.unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
}

/// A summary says what the execution, its package and its version say.
pub async fn summaries<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(Execution { priority: 4, ..world.execution() }).await;
    let progress = crate::domain::Progress { fraction: 0.25, message: None };
    world.store.set_progress(lease, world.agent.id, progress.clone()).await.unwrap();
    let row = world.finish(lease, failed(), at(2)).await.execution;
    let page = world.store.executions(&ExecutionFilter::default(), PageRequest::default()).await.unwrap();
    let expected = ExecutionSummary {
        id: row.id,
        package_id: world.package.id,
        package_name: world.package.name.clone(),
        version_id: world.version.id,
        version_number: world.version.version_number.clone(),
        environment_id: world.environment.id,
        state: ExecutionState::Failed,
        priority: 4,
        origin: row.origin,
        agent_id: Some(world.agent.id),
        lease_epoch: 1,
        error_message: Some("no total".to_owned()),
        progress: Some(progress),
        cancel_requested_at: None,
        created_at: row.created_at,
        started_at: Some(at(1)),
        ended_at: Some(at(2)),
    };
    assert_eq!(page.items, [expected]);
}

/// Attempts are listed first to last, each as it ended.
pub async fn attempts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (execution, lease) = world.running(world.retried(20)).await;
    world.finish(lease, failed(), at(2)).await;
    for epoch in 2..=11 {
        let now = at(i64::from(epoch) * 10_000);
        world.store.wake(now, 10).await.unwrap();
        let lease = world.claim_at(now).await.lease().unwrap();
        world.finish(lease, if epoch == 11 { succeeded() } else { failed() }, now).await;
    }
    let attempts = world.store.attempts(execution.id).await.unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt.lease.epoch).collect::<Vec<_>>(),
        (1..=11).collect::<Vec<_>>()
    );
    assert!(attempts.iter().all(|attempt| attempt.lease.execution == execution.id));
    assert_eq!(attempts[0].error, failed().error);
    assert_eq!((attempts[10].error.clone(), attempts[10].exit_code), (None, Some(0)));
}

/// Files are listed by id; one of the same attempt and name replaces the other, which is given back.
pub async fn artifacts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.retried(2)).await;
    let agent = world.agent.id;
    let (first, second) = (world.artifact(lease, "a.csv"), world.artifact(lease, "b.csv"));
    let again = Artifact { size: 0, created_at: at(9), ..world.artifact(lease, "a.csv") };
    for (artifact, replaced) in [(&second, None), (&first, None), (&again, Some(first.clone()))] {
        assert_eq!(world.store.keep_artifact(lease, agent, artifact.clone()).await.unwrap(), replaced);
    }
    assert_eq!(world.store.artifacts(lease.execution).await.unwrap(), [second.clone(), again.clone()]);
    assert_eq!(world.store.artifact(lease.execution, again.id).await.unwrap(), Some(again));
    assert_eq!(world.store.artifact(lease.execution, first.id).await.unwrap(), None);
    assert_eq!(world.store.artifact(ExecutionId::new(), second.id).await.unwrap(), None);
    assert_eq!(world.stored(running.id).await, running, "the execution's row is not changed");

    world.finish(lease, failed(), at(10)).await;
    world.store.wake(at(60), 10).await.unwrap();
    let next = world.claim_at(at(60)).await.lease().unwrap();
    let of_next = world.artifact(next, "a.csv");
    assert_eq!(world.store.keep_artifact(next, agent, of_next).await.unwrap(), None, "another attempt's");
    assert_eq!(world.store.artifacts(lease.execution).await.unwrap().len(), 3);
}

/// Open executions of a package are counted, and those that an agent holds are listed oldest first.
pub async fn open_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let package = world.package.id;
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let (first, lease) = world.running(world.execution()).await;
    let (second, _) = world.assigned(world.execution()).await;
    world.enqueue(world.execution()).await;
    assert_eq!(world.store.count_open_executions_of_package(package).await.unwrap(), 3);
    assert_eq!(world.store.leased_executions(world.agent.id).await.unwrap(), [first, second.clone()]);
    assert_eq!(world.store.leased_executions(other.id).await.unwrap(), []);
    world.finish(lease, succeeded(), at(2)).await;
    assert_eq!(world.store.count_open_executions_of_package(package).await.unwrap(), 2);
    assert_eq!(world.store.leased_executions(world.agent.id).await.unwrap(), [second]);
}
