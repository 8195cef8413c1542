//! Many at once, on two servers: nothing is given twice, nothing is lost, one of many wins.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use super::expect::{assert_code, assert_stale_lease, assert_stale_row};
use super::sample::{self, World, at, chunk, failed, succeeded};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Concurrency, Execution, ExecutionState, IdempotencyRecord, Package};
use crate::error::{ErrorKind, Result};
use crate::query::{AuditFilter, PageRequest};
use crate::store::{ClaimRequest, Store};

/// Runs one task for each of `count`, by turns on the store and its peer; gives what they gave.
async fn race<F, T, R>(fixture: &F, count: usize, task: impl Fn(usize, Arc<dyn Store>) -> R) -> Vec<T>
where
    F: StoreFixture,
    R: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let servers = [fixture.store(), fixture.peer().await];
    let tasks: Vec<_> =
        (0..count).map(|index| tokio::spawn(task(index, servers[index % 2].clone()))).collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.expect("a task ends"));
    }
    results
}

/// Expects that one of many went well; gives the errors of the others.
fn one_wins<T>(results: Vec<Result<T>>) -> Vec<Result<T>> {
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1, "exactly one wins");
    lost
}

/// No execution is given to two claims, and none is left.
pub async fn claims_are_disjoint<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..20 {
        let batch = (0..10).fold(Changes::none(), |changes, _| {
            changes.insert(Record::Execution(Box::new(world.execution())))
        });
        world.store.commit(batch).await.unwrap();
    }
    let request = world.claim_request(7);
    let claimed = race(&fixture, 8, |_, store| {
        let request = request.clone();
        async move {
            let mut mine: Vec<Execution> = Vec::new();
            loop {
                let more = store.claim(request.clone()).await.expect("a claim");
                if more.is_empty() {
                    return mine;
                }
                mine.extend(more);
            }
        }
    })
    .await;
    let claimed: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 200);
    assert!(claimed.iter().all(|execution| execution.lease_epoch == 1 && execution.revision == 1));
    assert_eq!(claimed.iter().map(|execution| execution.id).collect::<BTreeSet<_>>().len(), 200);
}

/// However many claim and finish on two servers, no more is leased at once than the limits say, and all of it is done.
pub async fn limits_hold<F: StoreFixture>(fixture: F) {
    const LIMIT: u64 = 3;
    let world = World::new(fixture.store()).await;
    world.update(Record::Package(Package { max_concurrent: Some(7), ..world.package.clone() })).await;
    for index in 0..60 {
        let key = ["a", "b", "c"][index % 3].to_owned();
        let concurrency = Some(Concurrency { key, limit: u32::try_from(LIMIT).unwrap_or(1) });
        world.enqueue(Execution { concurrency, ..world.execution() }).await;
    }
    let template = world.clone();
    let done = race(&fixture, 8, |_, store| {
        let world = World { store, ..template.clone() };
        async move {
            let (mut done, mut idle) = (0, 0);
            while idle < 3 {
                let given = world.store.claim(world.claim_request(3)).await.expect("a claim");
                let (held, _) = world.store.occupancy(world.environment.id).await.expect("a count");
                assert!(held.total <= 7, "{held:?}");
                assert!(held.keys.values().all(|count| *count <= LIMIT), "{held:?}");
                for execution in &given {
                    world.finish(execution.lease().expect("it is leased"), succeeded(), at(1)).await;
                }
                idle = if given.is_empty() { idle + 1 } else { 0 };
                done += given.len();
            }
            done
        }
    })
    .await;
    let (mut done, mut more) = (done.into_iter().sum::<usize>(), 1);
    // Who found everything held may have left while others still worked.
    while more > 0 {
        let given = world.store.claim(world.claim_request(9)).await.unwrap();
        for execution in &given {
            world.finish(execution.lease().unwrap(), succeeded(), at(1)).await;
        }
        more = given.len();
        done += more;
    }
    assert_eq!(done, 60);
}

/// Sixty-four writers at once all get through, with their audit entries.
pub async fn writers<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let template = world.clone();
    race(&fixture, 64, |_, store| {
        let world = World { store, ..template.clone() };
        async move {
            for _ in 0..4 {
                let execution = world.execution();
                let mut changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
                changes.audit.push(sample::audit("execution.enqueue"));
                world.store.commit(changes).await.expect("a writer gets through");
                assert_eq!(world.stored(execution.id).await, execution);
            }
        }
    })
    .await;
    assert_eq!(world.store.count_open_executions_of_package(world.package.id).await.unwrap(), 256);
    let (mut entries, mut after) = (0, None);
    loop {
        let page = PageRequest::new(after, 200);
        let page = world.store.audit_entries(&AuditFilter::default(), page).await.unwrap();
        entries += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(entries, 256);
}

/// Of many updates at one revision one wins; the others are stale.
pub async fn one_update_wins<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let results = race(&fixture, 16, |index, store| {
        let package = Package { description: format!("by {index}"), ..world.package.clone() };
        async move { store.commit(Changes::none().update(Record::Package(package))).await }
    })
    .await;
    one_wins(results).into_iter().for_each(assert_stale_row);
    assert_eq!(world.store.package(world.package.id).await.unwrap().unwrap().revision, 1);
}

/// Who reads, changes and tries again when it is stale, loses no update.
pub async fn no_update_is_lost<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let start = Package { description: "0".to_owned(), ..world.package.clone() };
    world.update(Record::Package(start)).await;
    let id = world.package.id;
    race(&fixture, 4, |_, store| async move {
        for _ in 0..5 {
            loop {
                let mut package = store.package(id).await.expect("a read").expect("it is there");
                let count: u32 = package.description.parse().expect("a number");
                package.description = (count + 1).to_string();
                match store.commit(Changes::none().update(Record::Package(package))).await {
                    Ok(()) => break,
                    stale => assert_stale_row(stale),
                }
            }
        }
    })
    .await;
    let package = world.store.package(id).await.unwrap().unwrap();
    assert_eq!((package.description.as_str(), package.revision), ("20", 21));
}

/// Of many who take a name one gets it.
pub async fn one_name_is_taken<F: StoreFixture>(fixture: F) {
    World::new(fixture.store()).await;
    let results = race(&fixture, 16, |index, store| async move {
        let mut user = sample::user(if index % 3 == 0 { "grace" } else { "Grace" });
        user.email = format!("grace{index}@example.org");
        store.commit(Changes::none().insert(Record::User(user))).await
    })
    .await;
    one_wins(results).into_iter().for_each(|lost| assert_code(lost, ErrorKind::Conflict, "name.taken"));
}

/// Of many requests with one key one is carried out.
pub async fn one_key_is_kept<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let template = world.clone();
    let results = race(&fixture, 16, |index, store| {
        let record = IdempotencyRecord {
            user_id: template.user.id,
            key: "key".to_owned(),
            fingerprint: [1; 32],
            output: serde_json::json!(index),
            created_at: at(0),
        };
        let mut changes = Changes::none().insert(Record::Execution(Box::new(template.execution())));
        changes.idempotency = Some(record);
        async move { store.commit(changes).await }
    })
    .await;
    one_wins(results)
        .into_iter()
        .for_each(|lost| assert_code(lost, ErrorKind::Conflict, "idempotency.exists"));
    assert_eq!(world.store.count_open_executions_of_package(world.package.id).await.unwrap(), 1);
}

/// A finish that is sent many times at once is stored once.
pub async fn one_finish_is_new<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.retried(2)).await;
    let message = world.finish_message(lease, failed(), at(2));
    let results = race(&fixture, 16, |_, store| {
        let message = message.clone();
        async move { store.finish(message).await.expect("a finish is Ok") }
    })
    .await;
    assert_eq!(results.iter().filter(|finished| finished.newly).count(), 1);
    assert!(results.iter().all(|finished| finished.execution == results[0].execution));
    let stored = world.stored(running.id).await;
    assert_eq!((stored.failed_attempts, stored.revision), (1, running.revision + 1));
}

/// Either the finish or the expiry ends an attempt, never both.
pub async fn finish_against_expire<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    for _ in 0..20 {
        let (running, lease) = world.running(world.execution()).await;
        let message = world.finish_message(lease, succeeded(), at(61));
        let server = world.store.clone();
        let finish = tokio::spawn(async move { server.finish(message).await });
        let server = peer.clone();
        let expire = tokio::spawn(async move { server.expire(at(61), 10).await.expect("an expiry") });
        let (finished, expired) = (finish.await.unwrap(), expire.await.unwrap());
        let stored = world.stored(running.id).await;
        assert_eq!(stored.revision, running.revision + 1);
        match finished {
            Ok(finished) => {
                assert!(finished.newly && expired.is_empty());
                assert_eq!((&stored, stored.state), (&finished.execution, ExecutionState::Succeeded));
            }
            stale => {
                assert_stale_lease(stale);
                assert_eq!((vec![stored.clone()], stored.state), (expired, ExecutionState::Failed));
            }
        }
    }
}

/// A cancel is either stored before the end or told that the row has changed; it never undoes the end.
pub async fn cancel_against_finish<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    for _ in 0..20 {
        let (running, lease) = world.running(world.execution()).await;
        let marked = Execution { cancel_requested_at: Some(at(2)), ..running.clone() };
        let server = peer.clone();
        let cancel = tokio::spawn(async move {
            server.commit(Changes::none().update(Record::Execution(Box::new(marked)))).await
        });
        let finished = world.finish(lease, succeeded(), at(2)).await;
        let cancelled = cancel.await.unwrap();
        let stored = world.stored(running.id).await;
        assert_eq!((&stored, stored.state), (&finished.execution, ExecutionState::Succeeded));
        assert_eq!(stored.cancel_requested_at.is_some(), cancelled.is_ok());
        if cancelled.is_err() {
            assert_stale_row(cancelled);
        }
    }
}

/// Lines that are sent twice at once are stored once, without a gap.
pub async fn lines_are_kept_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let agent = world.agent.id;
    race(&fixture, 4, |_, store| async move {
        for first in (1..=91).step_by(10) {
            store.append(agent, &[chunk(lease, first, first + 9)]).await.expect("lines are stored");
        }
    })
    .await;
    let lines = world.store.read(lease, 0, 1_000).await.unwrap();
    assert_eq!(lines.iter().map(|record| record.seq).collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
    assert!(lines.iter().all(|record| record.line.text == format!("line {}", record.seq)));
}

/// Many agents that work side by side bring every execution to its end, once.
pub async fn agents_drain_the_queue<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..60 {
        world.enqueue(world.execution()).await;
    }
    let mut agents = Vec::new();
    for index in 0..6 {
        let agent = sample::agent(&format!("agent-{index}"), world.environment.id, world.user.id);
        world.insert(Record::Agent(agent.clone())).await;
        agents.push(agent);
    }
    let template = world.clone();
    let ended = race(&fixture, agents.len(), |index, store| {
        let world = World { store, agent: agents[index].clone(), ..template.clone() };
        async move {
            let mut ended = 0;
            loop {
                let request = ClaimRequest { limit: 3, ..world.claim_request(3) };
                let claimed = world.store.claim(request).await.expect("a claim");
                if claimed.is_empty() {
                    return ended;
                }
                for execution in claimed {
                    let lease = execution.lease().expect("a lease");
                    world.store.start(lease, world.agent.id, at(1)).await.expect("a start");
                    world.store.append(world.agent.id, &[chunk(lease, 1, 2)]).await.expect("lines");
                    ended += usize::from(world.finish(lease, succeeded(), at(2)).await.newly);
                }
            }
        }
    })
    .await;
    assert_eq!(ended.iter().sum::<usize>(), 60);
    assert_eq!(world.store.count_open_executions_of_package(world.package.id).await.unwrap(), 0);
}
