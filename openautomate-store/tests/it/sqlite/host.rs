//! A host application that writes its own rows and ours in one transaction of its own.

use std::sync::Arc;

use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::command::work_item::AddWorkItem;
use openautomate_core::command::work_queue::{CreateWorkQueue, QueueSettings};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::{World, audit};
use openautomate_core::domain::{Execution, NewItem, Role};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::query::{AuditFilter, PageRequest, WorkItemFilter};
use openautomate_core::store::IdentityStore;
use openautomate_core::vault::Vault;
use openautomate_core::{ErrorKind, Orchestrator};
use openautomate_store::StoreOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{Connection, query, query_scalar};
use tempfile::TempDir;

use super::SqliteStore;
use super::fixture::SqliteFixture;

struct Shop {
    fixture: SqliteFixture,
    world: World,
    pool: SqlitePool,
}

impl Shop {
    async fn open() -> Self {
        let fixture = SqliteFixture::open().await;
        let world = World::new(fixture.store()).await;
        let options = SqliteConnectOptions::new().filename(fixture.path()).foreign_keys(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        query("CREATE TABLE orders (number INTEGER PRIMARY KEY)").execute(&pool).await.unwrap();
        Self { fixture, world, pool }
    }

    /// An order, and the execution that bills it, in one transaction.
    async fn order(
        &self,
        number: i64,
        changes: &Changes,
    ) -> (openautomate_core::Result<()>, sqlx::Transaction<'static, sqlx::Sqlite>) {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let insert = query("INSERT INTO orders (number) VALUES (?)").bind(number);
        insert.execute(&mut *transaction).await.unwrap();
        let joined = self.fixture.handle().commit_in(&mut transaction, changes).await;
        (joined, transaction)
    }

    async fn orders(&self) -> Vec<i64> {
        query_scalar("SELECT number FROM orders ORDER BY number").fetch_all(&self.pool).await.unwrap()
    }

    async fn is_there(&self, execution: &Execution) -> bool {
        self.world.store.execution(execution.id).await.unwrap().is_some()
    }

    async fn audited(&self) -> usize {
        let filter = AuditFilter { action: Some("execution.create".to_owned()), ..AuditFilter::default() };
        self.world.store.audit_entries(&filter, PageRequest::default()).await.unwrap().items.len()
    }
}

fn enqueue(execution: &Execution) -> Changes {
    let changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
    Changes { audit: vec![audit("execution.create")], ..changes }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_there_if_the_host_commits() {
    let shop = Shop::open().await;
    let execution = shop.world.execution();
    let (joined, transaction) = shop.order(1, &enqueue(&execution)).await;
    joined.unwrap();
    assert!(!shop.is_there(&execution).await, "nobody sees it yet");
    transaction.commit().await.unwrap();
    assert!(shop.is_there(&execution).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![1], 1));
    assert_eq!(shop.world.store.claim(shop.world.claim_request(1)).await.unwrap()[0].id, execution.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_gone_if_the_host_rolls_back() {
    let shop = Shop::open().await;
    let execution = shop.world.execution();
    let (joined, transaction) = shop.order(1, &enqueue(&execution)).await;
    joined.unwrap();
    transaction.rollback().await.unwrap();
    assert!(!shop.is_there(&execution).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_host_s_transaction_as_it_was() {
    let shop = Shop::open().await;
    let (fresh, there) = (shop.world.execution(), shop.world.enqueue(shop.world.execution()).await);
    let both = enqueue(&fresh).insert(Record::Execution(Box::new(there)));
    let (joined, mut transaction) = shop.order(1, &both).await;
    assert_code(joined, ErrorKind::Conflict, "name.taken");
    query("INSERT INTO orders (number) VALUES (2)").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(!shop.is_there(&fresh).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![1, 2], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_would_break_a_promise_is_refused() {
    let shop = Shop::open().await;
    let (store, changes) = (shop.fixture.handle(), enqueue(&shop.world.execution()));
    let mut bare = shop.pool.acquire().await.unwrap();
    let refused = store.commit_in(&mut bare, &changes).await;
    assert_code(refused, ErrorKind::Invalid, "store.no_transaction");
    let loose = SqliteConnectOptions::new().filename(shop.fixture.path()).foreign_keys(false);
    let mut loose = SqliteConnection::connect_with(&loose).await.unwrap();
    let mut transaction = loose.begin().await.unwrap();
    let refused = store.commit_in(&mut transaction, &changes).await;
    assert_code(refused, ErrorKind::Invalid, "store.foreign_keys");
    transaction.rollback().await.unwrap();
    assert_eq!(shop.audited().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_moves_into_the_file_of_a_host() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.db");
    let options = SqliteConnectOptions::new().filename(&path).foreign_keys(true).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    // The host's migrations are noted where ours usually are.
    for table in ["orders (number INTEGER PRIMARY KEY)", "_sqlx_migrations (version BIGINT, theirs TEXT)"] {
        let create = sqlx::AssertSqlSafe(format!("CREATE TABLE {table}"));
        query(create).execute(&pool).await.unwrap();
    }
    let alone = SqliteStore::open(&path, StoreOptions::default()).await;
    assert_code(alone, ErrorKind::Invalid, "store.not_a_database");
    let open = || SqliteStore::with_pool(pool.clone(), &path, StoreOptions::default());
    let store = open().await.unwrap();
    let world = World::new(std::sync::Arc::new(store.clone())).await;
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    query("INSERT INTO orders (number) VALUES (1)").execute(&mut *transaction).await.unwrap();
    let execution = world.execution();
    store.commit_in(&mut transaction, &enqueue(&execution)).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(world.store.execution(execution.id).await.unwrap().is_some());
    store.close().await;
    let orders: i64 = query_scalar("SELECT count(*) FROM orders").fetch_one(&pool).await.unwrap();
    assert_eq!(orders, 1, "the host's pool stays open");
    let store = open().await.unwrap();
    assert_eq!(store.user(world.user.id).await.unwrap(), Some(world.user));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_name_of_ours_keeps_the_store_out() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    query("CREATE TABLE users (theirs TEXT)").execute(&pool).await.unwrap();
    let refused = SqliteStore::with_pool(pool.clone(), &path, StoreOptions::default()).await;
    assert_code(refused, ErrorKind::Invalid, "store.not_a_database");
    let tables: i64 = query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&pool).await.unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_item_is_there_with_its_entry_if_the_host_commits() {
    let shop = Shop::open().await;
    let folder = TempDir::new().unwrap();
    let vault = Vault::open_or_create(&folder.path().join("vault.key")).unwrap();
    let blobs = Arc::new(ObjectBlobStore::memory());
    let store = Arc::clone(&shop.world.store);
    let orchestrator = Orchestrator::builder(store, blobs, vault).build().await.unwrap();
    let user = &shop.world.user;
    let roles = vec![Role::Administrator];
    let actor = Actor::of(Principal::User { id: user.id, name: user.username.clone(), roles, session: None });
    let queue = CreateWorkQueue { environment_id: None, settings: QueueSettings::new("orders") };
    let queue = orchestrator.execute(&actor, queue).await.unwrap();
    let count = async || {
        let filter = AuditFilter { action: Some("workItem.add".to_owned()), ..AuditFilter::default() };
        let entries = shop.world.store.audit_entries(&filter, PageRequest::default()).await.unwrap();
        let (all, first) = (WorkItemFilter::default(), PageRequest::default());
        let items = shop.world.store.work_items(queue.id, &all, first).await.unwrap();
        (items.items.len(), entries.items.len(), shop.orders().await.len())
    };
    for (commits, expected) in [(false, (0, 0, 0)), (true, (1, 1, 1))] {
        let mut transaction = shop.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        query("INSERT INTO orders (number) VALUES (7)").execute(&mut *transaction).await.unwrap();
        let command = AddWorkItem { queue_id: queue.id, item: NewItem::new(serde_json::json!({"order": 7})) };
        let joined = {
            let handle = shop.fixture.handle();
            let mut joining = handle.joining(&mut transaction);
            orchestrator.put_item_in(&mut joining, &actor, command).await.unwrap()
        };
        if commits {
            transaction.commit().await.unwrap();
            assert_eq!(joined.announce(&orchestrator).payload, serde_json::json!({"order": 7}));
        } else {
            transaction.rollback().await.unwrap();
        }
        assert_eq!(count().await, expected);
    }
}
