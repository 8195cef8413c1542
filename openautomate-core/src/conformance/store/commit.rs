//! Commits: whole or not at all, and never over somebody else's change.

use serde_json::json;

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Firing, IdempotencyRecord, User};
use crate::error::ErrorKind;
use crate::id::UserId;
use crate::query::{AuditFilter, FiringFilter, PageRequest};

/// A commit whose last row is refused leaves nothing of the others, the audit or the kept answer.
pub async fn all_or_nothing<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (asset, schedule, execution) = (world.asset("kept"), world.schedule(), world.execution());
    world.insert(Record::Asset(asset.clone())).await;
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let firing = Firing::new(schedule.id, 0, instant(), instant()).made(execution.id);
    let mut changes = Changes::none()
        .insert(Record::User(sample::user("grace")))
        .update(Record::User(User { username: "countess".to_owned(), ..world.user.clone() }))
        .insert(Record::Execution(Box::new(execution.clone())));
    changes.writes.push(Write::Fire(firing));
    changes.writes.push(Write::DeleteAsset { id: asset.id, revision: 0 });
    changes.writes.push(Write::Insert(Record::Package(sample::package("INVOICES", world.user.id))));
    changes.audit.push(sample::audit("user.create"));
    changes.idempotency = Some(answer(world.user.id, "key"));
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");

    let store = &world.store;
    assert_eq!(store.user_by_login("grace").await.unwrap(), None);
    assert_eq!(store.user(world.user.id).await.unwrap(), Some(world.user.clone()));
    assert_eq!(store.execution(execution.id).await.unwrap(), None);
    assert_eq!(store.firings(schedule.id, FiringFilter::default(), 10).await.unwrap(), []);
    assert_eq!(store.asset(asset.id).await.unwrap(), Some(asset));
    assert_eq!(store.idempotency(world.user.id, "key").await.unwrap(), None);
    let entries = store.audit_entries(&AuditFilter::default(), PageRequest::default()).await.unwrap();
    assert_eq!(entries.items, []);
    assert_eq!(store.claim(world.claim_request(9)).await.unwrap(), []);
}

/// A kept answer that is refused takes the rows and the audit with it.
pub async fn a_refused_answer_takes_all_back<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    keep(&world, answer(world.user.id, "key")).await;
    let execution = world.execution();
    let mut changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
    changes.audit.push(sample::audit("execution.enqueue"));
    changes.idempotency = Some(answer(world.user.id, "key"));
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "idempotency.exists");
    assert_eq!(world.store.execution(execution.id).await.unwrap(), None);
    assert_eq!(world.store.seal(10).await.unwrap(), 0);
}

/// A commit of nothing is `Ok`.
pub async fn nothing_is_fine<F: StoreFixture>(fixture: F) {
    fixture.store().commit(Changes::none()).await.unwrap();
}

/// An update at a revision that is not the stored one is a stale row and changes nothing.
pub async fn stale_row<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = User { username: "countess".to_owned(), ..world.user.clone() };
    world.update(Record::User(first.clone())).await;
    let second = User { username: "lovelace".to_owned(), ..world.user.clone() };
    assert_stale_row(world.store.commit(Changes::none().update(Record::User(second.clone()))).await);
    let ahead = User { revision: 2, ..second };
    assert_stale_row(world.store.commit(Changes::none().update(Record::User(ahead))).await);
    assert_eq!(world.store.user(world.user.id).await.unwrap(), Some(User { revision: 1, ..first }));
}

/// An update of a row that is not there is a stale row.
pub async fn a_missing_row_is_stale<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let changes = Changes::none().update(Record::Execution(Box::new(world.execution())));
    assert_stale_row(world.store.commit(changes).await);
}

/// Each update raises the stored revision by one, from whatever it was inserted with.
pub async fn revision<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut package = sample::package("receipts", world.user.id);
    package.revision = 7;
    world.insert(Record::Package(package.clone())).await;
    for revision in 7..10 {
        let stored = world.store.package(package.id).await.unwrap().unwrap();
        assert_eq!(stored.revision, revision);
        world.update(Record::Package(stored)).await;
    }
    // Twice in one commit: the second sees what the first wrote.
    let twice = |revision| Record::Package(crate::domain::Package { revision, ..package.clone() });
    world.store.commit(Changes::none().update(twice(10)).update(twice(11))).await.unwrap();
    assert_eq!(world.store.package(package.id).await.unwrap().unwrap().revision, 12);
}

/// An asset is removed at its revision only, and once.
pub async fn delete_asset<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let asset = world.asset("url");
    world.insert(Record::Asset(asset.clone())).await;
    let delete = |revision| {
        let mut changes = Changes::none();
        changes.writes.push(Write::DeleteAsset { id: asset.id, revision });
        changes
    };
    assert_stale_row(world.store.commit(delete(1)).await);
    world.store.commit(delete(0)).await.unwrap();
    assert_eq!(world.store.asset(asset.id).await.unwrap(), None);
    assert_stale_row(world.store.commit(delete(0)).await);
    // The name is free again.
    world.insert(Record::Asset(world.asset("url"))).await;
}

/// A key is kept once for a person; two people may use the same; the answer is read as it was kept.
pub async fn idempotency<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::user("grace");
    world.insert(Record::User(other.clone())).await;
    let kept = answer(world.user.id, "key");
    keep(&world, kept.clone()).await;
    let again = IdempotencyRecord { output: json!("another"), ..answer(world.user.id, "key") };
    let changes = Changes { idempotency: Some(again), ..Changes::none() };
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "idempotency.exists");
    keep(&world, answer(other.id, "key")).await;
    keep(&world, answer(world.user.id, "KEY")).await;
    assert_eq!(world.store.idempotency(world.user.id, "key").await.unwrap(), Some(kept));
    assert_eq!(world.store.idempotency(world.user.id, "unknown").await.unwrap(), None);
}

/// Pruning removes the answers made before an instant, no more than asked, oldest first.
pub async fn prune_idempotency<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for second in [3, 1, 2, 4] {
        let record = answer(world.user.id, &format!("key {second}"));
        keep(&world, IdempotencyRecord { created_at: at(second), ..record }).await;
    }
    let (store, user) = (&world.store, world.user.id);
    assert_eq!(store.prune_idempotency(at(1), 10).await.unwrap(), 0);
    assert_eq!(store.prune_idempotency(at(4), 1).await.unwrap(), 1);
    assert_eq!(store.idempotency(user, "key 1").await.unwrap(), None);
    assert!(store.idempotency(user, "key 2").await.unwrap().is_some());
    assert_eq!(store.prune_idempotency(at(4), 10).await.unwrap(), 2);
    assert!(store.idempotency(user, "key 4").await.unwrap().is_some());
    // A pruned key may be kept anew.
    keep(&world, answer(user, "key 1")).await;
}

fn answer(user_id: UserId, key: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        user_id,
        key: key.to_owned(),
        fingerprint: sample::hash(),
        output: json!({"id": "7", "items": [1, null, "ä"]}),
        created_at: instant(),
    }
}

async fn keep(world: &World, record: IdempotencyRecord) {
    let changes = Changes { idempotency: Some(record), ..Changes::none() };
    world.store.commit(changes).await.expect("a new answer is kept");
}
