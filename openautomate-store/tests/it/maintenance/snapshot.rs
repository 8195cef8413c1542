//! One state of a SQLite database as a file.

use std::os::unix::fs::MetadataExt as _;

use openautomate_core::ErrorKind;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{Database, FileKind, remove_files, snapshot};
use sqlx::{query, query_as};
use tempfile::TempDir;
use uuid::Uuid;

use super::installation;
use crate::sqlite::fixture::{SqliteFixture, direct, open};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_is_in_it_and_a_store_opens_it() {
    let fixture = SqliteFixture::open().await;
    let world = installation::fill(fixture.store()).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("it's a snapshot.db");
    let before = world.enqueue(world.execution()).await;
    snapshot(fixture.path().to_str().unwrap(), &StoreOptions::default(), &path).await.unwrap();
    let after = world.enqueue(world.execution()).await;
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["it's a snapshot.db"], "one file and nothing beside it");
    let mut database = Database::open(path.to_str().unwrap(), &StoreOptions::default()).await.unwrap();
    let checks = database.check(SystemClock.now(), true).await.unwrap();
    assert!(checks.iter().all(openautomate_store::maintenance::Check::is_ok), "{checks:?}");
    database.close().await;
    let store = open(&path).await.unwrap();
    use openautomate_core::store::ExecutionStore as _;
    assert_eq!(store.execution(before.id).await.unwrap(), Some(before));
    assert_eq!(store.execution(after.id).await.unwrap(), None);
    // A file that is there is not written over.
    let inode = std::fs::metadata(&path).unwrap().ino();
    assert!(snapshot(fixture.path().to_str().unwrap(), &StoreOptions::default(), &path).await.is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    let postgres = snapshot("postgres://127.0.0.1:1/oa", &StoreOptions::default(), &path).await.unwrap_err();
    assert_eq!((postgres.kind(), postgres.code()), (ErrorKind::Unsupported, "backup.postgres"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_removed_meanwhile_go_unless_something_uses_them() {
    let fixture = SqliteFixture::open().await;
    installation::fill(fixture.store()).await;
    let path = fixture.path().with_file_name("snapshot.db");
    snapshot(fixture.path().to_str().unwrap(), &StoreOptions::default(), &path).await.unwrap();
    let address = path.to_str().unwrap();
    let mut connection = direct(&path).await;
    let (used,): (Uuid,) =
        query_as("SELECT file_id FROM execution_files").fetch_one(&mut connection).await.unwrap();
    let mut database = Database::open(address, &StoreOptions::default()).await.unwrap();
    assert_eq!(database.files(FileKind::Input, Uuid::nil(), 10).await.unwrap().len(), 1);
    assert!(!remove_files(address, &[used], SystemClock.now()).await.unwrap());
    database.refresh().await.unwrap();
    assert!(database.names_file(FileKind::Input, used).await.unwrap());
    database.close().await;
    for table in ["execution_files", "schedule_files", "work_item_files", "agent_release_files"] {
        query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut connection).await.unwrap();
    }
    assert!(remove_files(address, &[used], SystemClock.now()).await.unwrap());
    let mut database = Database::open(address, &StoreOptions::default()).await.unwrap();
    assert!(!database.names_file(FileKind::Input, used).await.unwrap());
    assert_eq!(database.files(FileKind::Input, Uuid::nil(), 10).await.unwrap(), []);
    database.close().await;
}
