//! A host application that writes its own rows and ours in one transaction of its own.

use openautomate_core::ErrorKind;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::{World, audit};
use openautomate_core::domain::Execution;
use openautomate_core::query::{AuditFilter, PageRequest};
use openautomate_core::store::IdentityStore;
use openautomate_store::StoreOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgTransaction};
use sqlx::{AssertSqlSafe, Connection, query, query_scalar};

use super::PostgresStore;
use super::fixture::{PostgresFixture, Schema, address};

/// Its tables lie in a schema of its own; one is named like ours.
struct Shop {
    schema: Schema,
    connection: PgConnection,
    fixture: PostgresFixture,
    world: World,
}

impl Shop {
    async fn open() -> Self {
        let fixture = PostgresFixture::open().await;
        let world = World::new(fixture.store()).await;
        let schema = Schema::new();
        let mut connection = schema.direct().await;
        let tables = format!(
            "CREATE SCHEMA {0}; CREATE TABLE {0}.orders (number bigint PRIMARY KEY);
            CREATE TABLE {0}.executions (theirs bigint)",
            schema.0
        );
        sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut connection).await.unwrap();
        Self { schema, connection, fixture, world }
    }

    /// An order, and the execution that bills it, in one transaction.
    async fn order(
        &mut self,
        number: i64,
        changes: &Changes,
    ) -> (openautomate_core::Result<()>, PgTransaction<'_>) {
        let mut transaction = self.connection.begin().await.unwrap();
        insert(number, &mut transaction).await;
        let joined = self.fixture.handle().commit_in(&mut transaction, changes).await;
        (joined, transaction)
    }

    async fn orders(&mut self) -> Vec<i64> {
        query_scalar("SELECT number FROM orders ORDER BY number")
            .fetch_all(&mut self.connection)
            .await
            .unwrap()
    }

    async fn is_there(&self, execution: &Execution) -> bool {
        self.world.store.execution(execution.id).await.unwrap().is_some()
    }

    async fn audited(&self) -> usize {
        let filter = AuditFilter { action: Some("execution.create".to_owned()), ..AuditFilter::default() };
        self.world.store.audit_entries(&filter, PageRequest::default()).await.unwrap().items.len()
    }
}

async fn insert(number: i64, connection: &mut PgConnection) {
    query("INSERT INTO orders (number) VALUES ($1)").bind(number).execute(connection).await.unwrap();
}

fn enqueue(execution: &Execution) -> Changes {
    let changes = Changes::none().insert(Record::Execution(Box::new(execution.clone())));
    Changes { audit: vec![audit("execution.create")], ..changes }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_there_if_the_host_commits() {
    let mut shop = Shop::open().await;
    let (store, execution) = (shop.fixture.store(), shop.world.execution());
    let (joined, mut transaction) = shop.order(1, &enqueue(&execution)).await;
    joined.unwrap();
    // The host's own tables are found again.
    insert(2, &mut transaction).await;
    assert!(store.execution(execution.id).await.unwrap().is_none(), "nobody sees it yet");
    transaction.commit().await.unwrap();
    assert!(shop.is_there(&execution).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![1, 2], 1));
    assert_eq!(shop.world.store.claim(shop.world.claim_request(1)).await.unwrap()[0].id, execution.id);
    let path: String = query_scalar("SHOW search_path").fetch_one(&mut shop.connection).await.unwrap();
    assert_eq!(path, shop.schema.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_joins_is_gone_if_the_host_rolls_back() {
    let mut shop = Shop::open().await;
    let execution = shop.world.execution();
    let (joined, transaction) = shop.order(1, &enqueue(&execution)).await;
    joined.unwrap();
    transaction.rollback().await.unwrap();
    assert!(!shop.is_there(&execution).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_the_host_s_transaction_as_it_was() {
    let mut shop = Shop::open().await;
    let (fresh, there) = (shop.world.execution(), shop.world.enqueue(shop.world.execution()).await);
    let both = enqueue(&fresh).insert(Record::Execution(Box::new(there)));
    let (joined, mut transaction) = shop.order(1, &both).await;
    assert_code(joined, ErrorKind::Conflict, "name.taken");
    insert(2, &mut transaction).await;
    transaction.commit().await.unwrap();
    assert!(!shop.is_there(&fresh).await);
    assert_eq!((shop.orders().await, shop.audited().await), (vec![1, 2], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_transaction_is_refused() {
    let mut shop = Shop::open().await;
    let changes = enqueue(&shop.world.execution());
    let refused = shop.fixture.handle().commit_in(&mut shop.connection, &changes).await;
    assert_code(refused, ErrorKind::Invalid, "store.no_transaction");
    assert_eq!(shop.audited().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_works_through_the_host_s_pool() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    let options: PgConnectOptions = address().parse().unwrap();
    let lost = PgPool::connect_with(options.clone()).await.unwrap();
    let asked = StoreOptions { schema: Some(fixture.schema.0.clone()), ..StoreOptions::default() };
    let refused = PostgresStore::with_pool(lost, asked.clone()).await;
    assert_code(refused, ErrorKind::Invalid, "store.search_path");
    let options = options.options([("search_path", &fixture.schema.0)]);
    let pool = PgPool::connect_with(options).await.unwrap();
    let store = PostgresStore::with_pool(pool.clone(), asked).await.unwrap();
    assert_eq!(store.user(world.user.id).await.unwrap(), Some(world.user));
    store.close().await;
    query("SELECT 1").execute(&pool).await.unwrap();
    pool.close().await;
}
