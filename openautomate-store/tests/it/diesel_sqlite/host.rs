//! A host application on diesel that writes its own rows and ours in one transaction of its own.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use openautomate_core::ErrorKind;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::expect::assert_code;
use openautomate_core::conformance::store::sample::{World, audit};
use openautomate_core::domain::Execution;
use openautomate_core::query::{AuditFilter, PageRequest};
use openautomate_core::store::ExecutionStore;

use super::fixture::SqliteFixture;

struct Shop {
    fixture: SqliteFixture,
    world: World,
    connection: SqliteConnection,
}

impl Shop {
    async fn open() -> Self {
        let fixture = SqliteFixture::open().await;
        let world = World::new(fixture.store()).await;
        let mut connection = SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap();
        let tables = "PRAGMA foreign_keys = ON; CREATE TABLE orders (number INTEGER PRIMARY KEY)";
        connection.batch_execute(tables).unwrap();
        Self { fixture, world, connection }
    }

    /// An order, and the execution that bills it, in one transaction that fails after both if it is told to.
    fn order(&mut self, changes: &Changes, fails: bool) -> Result<(), Failure> {
        let store = self.fixture.handle();
        let runtime = tokio::runtime::Handle::current();
        self.connection.immediate_transaction(|connection| {
            sql_query("INSERT INTO orders (number) VALUES (1)").execute(connection)?;
            // This driver's connection does at once what it is asked.
            tokio::task::block_in_place(|| runtime.block_on(store.commit_in(connection, changes)))?;
            if fails { Err(Failure::Told) } else { Ok(()) }
        })
    }

    fn orders(&mut self) -> usize {
        sql_query("UPDATE orders SET number = number").execute(&mut self.connection).unwrap()
    }

    async fn seen(&self, execution: &Execution) -> (bool, usize) {
        let filter = AuditFilter { action: Some("execution.create".to_owned()), ..AuditFilter::default() };
        let audited = self.world.store.audit_entries(&filter, PageRequest::default()).await.unwrap();
        let found = self.fixture.handle().execution(execution.id).await.unwrap();
        (found.is_some(), audited.items.len())
    }
}

#[derive(Debug)]
enum Failure {
    Told,
    Diesel,
    Store(openautomate_core::Error),
}

impl From<diesel::result::Error> for Failure {
    fn from(_: diesel::result::Error) -> Self {
        Self::Diesel
    }
}

impl From<openautomate_core::Error> for Failure {
    fn from(error: openautomate_core::Error) -> Self {
        Self::Store(error)
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
    assert!(matches!(shop.order(&enqueue(&execution), true), Err(Failure::Told)));
    assert_eq!((shop.orders(), shop.seen(&execution).await), (0, (false, 0)));
    shop.order(&enqueue(&execution), false).unwrap();
    assert_eq!((shop.orders(), shop.seen(&execution).await), (1, (true, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_host_s_to_answer() {
    let mut shop = Shop::open().await;
    let (fresh, there) = (shop.world.execution(), shop.world.enqueue(shop.world.execution()).await);
    let both = enqueue(&fresh).insert(Record::Execution(Box::new(there)));
    let Err(Failure::Store(error)) = shop.order(&both, false) else { panic!("it is refused") };
    assert_eq!(error.code(), "name.taken");
    assert_eq!((shop.orders(), shop.seen(&fresh).await), (0, (false, 0)));
    let refused = shop.fixture.handle().commit_in(&mut shop.connection, &enqueue(&fresh)).await;
    assert_code(refused, ErrorKind::Invalid, "store.no_transaction");
}
