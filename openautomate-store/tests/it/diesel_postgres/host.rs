//! A host application on diesel that writes its own rows and ours in one transaction of its own.

use diesel::sql_query;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _,
    SimpleAsyncConnection as _, TransactionManager as _,
};
use openautomate_core::ErrorKind;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::{World, audit};
use openautomate_core::domain::Execution;
use openautomate_core::query::{AuditFilter, PageRequest};
use openautomate_core::store::{ExecutionStore, IdentityStore};
use openautomate_store::StoreOptions;

use super::PostgresStore;
use super::fixture::{PostgresFixture, Schema, address};

struct Shop {
    // Dropped first: it holds what the schema's drop waits for.
    connection: AsyncPgConnection,
    world: World,
    fixture: PostgresFixture,
    _schema: Schema,
}

impl Shop {
    async fn open() -> Self {
        let fixture = PostgresFixture::open().await;
        let world = World::new(fixture.store()).await;
        let schema = Schema::new();
        let mut connection = AsyncPgConnection::establish(&address()).await.unwrap();
        let tables = format!(
            "CREATE SCHEMA {0}; SET search_path = {0}; CREATE TABLE orders (number bigint PRIMARY KEY);
            CREATE TABLE executions (theirs bigint)",
            schema.0
        );
        connection.batch_execute(&tables).await.unwrap();
        Self { connection, world, fixture, _schema: schema }
    }

    /// Begins a transaction with an order in it, and has the changes join.
    async fn order(&mut self, changes: &Changes) -> openautomate_core::Result<()> {
        AnsiTransactionManager::begin_transaction(&mut self.connection).await.unwrap();
        self.insert(1).await;
        self.fixture.handle().commit_in(&mut self.connection, changes).await
    }

    async fn insert(&mut self, number: i64) {
        let insert = format!("INSERT INTO orders (number) VALUES ({number})");
        sql_query(insert).execute(&mut self.connection).await.unwrap();
    }

    async fn commit(&mut self) {
        AnsiTransactionManager::commit_transaction(&mut self.connection).await.unwrap();
    }

    async fn orders(&mut self) -> usize {
        sql_query("UPDATE orders SET number = number").execute(&mut self.connection).await.unwrap()
    }

    async fn seen(&self, execution: &Execution) -> (bool, usize) {
        let filter = AuditFilter { action: Some("execution.create".to_owned()), ..AuditFilter::default() };
        let audited = self.world.store.audit_entries(&filter, PageRequest::default()).await.unwrap();
        let found = self.fixture.handle().execution(execution.id).await.unwrap();
        (found.is_some(), audited.items.len())
    }
}

fn enqueue(execution: &Execution) -> Changes {
    let changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
    Changes { audit: vec![audit("execution.create")], ..changes }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_there_if_and_only_if_the_host_commits() {
    let mut shop = Shop::open().await;
    let execution = shop.world.execution();
    shop.order(&enqueue(&execution)).await.unwrap();
    AnsiTransactionManager::rollback_transaction(&mut shop.connection).await.unwrap();
    assert_eq!((shop.orders().await, shop.seen(&execution).await), (0, (false, 0)));
    shop.order(&enqueue(&execution)).await.unwrap();
    assert_eq!(shop.seen(&execution).await, (false, 0), "nobody sees it yet");
    // The host's own tables are found again.
    shop.insert(2).await;
    shop.commit().await;
    assert_eq!((shop.orders().await, shop.seen(&execution).await), (2, (true, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_host_s_transaction_as_it_was() {
    let mut shop = Shop::open().await;
    let (fresh, there) = (shop.world.execution(), shop.world.enqueue(shop.world.execution()).await);
    let both = enqueue(&fresh).insert(Record::Execution(Box::new(there)));
    assert_code(shop.order(&both).await, ErrorKind::Conflict, "name.taken");
    shop.insert(2).await;
    shop.commit().await;
    assert_eq!((shop.orders().await, shop.seen(&fresh).await), (2, (false, 0)));
    let refused = shop.fixture.handle().commit_in(&mut shop.connection, &enqueue(&fresh)).await;
    assert_code(refused, ErrorKind::Invalid, "store.no_transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_works_through_the_host_s_pool() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let set = format!("SET search_path = {}", fixture.schema.0);
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |address| {
        let set = set.clone();
        Box::pin(async move {
            let mut connection = AsyncPgConnection::establish(address).await?;
            let done = connection.batch_execute(&set).await;
            done.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(address(), config);
    let pool: Pool<AsyncPgConnection> = Pool::builder(manager).max_size(4).build().unwrap();
    let store = PostgresStore::with_pool(pool.clone().into(), StoreOptions::default()).await.unwrap();
    assert_eq!(store.schema(), fixture.schema.0);
    assert_eq!(store.user(world.user.id).await.unwrap(), Some(world.user));
    store.close().await;
    sql_query("SELECT 1").execute(&mut *pool.get().await.unwrap()).await.unwrap();
}
