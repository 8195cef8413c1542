//! What is done with the file that is found.

use openautomate_core::ErrorKind;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::World;
use sqlx::{AssertSqlSafe, Connection, query, query_scalar};
use tempfile::TempDir;

use super::fixture::{SqliteFixture, direct, open};

#[tokio::test]
async fn a_fresh_file_gets_the_schema_and_the_settings_that_last() {
    let fixture = SqliteFixture::open().await;
    let mut connection = fixture.direct().await;
    let mode: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    let application: i64 = query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.unwrap();
    let loose = "SELECT count(*) FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%'";
    let loose: i64 = query_scalar(loose).fetch_one(&mut connection).await.unwrap();
    assert_eq!((mode.as_str(), application, loose), ("wal", 0x4F41_5554, 0));
}

#[tokio::test]
async fn a_second_start_changes_nothing() {
    let fixture = SqliteFixture::open().await;
    let world = World::new(fixture.store()).await;
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.store().user(world.user.id).await.unwrap(), Some(world.user));
    let mut connection = fixture.direct().await;
    let count: i64 =
        query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&mut connection).await.unwrap();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap();
    assert_eq!(count, i64::try_from(files.count()).unwrap());
}

/// Runs a statement on a closed database and opens it.
async fn opened_after(statement: &'static str) -> openautomate_core::Result<()> {
    let fixture = SqliteFixture::open().await;
    fixture.handle().close().await;
    let mut connection = fixture.direct().await;
    query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    open(fixture.path()).await.map(drop)
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', 1, x'00', 0)";
    let error = opened_after(newer).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "store.newer"));
    assert!(error.message().contains("migration 9999"));
}

#[tokio::test]
async fn an_altered_migration_is_refused() {
    let altered = opened_after("UPDATE _sqlx_migrations SET checksum = x'00'").await;
    assert_code(altered, ErrorKind::Invalid, "store.altered");
}

#[tokio::test]
async fn other_files_are_refused_and_left_as_they_are() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("notes.txt");
    let content = "not a database, but longer than the header of one would be. ".repeat(40);
    std::fs::write(&text, &content).unwrap();
    assert_code(open(&text).await, ErrorKind::Invalid, "store.not_a_database");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), content);

    let foreign = folder.path().join("foreign.db");
    let mut connection = direct(&foreign).await;
    query("CREATE TABLE theirs (id INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let before = std::fs::read(&foreign).unwrap();
    assert_code(open(&foreign).await, ErrorKind::Invalid, "store.not_a_database");
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
}

#[tokio::test]
async fn a_start_that_was_cut_short_is_repeated() {
    // The schema is made in one transaction: whatever was rolled back, the file is as good as new.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let mut connection = direct(&path).await;
    let half = include_str!("../../../migrations/sqlite/0001_initial.sql")
        .split_once("CREATE TABLE agents")
        .unwrap()
        .0;
    let statements = format!("BEGIN; {half}");
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    drop(connection);
    World::new(std::sync::Arc::new(open(&path).await.unwrap())).await;
}
