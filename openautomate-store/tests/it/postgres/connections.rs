//! Connections that are lost, transactions that are in each other's way, texts that can't be kept.

use std::time::Duration;

use openautomate_core::ErrorKind;
use openautomate_core::changes::{Changes, Event, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::World;
use openautomate_core::domain::Package;
use openautomate_core::id::{ExecutionId, PackageId};
use openautomate_core::store::{IdentityStore, PackageStore, PeerStore};
use openautomate_store::{StoreOptions, connect};
use sqlx::{query, query_scalar};

use super::fixture::PostgresFixture;

const PATIENCE: Duration = Duration::from_secs(30);

/// Ends every connection of the servers on the fixture's schema; says how many.
async fn cut(fixture: &PostgresFixture) -> i64 {
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
    query_scalar(cut)
        .bind(format!("openautomate {}", fixture.schema.0))
        .fetch_one(&mut fixture.schema.direct().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_may_be_tried_again_and_come_back() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    assert!(cut(&fixture).await > 0);
    // As many as there may be connections, and one.
    let mut written = false;
    for _ in 0..9 {
        let changes = Changes::none().insert(Record::Execution(Box::new(world.execution())));
        match world.store.commit(changes).await {
            Ok(()) => written = true,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
        }
    }
    assert!(written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ear_says_that_it_missed_something_and_hears_on() {
    let fixture = PostgresFixture::open().await;
    let (store, peer) = (fixture.handle(), fixture.peer().await);
    let mut events = store.peer_events().await.unwrap().unwrap();
    cut(&fixture).await;
    let missed = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    assert_eq!(missed, Event::EventsMissed);
    // The peer's voice was cut too: what it says first may be lost.
    let told = Event::ExecutionPending { execution_id: ExecutionId::new() };
    let heard = async {
        loop {
            peer.announce(&told);
            let heard = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
            if heard.is_ok_and(|event| event.unwrap() == told) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
}

/// Has the first `times` writes of a user or an execution end as a deadlock's victim does.
async fn deadlocks(times: u32, fixture: &PostgresFixture) {
    let mut connection = fixture.schema.direct().await;
    let function = format!(
        "CREATE SEQUENCE tries;
        CREATE FUNCTION be_the_victim() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER victim BEFORE INSERT ON executions FOR EACH STATEMENT EXECUTE FUNCTION be_the_victim();
        CREATE TRIGGER victim BEFORE INSERT ON packages FOR EACH STATEMENT EXECUTE FUNCTION be_the_victim();
        CREATE TRIGGER victim_again BEFORE UPDATE ON executions FOR EACH STATEMENT EXECUTE FUNCTION be_the_victim()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(function)).execute(&mut connection).await.unwrap();
}

async fn forget(fixture: &PostgresFixture) {
    query("ALTER SEQUENCE tries RESTART").execute(&mut fixture.schema.direct().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_for_another_is_run_again() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    deadlocks(3, &fixture).await;
    world.enqueue(world.execution()).await;
    forget(&fixture).await;
    let package = Package { id: PackageId::new(), name: "other".to_owned(), ..world.package.clone() };
    world.insert(Record::Package(package)).await;
    forget(&fixture).await;
    assert_eq!(world.store.claim(world.claim_request(1)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_run_again_for_ever() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    deadlocks(1_000, &fixture).await;
    let changes = Changes::none().insert(Record::Execution(Box::new(world.execution())));
    assert_code(world.store.commit(changes).await, ErrorKind::Unavailable, "store.busy");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_write_of_a_group_is_refused_alone() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let there = world.enqueue(world.execution()).await;
    let writes = (0..20).map(|number| {
        let execution = if number == 7 { there.clone() } else { world.execution() };
        let changes = Changes::none().insert(Record::Execution(Box::new(execution)));
        world.store.commit(changes)
    });
    let results = futures_util::future::join_all(writes).await;
    for (number, result) in results.into_iter().enumerate() {
        if number == 7 {
            assert_code(result, ErrorKind::Conflict, "name.taken");
        } else {
            result.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_refused_where_it_can_t_be_kept_and_looked_for_in_vain() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let description = "a\0b".to_owned();
    let package = Package { id: PackageId::new(), name: "other".to_owned(), description, ..world.package };
    let refused = world.store.commit(Changes::none().insert(Record::Package(package))).await;
    assert_code(refused, ErrorKind::Invalid, "store.text");
    assert_eq!(fixture.handle().package_by_name("a\0b").await.unwrap(), None);
    assert_eq!(fixture.handle().user_by_login("a\0b").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    // Nobody listens on port 1.
    let error =
        connect("postgres://ada:hunter2@127.0.0.1:1/none", StoreOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store.open"));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_says_so() {
    let fixture = PostgresFixture::open().await;
    let store = fixture.store();
    fixture.handle().close().await;
    fixture.handle().close().await;
    assert_code(store.seal(1).await, ErrorKind::Unavailable, "store.closed");
    assert_code(store.audit_head().await, ErrorKind::Unavailable, "store.closed");
}
