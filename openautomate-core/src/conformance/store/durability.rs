//! What was written is there after a stop and a start, and after a future was dropped it is there whole or
//! not at all.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, chunk, failed, instant, succeeded};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Execution, Firing, IdempotencyRecord, User};
use crate::error::ErrorKind;
use crate::query::{ExecutionFilter, FiringFilter, PageRequest};
use crate::store::FinishAttempt;

/// Rows of every kind, with their revisions, and kept answers survive.
pub async fn commits<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (session, invitation, token) = (world.session(), world.invitation(), world.enrolment_token());
    let (asset, schedule) = (world.asset("url"), world.schedule());
    let execution = world.execution();
    let firing = Firing::new(schedule.id, 0, instant(), at(1)).made(execution.id);
    let kept = IdempotencyRecord {
        user_id: world.user.id,
        key: "key".to_owned(),
        fingerprint: sample::hash(),
        output: serde_json::json!([1]),
        created_at: instant(),
    };
    let mut changes = Changes::none()
        .insert(Record::Session(session.clone()))
        .insert(Record::Invitation(invitation.clone()))
        .insert(Record::EnrolmentToken(token.clone()))
        .insert(Record::Asset(asset.clone()))
        .insert(Record::Schedule(Box::new(schedule.clone())))
        .insert(Record::Execution(Box::new(execution.clone())))
        .update(Record::User(User { disabled: true, ..world.user.clone() }));
    changes.writes.push(Write::Fire(firing.clone()));
    changes.idempotency = Some(kept.clone());
    world.store.commit(changes.clone()).await.unwrap();
    let World { user, environment, agent, package, version, deployment, store } = world;
    drop(store);

    let fixture = fixture.reopen().await;
    let store = fixture.store();
    assert_eq!(
        store.user(user.id).await.unwrap(),
        Some(User { disabled: true, revision: 1, ..user.clone() })
    );
    assert_eq!(store.environments().await.unwrap(), std::slice::from_ref(&environment));
    assert_eq!(store.deployments(package.id).await.unwrap(), [deployment]);
    assert_eq!(store.agent(agent.id).await.unwrap(), Some(agent));
    assert_eq!(store.package(package.id).await.unwrap(), Some(package.clone()));
    assert_eq!(store.active_version(package.id, environment.id).await.unwrap(), Some(version));
    assert_eq!(store.session(session.id).await.unwrap(), Some(session));
    assert_eq!(store.invitation_by_token(&invitation.token_hash).await.unwrap(), Some(invitation));
    assert_eq!(store.enrolment_token(&token.token_hash).await.unwrap(), Some(token));
    assert_eq!(store.asset(asset.id).await.unwrap(), Some(asset));
    assert_eq!(store.schedule(schedule.id).await.unwrap(), Some(schedule.clone()));
    assert_eq!(store.execution(execution.id).await.unwrap(), Some(execution));
    assert_eq!(store.firings(schedule.id, FiringFilter::default(), 10).await.unwrap(), [firing]);
    assert_eq!(store.idempotency(user.id, "key").await.unwrap(), Some(kept));
    // The rules hold as before.
    assert_code(store.commit(changes).await, ErrorKind::Conflict, "name.taken");
    assert_stale_row(store.commit(Changes::none().update(Record::User(user))).await);
}

/// Leases, attempts, lines and files survive, and the run goes on under its lease.
pub async fn leases<F: StoreFixture>(fixture: F) {
    let mut world = World::new(fixture.store()).await;
    let (ended, lease) = world.running(world.retried(2)).await;
    world.store.append(world.agent.id, &[chunk(lease, 1, 3)]).await.unwrap();
    let artifact = world.artifact(lease, "a.csv");
    world.store.keep_artifact(lease, world.agent.id, artifact.clone()).await.unwrap();
    let waits = world.finish(lease, failed(), at(2)).await.execution;
    let (runs, held) = world.running(world.execution()).await;
    let attempts = world.store.attempts(ended.id).await.unwrap();
    // Nothing of the old server may be in use when it stops.
    world.store = std::sync::Arc::new(crate::store::memory::MemoryStore::new());

    let fixture = fixture.reopen().await;
    world.store = fixture.store();
    assert_eq!(world.stored(waits.id).await, waits);
    assert_eq!(world.stored(runs.id).await, runs);
    assert_eq!(world.store.attempts(ended.id).await.unwrap(), attempts);
    assert_eq!(world.store.artifacts(ended.id).await.unwrap(), [artifact]);
    assert_eq!(world.store.read(lease, 0, 10).await.unwrap().len(), 3);
    assert!(!world.finish(lease, failed(), at(3)).await.newly);
    let message = FinishAttempt { final_log_seq: 1, ..world.finish_message(held, succeeded(), at(4)) };
    assert!(world.store.finish(message).await.unwrap().newly);
    assert!(world.store.append(world.agent.id, &[chunk(held, 1, 1)]).await.unwrap()[0].complete);
    assert_eq!(world.store.wake(waits.run_at, 10).await.unwrap(), 1);
    assert_eq!(world.claim_at(waits.run_at).await.lease_epoch, 2);
}

/// The audit's chain goes on where it ended; what waited is sealed.
pub async fn audit<F: StoreFixture>(fixture: F) {
    let write = |count: usize| {
        let audit = (0..count).map(|_| sample::audit("user.create")).collect();
        Changes { audit, ..Changes::none() }
    };
    let store = fixture.store();
    store.commit(write(3)).await.unwrap();
    store.seal(2).await.unwrap();
    let (head, chain) = (store.audit_head().await.unwrap(), store.chain(0, 10).await.unwrap());
    drop(store);
    let fixture = fixture.reopen().await;
    let store = fixture.store();
    assert_eq!(store.audit_head().await.unwrap(), head);
    assert_eq!(store.chain(0, 10).await.unwrap(), chain);
    store.commit(write(1)).await.unwrap();
    assert_eq!(store.seal(10).await.unwrap(), 2);
    let mut head = crate::domain::AuditHead::default();
    for entry in store.chain(0, 10).await.unwrap() {
        let seal = entry.seal_after(&head);
        assert_eq!(entry.seal, Some(seal));
        head = crate::domain::AuditHead { sequence: seal.sequence, hash: seal.hash };
    }
    assert_eq!(head.sequence, 4);
}

/// A second server sees a write as soon as it returned.
pub async fn a_peer_sees_it<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = World { store: fixture.peer().await, ..world.clone() };
    for _ in 0..10 {
        let (running, lease) = world.running(world.execution()).await;
        assert_eq!(peer.stored(running.id).await, running);
        let ended = peer.finish(lease, succeeded(), at(2)).await.execution;
        assert_eq!(world.stored(running.id).await, ended);
    }
}

/// A commit whose future is dropped half-way is there whole or not at all, and blocks nobody.
pub async fn a_dropped_commit<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for round in 0..50_u32 {
        let (first, second) = (world.execution(), world.execution());
        let changes =
            [&first, &second].into_iter().fold(Changes::none(), |changes, execution: &Execution| {
                changes.insert(Record::Execution(Box::new(execution.clone())))
            });
        {
            let mut commit = std::pin::pin!(world.store.commit(changes));
            for _ in 0..round % 8 {
                tokio::select! {
                    biased;
                    _ = &mut commit => break,
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        world.enqueue(world.execution()).await;
        // In one read: whatever the dropped one still does may end between two.
        let listed = world.store.executions(&ExecutionFilter::default(), PageRequest::default()).await;
        let listed: Vec<_> = listed.unwrap().items.into_iter().map(|item| item.id).collect();
        let stored = [listed.contains(&first.id), listed.contains(&second.id)];
        assert_eq!(stored[0], stored[1], "round {round}");
    }
}
