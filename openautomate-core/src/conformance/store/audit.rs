//! The audit: entries come with their change, and are sealed into one chain.

use serde_json::json;

use super::expect::assert_code;
use super::sample::{self, at, instant};
use crate::changes::Changes;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ActorKind, ActorRef, AuditCheckpoint, AuditEntry, AuditHead, AuditSeal};
use crate::error::ErrorKind;
use crate::package::signature::PackageSigner;
use crate::query::{AuditFilter, PageRequest};
use crate::store::Store;

/// An entry is read with every field, before it is sealed and after.
pub async fn keeps_every_field<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let plain = sample::audit("agent.connect");
    let full = AuditEntry {
        actor: ActorRef { kind: ActorKind::User, id: Some("7".to_owned()), name: "Ada ä 😀".to_owned() },
        detail: json!({"z": [1, 2.5, null, true], "a": {"b": "c\"d"}}),
        request_id: Some("request-1".to_owned()),
        ip_address: Some("2001:db8::1".to_owned()),
        ..sample::audit("user.create")
    };
    let entries = [plain, full];
    write(&*store, &entries).await;
    let newest_first = |sealed: &[AuditEntry]| sealed.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(all(&*store).await, newest_first(&entries));
    assert_eq!(store.audit_head().await.unwrap(), AuditHead::default());
    assert_eq!(store.seal(10).await.unwrap(), 2);
    let mut head = AuditHead::default();
    let sealed = entries.map(|entry| {
        let seal = entry.seal_after(&head);
        head = AuditHead { sequence: seal.sequence, hash: seal.hash };
        AuditEntry { seal: Some(seal), ..entry }
    });
    assert_eq!(all(&*store).await, newest_first(&sealed));
    assert_eq!(store.audit_head().await.unwrap(), head);
}

/// Every kind of actor is read as it was written.
pub async fn actors<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let kinds = [ActorKind::User, ActorKind::Agent, ActorKind::System, ActorKind::Anonymous];
    let entries = kinds.map(|kind| AuditEntry {
        actor: ActorRef { kind, id: None, name: String::new() },
        ..sample::audit("session.login")
    });
    write(&*store, &entries).await;
    assert_eq!(all(&*store).await.into_iter().rev().collect::<Vec<_>>(), entries);
}

/// A seal that a commit brings along is not believed.
pub async fn commits_do_not_seal<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let seal = AuditSeal { sequence: 9, previous: [1; 32], hash: [2; 32] };
    let forged = AuditEntry { seal: Some(seal), ..sample::audit("user.create") };
    write(&*store, std::slice::from_ref(&forged)).await;
    assert_eq!(all(&*store).await, [AuditEntry { seal: None, ..forged }]);
    assert_eq!(store.audit_head().await.unwrap(), AuditHead::default());
}

/// Batches make one chain, oldest id first, whatever their size and the order of writing.
pub async fn seals_in_batches<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let mut entries: Vec<_> = (0..7).map(|_| sample::audit("execution.enqueue")).collect();
    entries.reverse();
    write(&*store, &entries[..4]).await;
    write(&*store, &entries[4..]).await;
    assert_eq!(store.seal(0).await.unwrap(), 0);
    assert_eq!(store.seal(3).await.unwrap(), 3);
    assert_eq!(store.audit_head().await.unwrap().sequence, 3);
    assert_eq!(store.seal(100).await.unwrap(), 4);
    assert_eq!(store.seal(100).await.unwrap(), 0);
    let chain = verified(&*store).await;
    entries.reverse();
    assert_eq!(
        chain.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        entries.iter().map(|e| e.id).collect::<Vec<_>>()
    );
}

/// An entry that is written later with a lower id follows what is sealed already.
pub async fn a_latecomer_follows<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let (early, late) = (sample::audit("first"), sample::audit("second"));
    write(&*store, std::slice::from_ref(&late)).await;
    store.seal(10).await.unwrap();
    write(&*store, std::slice::from_ref(&early)).await;
    store.seal(10).await.unwrap();
    let actions: Vec<_> = verified(&*store).await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["second", "first"]);
}

/// Two servers that seal at once make one chain, and no entry is sealed twice or forgotten.
pub async fn one_chain<F: StoreFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let mut tasks = Vec::new();
    for server in [store.clone(), peer] {
        tasks.push(tokio::spawn(async move {
            let mut sealed = 0;
            for _ in 0..20 {
                write(&*server, &[sample::audit("a"), sample::audit("b")]).await;
                sealed += server.seal(3).await.unwrap();
            }
            sealed
        }));
    }
    let mut sealed = 0;
    for task in tasks {
        sealed += task.await.unwrap();
    }
    sealed += store.seal(1_000).await.unwrap();
    assert_eq!(sealed, 80);
    assert_eq!(verified(&*store).await.len(), 80);
}

/// A sealed entry stays as it is: a commit with its id is refused, and sealing again changes nothing.
pub async fn append_only<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let entry = sample::audit("user.delete");
    write(&*store, std::slice::from_ref(&entry)).await;
    store.seal(10).await.unwrap();
    let before = (all(&*store).await, store.audit_head().await.unwrap());
    let forged = AuditEntry { action: "nothing".to_owned(), ..entry };
    let changes = Changes { audit: vec![forged], ..Changes::none() };
    assert_code(store.commit(changes).await, ErrorKind::Conflict, "name.taken");
    assert_eq!(store.seal(10).await.unwrap(), 0);
    assert_eq!((all(&*store).await, store.audit_head().await.unwrap()), before);
}

/// The chain is read in order, after a number, no more than asked, without what waits.
pub async fn chain_in_order<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    write(&*store, &(0..10).map(|_| sample::audit("a")).collect::<Vec<_>>()).await;
    store.seal(8).await.unwrap();
    let numbers = async |after, limit| {
        let entries = store.chain(after, limit).await.unwrap();
        entries.iter().map(|entry| entry.seal.unwrap().sequence).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 100).await, (1..=8).collect::<Vec<_>>());
    assert_eq!(numbers(2, 3).await, [3, 4, 5]);
    assert_eq!(numbers(7, 3).await, [8]);
    assert_eq!(numbers(8, 3).await, [0; 0]);
    assert_eq!(numbers(99, 3).await, [0; 0]);
}

/// Each part of the filter narrows; together they all hold; `from` counts, `to` does not.
pub async fn filters<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let actor = |id: &str| ActorRef { kind: ActorKind::User, id: Some(id.to_owned()), name: "x".to_owned() };
    let entry = |action: &str, actor_id: &str, object: &str, seconds| AuditEntry {
        actor: actor(actor_id),
        object_id: object.to_owned(),
        at: at(seconds),
        ..sample::audit(action)
    };
    let entries =
        [entry("a", "1", "x", 0), entry("b", "1", "y", 1), entry("a", "2", "y", 2), entry("a", "1", "y", 3)];
    write(&*store, &entries).await;
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (AuditFilter { action: text("a"), ..AuditFilter::default() }, vec![3, 2, 0]),
        (AuditFilter { actor_id: text("1"), ..AuditFilter::default() }, vec![3, 1, 0]),
        (AuditFilter { object_id: text("y"), ..AuditFilter::default() }, vec![3, 2, 1]),
        (AuditFilter { from: Some(at(1)), to: Some(at(3)), ..AuditFilter::default() }, vec![2, 1]),
        (
            AuditFilter {
                action: text("a"),
                actor_id: text("1"),
                object_id: text("y"),
                ..AuditFilter::default()
            },
            vec![3],
        ),
        (AuditFilter { action: text("c"), ..AuditFilter::default() }, vec![]),
        (AuditFilter { to: Some(instant()), ..AuditFilter::default() }, vec![]),
    ];
    for (filter, expected) in cases {
        let page = store.audit_entries(&filter, PageRequest::default()).await.unwrap();
        let expected: Vec<_> = expected.into_iter().map(|index: usize| entries[index].clone()).collect();
        assert_eq!(page.items, expected, "{filter:?}");
    }
}

/// Checkpoints are kept as they were made, once a number, and read in order.
pub async fn checkpoints<F: StoreFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let signer = PackageSigner::generate().unwrap();
    let made = |sequence: u8, seconds| {
        let head = AuditHead { sequence: sequence.into(), hash: [sequence; 32] };
        AuditCheckpoint::sign(head, at(seconds), &signer)
    };
    assert_eq!(store.last_checkpoint().await.unwrap(), None);
    for (checkpoint, is_new) in
        [(made(3, 1), true), (made(9, 2), true), (made(5, 3), true), (made(9, 4), false)]
    {
        assert_eq!(peer.add_checkpoint(&checkpoint).await.unwrap(), is_new);
    }
    assert_eq!(store.last_checkpoint().await.unwrap(), Some(made(9, 2)));
    assert_eq!(store.checkpoints(0, 10).await.unwrap(), [made(3, 1), made(5, 3), made(9, 2)]);
    assert_eq!(store.checkpoints(3, 1).await.unwrap(), [made(5, 3)]);
    assert_eq!(store.checkpoints(9, 10).await.unwrap(), []);
}

async fn write(store: &dyn Store, entries: &[AuditEntry]) {
    let changes = Changes { audit: entries.to_vec(), ..Changes::none() };
    store.commit(changes).await.expect("entries are written");
}

async fn all(store: &dyn Store) -> Vec<AuditEntry> {
    let page = store.audit_entries(&AuditFilter::default(), PageRequest::new(None, 200)).await;
    page.expect("a page").items
}

/// The chain, each link checked, up to the head.
async fn verified(store: &dyn Store) -> Vec<AuditEntry> {
    let chain = store.chain(0, 10_000).await.expect("the chain");
    let mut head = AuditHead::default();
    for entry in &chain {
        let seal = entry.seal_after(&head);
        assert_eq!(entry.seal, Some(seal));
        head = AuditHead { sequence: seal.sequence, hash: seal.hash };
    }
    assert_eq!(store.audit_head().await.expect("the head"), head);
    chain
}
