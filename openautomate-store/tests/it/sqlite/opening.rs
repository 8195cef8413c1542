//! One process owns the file.

use openautomate_core::ErrorKind;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_store::{StoreOptions, connect};
use tempfile::TempDir;

use super::fixture::{SqliteFixture, open};

#[tokio::test]
async fn a_second_open_is_refused_while_any_handle_lives() {
    let fixture = SqliteFixture::open().await;
    let path = fixture.path().to_owned();
    let error = open(&path).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store.in_use"));
    assert_eq!(
        error.message(),
        format!("another process uses the database {}; stop it or choose another --data-dir", path.display())
    );
    fixture.handle().close().await;
    open(&path).await.unwrap().close().await;
}

#[tokio::test]
async fn a_closed_store_says_so_and_leaves_one_file() {
    let fixture = SqliteFixture::open().await;
    let store = fixture.store();
    fixture.handle().close().await;
    fixture.handle().close().await;
    assert_code(store.seal(1).await, ErrorKind::Unavailable, "store.closed");
    assert_code(store.audit_head().await, ErrorKind::Unavailable, "store.closed");
    let wal = fixture.path().with_extension("db-wal");
    assert!(!wal.exists(), "the log was moved into the file");
}

#[tokio::test]
async fn connect_makes_the_folder_and_knows_its_schemes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a/b/store.db");
    let store = connect(&format!("sqlite:{}", path.display()), StoreOptions::default()).await.unwrap();
    assert_eq!(store.seal(10).await.unwrap(), 0);
    assert!(path.exists());
    let other = connect("mysql://localhost/openautomate", StoreOptions::default()).await;
    assert_code(other, ErrorKind::Unsupported, "store.address");
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    std::fs::create_dir(&path).unwrap();
    assert_code(open(&path).await, ErrorKind::Unavailable, "store.open");
}
