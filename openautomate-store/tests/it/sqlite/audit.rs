//! What somebody does to the audit who may do anything to the file: the first entry that is not as it was is named.

use std::path::Path;

use openautomate_core::changes::Changes;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::audit;
use openautomate_core::domain::{AuditCheckpoint, AuditEntry, AuditHead};
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::service::{verify_chain, verify_chain_with};
use openautomate_core::store::{AuditStore as _, Store};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

use super::fixture::{SqliteFixture, direct, open};

const ENTRIES: u64 = 10_000;

/// Ten thousand entries that come at once, sealed while they come.
async fn written(store: &std::sync::Arc<dyn Store>) {
    let mut tasks = Vec::new();
    for task in 0..50_u64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for number in 0..ENTRIES / 50 {
                let entry = AuditEntry { object_id: format!("{task}-{number}"), ..audit("asset.put") };
                store.commit(Changes { audit: vec![entry], ..Changes::none() }).await.unwrap();
                if number % 50 == 0 {
                    store.seal(97).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    while store.seal(1_000).await.unwrap() > 0 {}
}

/// Runs statements on a copy of the file, past its triggers, and verifies what is left.
async fn after(whole: &Path, statements: &str, kept: &[AuditCheckpoint]) -> (bool, Option<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(whole, &copy).unwrap();
    let mut connection = direct(&copy).await;
    let triggers: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'audit%'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let drops: String = triggers.iter().map(|name| format!("DROP TRIGGER {name};")).collect();
    raw_sql(AssertSqlSafe(format!("{drops}{statements}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = open(&copy).await.unwrap();
    let report = verify_chain_with(&store, kept, &[]).await.unwrap();
    store.close().await;
    (report.ok, report.first_bad)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_entries_verify_and_the_first_bad_one_is_named() {
    let fixture = SqliteFixture::open().await;
    let store = fixture.store();
    written(&store).await;
    let report = verify_chain(&*store).await.unwrap();
    assert_eq!((report.ok, report.verified), (true, ENTRIES));
    let signer = PackageSigner::generate().unwrap();
    let head = store.audit_head().await.unwrap();
    let kept = [AuditCheckpoint::sign(head, SystemClock.now(), &signer)];
    drop(store);
    fixture.handle().close().await;

    let columns =
        "id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail, request_id,
        ip_address, sequence, previous, hash";
    for bad in [1, 4_711, ENTRIES] {
        let named = (false, Some(bad));
        for change in [
            "action = 'asset.delete'",
            "actor_name = actor_name || ' '",
            "detail = json_set(detail, '$.more', 1)",
            "detail = '{'",
            "detail = ''",
            "hash = zeroblob(32)",
        ] {
            let statement = format!("UPDATE audit_entries SET {change} WHERE sequence = {bad}");
            assert_eq!(after(fixture.path(), &statement, &[]).await, named, "{statement}");
        }
        let delete = format!("DELETE FROM audit_entries WHERE sequence = {bad}");
        assert_eq!(after(fixture.path(), &delete, &[]).await, named, "{delete}");
        // The tail, and the head with it: only what is kept elsewhere shows it.
        let cut = format!(
            "DELETE FROM audit_entries WHERE sequence >= {bad}; UPDATE audit_head SET sequence = {0},
            hash = coalesce((SELECT hash FROM audit_entries WHERE sequence = {0}), zeroblob(32))",
            bad - 1
        );
        assert!(after(fixture.path(), &cut, &[]).await.0, "a chain alone can't show it");
        assert_eq!(after(fixture.path(), &cut, &kept).await, named, "{cut}");
        // An entry that was put in, in the place of one.
        let put_in = format!(
            "DELETE FROM audit_entries WHERE sequence = {bad}; INSERT INTO audit_entries ({columns})
            SELECT randomblob(16), at, actor_kind, actor_id, actor_name, action, object_kind, 'another', detail,
            request_id, ip_address, {bad}, previous, hash FROM audit_entries WHERE sequence = {0}",
            if bad == 1 { 2 } else { bad - 1 }
        );
        assert_eq!(after(fixture.path(), &put_in, &[]).await, named, "{put_in}");
        if bad < ENTRIES {
            let swap = format!(
                "UPDATE audit_entries SET sequence = -1 WHERE sequence = {bad};
                UPDATE audit_entries SET sequence = {bad} WHERE sequence = {0};
                UPDATE audit_entries SET sequence = {0} WHERE sequence = -1",
                bad + 1
            );
            assert_eq!(after(fixture.path(), &swap, &[]).await, named, "{swap}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_written_anew_contradicts_its_checkpoints() {
    let fixture = SqliteFixture::open().await;
    let store = fixture.store();
    for _ in 0..30 {
        store.commit(Changes { audit: vec![audit("asset.put")], ..Changes::none() }).await.unwrap();
    }
    store.seal(100).await.unwrap();
    let signer = PackageSigner::generate().unwrap();
    let chain = store.chain(0, 100).await.unwrap();
    let checkpoint = |sequence: usize| {
        let hash = chain[sequence - 1].seal.unwrap().hash;
        AuditCheckpoint::sign(AuditHead { sequence: sequence as u64, hash }, SystemClock.now(), &signer)
    };
    store.add_checkpoint(&checkpoint(10)).await.unwrap();
    let kept = [checkpoint(20), checkpoint(30)];
    assert_eq!(verify_chain_with(&*store, &kept, &[signer.public_key()]).await.unwrap().checkpoints, 3);
    drop(store);
    fixture.handle().close().await;
    // Everything from entry 15 on, with hashes that follow: as the server itself would seal it.
    let copy = fixture.path().with_extension("anew");
    std::fs::copy(fixture.path(), &copy).unwrap();
    let mut connection = direct(&copy).await;
    let anew = "DROP TRIGGER audit_seal; DROP TRIGGER audit_head_rises;
        UPDATE audit_entries SET sequence = NULL, previous = NULL, hash = NULL, object_id = 'another' WHERE sequence >= 15;
        UPDATE audit_head SET sequence = 14, hash = (SELECT hash FROM audit_entries WHERE sequence = 14)";
    raw_sql(anew).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = open(&copy).await.unwrap();
    store.seal(100).await.unwrap();
    assert!(verify_chain(&store).await.unwrap().ok, "its own checkpoint is before");
    let report = verify_chain_with(&store, &kept, &[]).await.unwrap();
    assert_eq!((report.ok, report.first_bad, report.verified), (false, Some(20), 19));
    assert!(report.reason.unwrap().contains("written anew"));
    // Checkpoints of another key prove nothing, and those of two keys that differ are told.
    let stranger = PackageSigner::generate().unwrap();
    let forged = AuditCheckpoint::sign(store.audit_head().await.unwrap(), SystemClock.now(), &stranger);
    let report = verify_chain_with(&store, &[forged], &[signer.public_key()]).await.unwrap();
    assert!(!report.ok && report.reason.unwrap().contains("not to be believed"));
    store.close().await;
}

#[tokio::test]
async fn checkpoints_are_append_only() {
    let fixture = SqliteFixture::open().await;
    let store = fixture.store();
    let head = AuditHead { sequence: 3, hash: [1; 32] };
    let made = AuditCheckpoint::sign(head, SystemClock.now(), &PackageSigner::generate().unwrap());
    assert!(store.add_checkpoint(&made).await.unwrap());
    let mut connection = fixture.direct().await;
    for statement in [
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_checkpoints SET sequence = 2",
        "INSERT OR REPLACE INTO audit_checkpoints SELECT sequence, zeroblob(32), 0, signer, signature FROM audit_checkpoints",
    ] {
        let error = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().message(), "audit.append_only", "{statement}");
    }
    assert_eq!(store.last_checkpoint().await.unwrap(), Some(made));
}

#[tokio::test]
async fn what_can_t_be_audited_does_not_happen() {
    let fixture = SqliteFixture::open().await;
    let store = fixture.store();
    let mut connection = fixture.direct().await;
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END";
    sqlx::query(broken).execute(&mut connection).await.unwrap();
    let user = openautomate_core::conformance::store::sample::user("ada");
    let record = openautomate_core::changes::Record::User(user.clone());
    let changes = Changes::none().insert(record).audited(audit("user.create"));
    let error = store.commit(changes).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (openautomate_core::ErrorKind::Unavailable, "audit.unavailable")
    );
    assert_eq!(store.user(user.id).await.unwrap(), None);
}
