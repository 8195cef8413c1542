//! A store in a schema of its own on a real server, and connections beside it that know nothing of our rules.
//!
//! The server is the one that `OPENAUTOMATE_TEST_POSTGRES` names, without `schema=`; or else the one on this
//! machine, as user postgres without a password. If it does not answer, tests fail.

use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::store::Store;
use openautomate_store::StoreOptions;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::PostgresStore;

const VARIABLE: &str = "OPENAUTOMATE_TEST_POSTGRES";
const LOCAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A schema that is dropped with its owner.
pub(crate) struct Schema(pub(crate) String);

impl Schema {
    /// A name that nobody has.
    pub(crate) fn new() -> Self {
        Self(format!("test_{}", Uuid::new_v4().simple()))
    }

    /// A plain connection that looks into the schema.
    pub(crate) async fn direct(&self) -> PgConnection {
        let mut connection = connect().await;
        let set = AssertSqlSafe(format!("SET search_path = {}", self.0));
        sqlx::query(set).execute(&mut connection).await.unwrap();
        connection
    }

    /// A server on it.
    pub(crate) async fn open(&self) -> openautomate_core::Result<PostgresStore> {
        let options =
            StoreOptions { schema: Some(self.0.clone()), connections: 8, ..StoreOptions::default() };
        PostgresStore::open(&address(), options).await
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let drop_it = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        // A runtime of its own: this one may be ending, and can't wait here.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = connect().await;
                sqlx::query("SET client_min_messages = warning").execute(&mut connection).await.unwrap();
                sqlx::query(AssertSqlSafe(drop_it)).execute(&mut connection).await.unwrap();
            });
        });
        let dropped = dropped.join();
        assert!(dropped.is_ok() || std::thread::panicking(), "the schema {} is left behind", self.0);
    }
}

/// The server under test.
pub(crate) fn address() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| LOCAL.to_owned())
}

async fn connect() -> PgConnection {
    PgConnection::connect(&address()).await.unwrap_or_else(|error| missing(&error))
}

fn missing(error: &dyn std::fmt::Display) -> ! {
    panic!("no PostgreSQL for tests; start one on this machine or set {VARIABLE}: {error}")
}

/// A PostgreSQL store under test.
pub(crate) struct PostgresFixture {
    store: PostgresStore,
    pub(crate) schema: Schema,
}

impl PostgresFixture {
    pub(crate) fn handle(&self) -> PostgresStore {
        self.store.clone()
    }
}

#[async_trait]
impl StoreFixture for PostgresFixture {
    async fn open() -> Self {
        let schema = Schema::new();
        let store = schema.open().await.unwrap_or_else(|error| missing(&error));
        Self { store, schema }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn peer(&self) -> Arc<dyn Store> {
        Arc::new(self.schema.open().await.unwrap())
    }

    async fn reopen(self) -> Self {
        self.store.close().await;
        Self { store: self.schema.open().await.unwrap(), schema: self.schema }
    }
}
