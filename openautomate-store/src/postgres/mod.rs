//! PostgreSQL: one schema of a database, any number of servers.

mod agent;
mod asset;
mod audit;
mod commit;
mod execution;
mod file;
mod finish;
mod group;
mod identity;
mod insert;
mod join;
mod lease;
mod log;
mod package;
mod peer;
mod refusal;
mod schedule;
mod search;
mod start;
mod transact;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use openautomate_core::error::Result as CoreResult;

use crate::StoreOptions;
use crate::driver::{Pool, Result};
use commit::Enqueue;
use finish::Finish;
use group::Group;
use log::Append;
use peer::Peers;
use start::Start;

pub(crate) use refusal::refusal;

/// What PostgreSQL needs of a driver beyond connections.
pub trait PostgresPool: Pool {
    /// What hears.
    type Listener: Listener;

    /// Begins to hear what is notified on a channel.
    fn listen(&self, channel: &str) -> impl Future<Output = Result<Self::Listener>> + Send;
}

/// Hears what is notified on a channel.
pub trait Listener: Send + 'static {
    /// The next notification; none if the connection was lost, and there is a new one. May be dropped half-way.
    fn hear(&mut self) -> impl Future<Output = Result<Option<String>>> + Send;
}

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
pub struct PostgresStore<P: PostgresPool> {
    pool: P,
    enqueues: Group<Enqueue>,
    starts: Group<Start>,
    finishes: Group<Finish>,
    appends: Group<Append>,
    peers: Arc<Peers<P>>,
    schema: Arc<str>,
}

impl<P: PostgresPool> PostgresStore<P> {
    /// A store whose schema is there.
    pub(crate) async fn start(pool: P, schema: &str, options: &StoreOptions) -> CoreResult<Self> {
        let peers = Peers::start(&pool).await?;
        Ok(Self {
            enqueues: Group::start(pool.clone(), options.group_limit),
            starts: Group::start(pool.clone(), options.group_limit),
            finishes: Group::start(pool.clone(), options.group_limit),
            appends: Group::start(pool.clone(), options.group_limit),
            peers: peers.into(),
            schema: schema.into(),
            pool,
        })
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

impl<P: PostgresPool> Clone for PostgresStore<P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            enqueues: self.enqueues.clone(),
            starts: self.starts.clone(),
            finishes: self.finishes.clone(),
            appends: self.appends.clone(),
            peers: Arc::clone(&self.peers),
            schema: Arc::clone(&self.schema),
        }
    }
}

impl<P: PostgresPool> fmt::Debug for PostgresStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.schema).finish_non_exhaustive()
    }
}
