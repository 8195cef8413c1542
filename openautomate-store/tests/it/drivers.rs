//! One database, whichever library opens it.

use openautomate_core::conformance::store::sample::World;
use openautomate_core::store::{ExecutionStore, IdentityStore};
use openautomate_store::StoreOptions;
use openautomate_store::{diesel, sqlx};
use tempfile::TempDir;

use crate::postgres::fixture::{Schema, address};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_from_one_driver_to_the_other_and_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let options = StoreOptions::default;
    for _ in 0..2 {
        let store = sqlx::SqliteStore::open(&path, options()).await.unwrap();
        let known = store.environments().await.unwrap().len();
        if known == 0 {
            World::new(std::sync::Arc::new(store.clone())).await;
        }
        let refused = diesel::SqliteStore::open(&path, options()).await.unwrap_err();
        assert_eq!(refused.code(), "store.in_use");
        store.close().await;
        let store = diesel::SqliteStore::open(&path, options()).await.unwrap();
        assert_eq!(store.environments().await.unwrap().len(), 1);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_diesel_made_is_read_by_sqlx() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let store = diesel::SqliteStore::open(&path, StoreOptions::default()).await.unwrap();
    let world = World::new(std::sync::Arc::new(store.clone())).await;
    let execution = world.enqueue(world.execution()).await;
    store.close().await;
    let store = sqlx::SqliteStore::open(&path, StoreOptions::default()).await.unwrap();
    assert_eq!(store.execution(execution.id).await.unwrap(), Some(execution));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_both_drivers_share_a_schema() {
    let schema = Schema::new();
    let options =
        || StoreOptions { schema: Some(schema.0.clone()), connections: 4, ..StoreOptions::default() };
    let address = address();
    // Whichever is first makes the schema; the other waits for it.
    let (ours, theirs) = tokio::join!(
        diesel::PostgresStore::open(&address, options()),
        sqlx::PostgresStore::open(&address, options())
    );
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    let world = World::new(std::sync::Arc::new(ours.clone())).await;
    let execution = world.enqueue(world.execution()).await;
    assert_eq!(theirs.execution(execution.id).await.unwrap(), Some(execution.clone()));
    ours.close().await;
    theirs.close().await;
    let again = diesel::PostgresStore::open(&address, options()).await.unwrap();
    assert_eq!(again.execution(execution.id).await.unwrap(), Some(execution));
}
