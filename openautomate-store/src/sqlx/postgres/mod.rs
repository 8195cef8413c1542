//! PostgreSQL: one schema of a database, any number of servers.

pub(crate) mod address;
mod agent;
mod asset;
mod audit;
mod column;
mod commit;
mod execution;
mod file;
mod finish;
mod group;
mod identity;
mod lease;
mod log;
pub(crate) mod open;
mod package;
mod peer;
mod refusal;
mod row;
mod schedule;
mod start;
mod table;
mod transact;

use std::fmt;
use std::sync::Arc;

use openautomate_core::error::Result;
use sqlx::postgres::PgPool;

use crate::StoreOptions;
use commit::Enqueue;
use finish::Finish;
use group::Group;
use log::Append;
use peer::Peers;
use start::Start;

pub(super) use refusal::refusal;

/// A store in a schema of a PostgreSQL database.
///
/// A write that returned is on the server's disk (`synchronous_commit` is never off here). Writes of the hot
/// path that wait at the same time share statements and commits. Transactions are short, and one that another
/// was in the way of is run again; statements, locks and forgotten transactions end by time limits of the
/// database. A lost connection is `Unavailable`, which may be tried again.
///
/// Any number of servers may work on one schema; they wake each other by `NOTIFY`.
///
/// Clones are handles on the same connections. They are closed by [`close`](Self::close), or in the background
/// when the last handle is dropped.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    enqueues: Group<Enqueue>,
    starts: Group<Start>,
    finishes: Group<Finish>,
    appends: Group<Append>,
    peers: Arc<Peers>,
    schema: Arc<str>,
}

impl PostgresStore {
    /// Opens the store at `postgres://user@host/database?schema=name`; makes the schema if it is not there.
    /// Runs migrations; of servers that start together one does, and the others wait.
    ///
    /// A database on the same machine is better reached through its socket
    /// (`postgres://user@%2Fvar%2Frun%2Fpostgresql/database`): sqlx leaves Nagle's algorithm on, and through TCP on
    /// the loopback interface a statement of more than some 8 KiB waits 40 ms for a delayed acknowledgement.
    ///
    /// # Errors
    /// As [`connect`](crate::connect()).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(address: &str, options: StoreOptions) -> Result<Self> {
        open::open(address, &options).await
    }

    /// The schema that everything lies in.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Closes the connections of all handles once what they do is done. Later calls of any method fail with
    /// `Unavailable`.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.schema).finish_non_exhaustive()
    }
}
