//! Connections, transactions on them, and hearing what is notified.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::managed::{PoolError, Timeouts};
use diesel_async::pooled_connection::deadpool::{Object, Pool as Pooled};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::{FutureExt as _, StreamExt as _};
use openautomate_core::error::Result as CoreResult;

use super::connect::Target;
use super::not_done;
use crate::diesel::row::Found;
use crate::driver::{Connection, DatabaseError, Pool, Refusal, Result, Statement, Transactions};
use crate::postgres::{Address, Listener, PostgresDriver};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to a database.
#[derive(Clone)]
pub struct PostgresPool {
    connections: Pooled<AsyncPgConnection>,
}

/// A pool of yours, for [`PostgresStore::with_pool`](crate::PostgresStore::with_pool).
impl From<Pooled<AsyncPgConnection>> for PostgresPool {
    fn from(connections: Pooled<AsyncPgConnection>) -> Self {
        Self { connections }
    }
}

impl PostgresPool {
    async fn get(&self) -> Result<Object<AsyncPgConnection>> {
        self.connections.get().await.map_err(|error| match error {
            PoolError::Closed => DatabaseError::new(Refusal::Closed, "the connections are closed"),
            error => DatabaseError::new(Refusal::Unreached, error.to_string()),
        })
    }
}

impl Pool for PostgresPool {
    type Connection = AsyncPgConnection;

    async fn execute(&self, statement: Statement) -> Result<u64> {
        Connection::execute(&mut *self.get().await?, statement).await
    }

    async fn fetch_all(&self, statement: Statement) -> Result<Vec<Found>> {
        Connection::fetch_all(&mut *self.get().await?, statement).await
    }

    async fn fetch_optional(&self, statement: Statement) -> Result<Option<Found>> {
        Connection::fetch_optional(&mut *self.get().await?, statement).await
    }

    async fn close(&self) {
        self.connections.close();
    }
}

/// A connection in a transaction.
pub struct Begun {
    /// None once it is ended.
    connection: Option<Object<AsyncPgConnection>>,
}

const BEGUN: &str = "invariant: a transaction has its connection until it is ended";

impl Deref for Begun {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        self.connection.as_ref().expect(BEGUN)
    }
}

impl DerefMut for Begun {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.connection.as_mut().expect(BEGUN)
    }
}

impl Drop for Begun {
    /// The database ends the transaction with its connection.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl Begun {
    async fn end(mut self, statement: &'static str) -> Result<()> {
        // Dropped half-way, or refused, the connection goes too.
        self.batch_execute(statement).await.map_err(not_done)?;
        // Back to the others.
        drop(self.connection.take());
        Ok(())
    }
}

impl Transactions for PostgresPool {
    type Transaction = Begun;

    async fn begin(&self) -> Result<Begun> {
        let mut begun = Begun { connection: Some(self.get().await?) };
        begun.batch_execute("BEGIN").await.map_err(not_done)?;
        Ok(begun)
    }

    async fn commit(transaction: Begun) -> Result<()> {
        transaction.end("COMMIT").await
    }

    async fn rollback(transaction: Begun) -> Result<()> {
        transaction.end("ROLLBACK").await
    }
}

impl PostgresDriver for PostgresPool {
    type Listener = Ear;
    type Target = Target;

    fn target(address: &Address) -> CoreResult<Target> {
        Target::of(address)
    }

    async fn connect(target: &Target, settings: &[(&str, String)]) -> Result<AsyncPgConnection> {
        let connected = target.with(settings).connect().await;
        connected.map_err(|error| DatabaseError::new(Refusal::Unreached, error))
    }

    fn pool(target: &Target, settings: &[(&str, String)], connections: u32) -> Self {
        let target = target.with(settings);
        let mut config = ManagerConfig::default();
        // A question before each use would double the round trips.
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| {
            let target = target.clone();
            async move { target.connect().await }.boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let timeouts = Timeouts {
            wait: Some(ACQUIRE_TIMEOUT),
            create: Some(ACQUIRE_TIMEOUT),
            recycle: Some(ACQUIRE_TIMEOUT),
        };
        let pool = Pooled::builder(manager)
            .max_size(connections as usize)
            .timeouts(timeouts)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        Self { connections: pool.expect("invariant: a pool with timeouts has a runtime") }
    }

    async fn listen(&self, channel: &str) -> Result<Ear> {
        // For good: what listens is used for nothing else.
        let mut connection = Object::take(self.get().await?);
        // A name of ours, which needs no quotes.
        connection.batch_execute(&format!("LISTEN {channel}")).await.map_err(not_done)?;
        Ok(Ear { connection })
    }
}

/// A connection that hears.
pub struct Ear {
    connection: AsyncPgConnection,
}

impl Listener for Ear {
    async fn hear(&mut self) -> Result<Option<String>> {
        let heard = std::pin::pin!(self.connection.notifications_stream()).next().await;
        match heard {
            Some(Ok(notification)) => Ok(Some(notification.payload)),
            Some(Err(error)) => Err(not_done(error)),
            None => Err(DatabaseError::new(Refusal::Unanswered, "the connection was closed")),
        }
    }
}

impl fmt::Debug for PostgresPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresPool").finish_non_exhaustive()
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").finish_non_exhaustive()
    }
}
