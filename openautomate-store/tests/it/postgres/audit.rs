//! What somebody does to the audit who may do anything in the schema: the first entry that is not as it was is named.

use openautomate_core::changes::{Changes, Record};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{audit, user};
use openautomate_core::domain::AuditCheckpoint;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::service::verify_chain_with;
use sqlx::{AssertSqlSafe, raw_sql};

use super::fixture::PostgresFixture;

const ENTRIES: u64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_two_servers_verify_and_the_first_bad_one_is_named() {
    let fixture = PostgresFixture::open().await;
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let mut tasks = Vec::new();
    for server in [store.clone(), peer.clone(), store.clone(), peer.clone()] {
        tasks.push(tokio::spawn(async move {
            for number in 0..ENTRIES / 4 {
                let changes = Changes { audit: vec![audit("asset.put")], ..Changes::none() };
                server.commit(changes).await.unwrap();
                if number % 50 == 0 {
                    server.seal(97).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    while store.seal(1_000).await.unwrap() > 0 {}
    let signer = PackageSigner::generate().unwrap();
    let kept = [AuditCheckpoint::sign(store.audit_head().await.unwrap(), SystemClock.now(), &signer)];
    let whole = verify_chain_with(&*store, &kept, &[]).await.unwrap();
    assert_eq!((whole.ok, whole.verified, whole.checkpoints), (true, ENTRIES, 1));
    let mut connection = fixture.schema.direct().await;
    // Neither triggers nor references are asked in this role.
    let saved = "SET session_replication_role = replica; CREATE TEMP TABLE saved AS TABLE audit_entries;
        CREATE TEMP TABLE saved_head AS TABLE audit_head";
    raw_sql(saved).execute(&mut connection).await.unwrap();
    for bad in [1, 977, ENTRIES] {
        let mut harms = vec![
            format!("UPDATE audit_entries SET action = 'asset.delete' WHERE sequence = {bad}"),
            format!("UPDATE audit_entries SET at = at + 1 WHERE sequence = {bad}"),
            format!("UPDATE audit_entries SET detail = '{{' WHERE sequence = {bad}"),
            format!("DELETE FROM audit_entries WHERE sequence = {bad}"),
            format!(
                "DELETE FROM audit_entries WHERE sequence >= {bad}; UPDATE audit_head SET sequence = {0}, hash =
                coalesce((SELECT hash FROM audit_entries WHERE sequence = {0}), decode(repeat('00', 32), 'hex'))",
                bad - 1
            ),
        ];
        if bad < ENTRIES {
            harms.push(format!(
                "UPDATE audit_entries SET sequence = -1 WHERE sequence = {bad};
                UPDATE audit_entries SET sequence = {bad} WHERE sequence = {0};
                UPDATE audit_entries SET sequence = {0} WHERE sequence = -1",
                bad + 1
            ));
        }
        for harm in harms {
            raw_sql(AssertSqlSafe(harm.clone())).execute(&mut connection).await.unwrap();
            let report = verify_chain_with(&*store, &kept, &[]).await.unwrap();
            assert_eq!((report.ok, report.first_bad), (false, Some(bad)), "{harm}");
            let mend = "DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM saved;
                DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM saved_head";
            raw_sql(mend).execute(&mut connection).await.unwrap();
        }
    }
    assert!(verify_chain_with(&*store, &kept, &[]).await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_audited_does_not_happen_and_checkpoints_stay() {
    let fixture = PostgresFixture::open().await;
    let store = fixture.store();
    let head = openautomate_core::domain::AuditHead { sequence: 3, hash: [1; 32] };
    let made = AuditCheckpoint::sign(head, SystemClock.now(), &PackageSigner::generate().unwrap());
    assert!(store.add_checkpoint(&made).await.unwrap());
    let mut connection = fixture.schema.direct().await;
    for statement in [
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_checkpoints SET sequence = 2",
        "TRUNCATE audit_checkpoints",
    ] {
        let error = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().message(), "audit.append_only", "{statement}");
    }
    assert_eq!(store.last_checkpoint().await.unwrap(), Some(made));
    let broken =
        "CREATE TRIGGER broken BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse('no')";
    raw_sql(broken).execute(&mut connection).await.unwrap();
    let ada = user("ada");
    let changes = Changes::none().insert(Record::User(ada.clone())).audited(audit("user.create"));
    let error = store.commit(changes).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (openautomate_core::ErrorKind::Unavailable, "audit.unavailable")
    );
    assert_eq!(store.user(ada.id).await.unwrap(), None);
}
