//! What is done with the schema that is found.

use futures_util::future::join_all;
use openautomate_core::ErrorKind;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::World;
use openautomate_core::store::{CommitStore, IdentityStore};
use openautomate_store::{StoreOptions, connect};
use sqlx::{query, query_scalar};

use super::fixture::{PostgresFixture, Schema, address};

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_migrate_once() {
    let schema = Schema::new();
    for store in join_all((0..4).map(|_| schema.open())).await {
        assert!(store.unwrap().environments().await.unwrap().is_empty());
    }
    let mut connection = schema.direct().await;
    let count: i64 =
        query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&mut connection).await.unwrap();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres")).unwrap();
    assert_eq!(count, i64::try_from(files.count()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_changes_nothing() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.store().user(world.user.id).await.unwrap(), Some(world.user));
}

/// Runs a statement in a store's schema and opens it again.
async fn opened_after(statement: &'static str) -> openautomate_core::Result<()> {
    let schema = Schema::new();
    schema.open().await.unwrap().close().await;
    query(statement).execute(&mut schema.direct().await).await.unwrap();
    schema.open().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_is_refused() {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', true, '', 0)";
    let error = opened_after(newer).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "store.newer"));
    assert!(error.message().contains("migration 9999"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_migration_is_refused() {
    let altered = opened_after("UPDATE _sqlx_migrations SET checksum = ''").await;
    assert_code(altered, ErrorKind::Invalid, "store.altered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_something_else_are_left_alone() {
    let schema = Schema::new();
    schema.open().await.unwrap().close().await;
    let mut connection = schema.direct().await;
    for statement in ["COMMENT ON TABLE audit_head IS NULL", "DROP TABLE _sqlx_migrations"] {
        query(statement).execute(&mut connection).await.unwrap();
    }
    assert_code(schema.open().await, ErrorKind::Invalid, "store.not_a_database");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename LIKE '%migrations'";
    let tables: i64 = query_scalar(tables).bind(&schema.0).fetch_one(&mut connection).await.unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_one_database_know_nothing_of_each_other() {
    let (ours, theirs) = (PostgresFixture::open().await, PostgresFixture::open().await);
    let world = World::new(ours.store()).await;
    assert!(theirs.store().user_by_login("ada").await.unwrap().is_none());
    // The same name, and the same id, again.
    theirs.handle().commit(Changes::none().insert(Record::User(world.user))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_names_its_schema() {
    let schema = Schema::new();
    let address = format!("{}?schema={}", address(), schema.0);
    let store = connect(&address, StoreOptions::default()).await.unwrap();
    World::new(store).await;
    let users: i64 =
        query_scalar("SELECT count(*) FROM users").fetch_one(&mut schema.direct().await).await.unwrap();
    assert_eq!(users, 1);
}
