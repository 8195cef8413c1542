//! A whole database into one of the other kind, and back.

use std::collections::BTreeSet;

use openautomate_core::ErrorKind;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, at};
use openautomate_core::service::verify_chain;
use openautomate_core::store::Store;
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{CopiedTable, Database, copied_columns, copy};
use sqlx::{query, query_as};
use tempfile::TempDir;

use super::installation;
use crate::postgres::fixture::{PostgresFixture, Schema, address};
use crate::sqlite::fixture::{SqliteFixture, direct, open};

fn options_of(schema: &Schema) -> StoreOptions {
    StoreOptions { schema: Some(schema.0.clone()), ..StoreOptions::default() }
}

async fn copied(from: (&str, &StoreOptions), to: (&str, &StoreOptions)) -> Vec<CopiedTable> {
    let (mut last, mut total) = (0, 0);
    let tables = copy(from, to, |progress| {
        assert!(progress.done >= last);
        (last, total) = (progress.done, progress.total);
    })
    .await
    .unwrap();
    assert_eq!((last, tables.iter().map(|table| table.rows).sum::<u64>()), (total, total));
    tables
}

async fn is_sound(address: &str, options: &StoreOptions) {
    let mut database = Database::open(address, options).await.unwrap();
    let checks = database.check(SystemClock.now(), true).await.unwrap();
    assert!(checks.iter().all(openautomate_store::maintenance::Check::is_ok), "{checks:?}");
    database.close().await;
}

/// A dump of every row, as text, of a SQLite file.
async fn dump(path: &std::path::Path) -> Vec<(String, BTreeSet<String>)> {
    let mut connection = direct(path).await;
    let mut tables = Vec::new();
    for (table, columns) in copied_columns() {
        let quoted: Vec<_> = columns.iter().map(|column| format!("quote({column})")).collect();
        let select = format!("SELECT {} FROM {table}", quoted.join(" || ',' || "));
        let rows: Vec<(String,)> =
            query_as(sqlx::AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        tables.push((table.to_owned(), rows.into_iter().map(|(row,)| row).collect()));
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_every_row_is_the_same() {
    let first = SqliteFixture::open().await;
    let world = installation::fill(first.store()).await;
    first.handle().close().await;
    let (first_path, server) = (first.path().to_str().unwrap(), address());
    let (schema, folder) = (Schema::new(), TempDir::new().unwrap());
    let (plain, postgres) = (StoreOptions::default(), options_of(&schema));
    let tables = copied((first_path, &plain), (&server, &postgres)).await;
    assert!(tables.iter().all(|table| table.rows > 0), "the installation lacks rows: {tables:?}");
    is_sound(&server, &postgres).await;

    // A server goes on with it.
    let store = schema.open().await.unwrap();
    assert!(verify_chain(&store).await.unwrap().ok);
    // And back, before anything changes it.
    store.close().await;
    let second = folder.path().join("second.db");
    copied((&server, &postgres), (second.to_str().unwrap(), &plain)).await;
    is_sound(second.to_str().unwrap(), &plain).await;
    assert_eq!(dump(first.path()).await, dump(&second).await);
    let third = folder.path().join("third.db");
    copied((second.to_str().unwrap(), &plain), (third.to_str().unwrap(), &plain)).await;
    assert_eq!(dump(&second).await, dump(&third).await);

    goes_on(&World { store: std::sync::Arc::new(open(&third).await.unwrap()), ..world.clone() }).await;
    goes_on(&World { store: std::sync::Arc::new(schema.open().await.unwrap()), ..world }).await;
    is_sound(&server, &postgres).await;
}

/// Claims, ends and seals in a copy, with the messages in lists that one of the databases derives.
async fn goes_on(world: &World) {
    let store: &dyn Store = &*world.store;
    assert_eq!(store.seal(10).await.unwrap(), 1);
    assert!(verify_chain(store).await.unwrap().ok);
    let lost = store.expire(at(1_000_000), 10).await.unwrap();
    assert_eq!(lost.len(), 2);
    let page = openautomate_core::query::PageRequest { after: None, limit: 100 };
    let all = store.executions(&openautomate_core::query::ExecutionFilter::default(), page).await.unwrap();
    let failed = all.items.iter().filter(|item| item.error_message.as_deref() == Some("no total")).count();
    assert_eq!((all.items.len(), failed), (13, 2));
    let claimed = world.claim_at(at(200_000)).await;
    let lease = claimed.lease().unwrap();
    store.start(lease, world.agent.id, at(200_001)).await.unwrap();
    let result = openautomate_core::conformance::store::sample::succeeded();
    world.finish(lease, result, at(200_002)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_and_no_column_is_forgotten() {
    let (sqlite, postgres) = (SqliteFixture::open().await, PostgresFixture::open().await);
    let copied: BTreeSet<(String, String)> = copied_columns()
        .into_iter()
        .flat_map(|(table, columns)| {
            columns.into_iter().map(move |column| (table.to_owned(), column.to_owned()))
        })
        .collect();
    let of_sqlite: Vec<(String, String)> = query_as(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'",
    )
    .fetch_all(&mut sqlite.direct().await)
    .await
    .unwrap();
    assert_eq!(of_sqlite.into_iter().collect::<BTreeSet<_>>(), copied);
    let of_postgres: Vec<(String, String)> = query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_%'",
    )
    .fetch_all(&mut postgres.schema.direct().await)
    .await
    .unwrap();
    let mut with_derived = copied;
    with_derived.insert(("executions".to_owned(), "error_message".to_owned()));
    assert_eq!(of_postgres.into_iter().collect::<BTreeSet<_>>(), with_derived);
}

async fn refused(from: (&str, &StoreOptions), to: (&str, &StoreOptions)) -> (ErrorKind, &'static str) {
    let error = copy(from, to, |_| {}).await.unwrap_err();
    (error.kind(), error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_or_holds_something_is_refused() {
    let (sqlite, postgres, schema) =
        (SqliteFixture::open().await, PostgresFixture::open().await, Schema::new());
    installation::fill(sqlite.store()).await;
    World::new(postgres.store()).await;
    let (plain, of_server, fresh) =
        (StoreOptions::default(), options_of(&postgres.schema), options_of(&schema));
    let (path, server) = (sqlite.path().to_str().unwrap(), address());
    // Servers run.
    let in_use = (ErrorKind::Unavailable, "store.in_use");
    assert_eq!(refused((path, &plain), (&server, &fresh)).await, in_use);
    assert_eq!(refused((&server, &of_server), (path, &plain)).await, in_use);
    sqlite.handle().close().await;
    assert_eq!(refused((path, &plain), (&server, &of_server)).await, in_use);
    postgres.handle().close().await;
    // The target holds something.
    let not_empty = (ErrorKind::Conflict, "copy.not_empty");
    assert_eq!(refused((path, &plain), (&server, &of_server)).await, not_empty);
    assert_eq!(refused((&server, &of_server), (path, &plain)).await, not_empty);
    // Onto itself, too.
    assert!(copy((path, &plain), (path, &plain), |_| {}).await.is_err());
    // The source is of another version.
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', 1, x'00', 0)";
    query(newer).execute(&mut direct(sqlite.path()).await).await.unwrap();
    assert_eq!(refused((path, &plain), (&server, &fresh)).await, (ErrorKind::Invalid, "store.newer"));
    let behind = "DELETE FROM _sqlx_migrations WHERE version >= 4";
    query(behind).execute(&mut direct(sqlite.path()).await).await.unwrap();
    assert_eq!(refused((path, &plain), (&server, &fresh)).await, (ErrorKind::Invalid, "copy.behind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_target_refuses_leaves_it_empty() {
    let (sqlite, schema) = (SqliteFixture::open().await, Schema::new());
    installation::fill(sqlite.store()).await;
    sqlite.handle().close().await;
    // SQLite holds a character that PostgreSQL has no place for.
    let nul = "UPDATE packages SET description = 'a' || char(0) || 'b'";
    query(nul).execute(&mut direct(sqlite.path()).await).await.unwrap();
    let (plain, options, server) = (StoreOptions::default(), options_of(&schema), address());
    let path = sqlite.path().to_str().unwrap();
    let error = copy((path, &plain), (&server, &options), |_| {}).await.unwrap_err();
    assert_eq!(error.code(), "copy.refused");
    assert!(error.message().contains("packages"), "{error}");
    let store = schema.open().await.unwrap();
    assert!(store_is_empty(&store).await);
    store.close().await;
    // Mended, it goes.
    query("UPDATE packages SET description = 'ab'").execute(&mut direct(sqlite.path()).await).await.unwrap();
    copied((path, &plain), (&server, &options)).await;
    is_sound(&server, &options).await;
}

async fn store_is_empty(store: &dyn Store) -> bool {
    store.environments().await.unwrap().is_empty() && store.audit_head().await.unwrap().sequence == 0
}
