//! PostgreSQL: one schema of a database, any number of servers.

mod access;
mod address;
mod agent;
mod agent_release;
mod approval;
mod asset;
mod audit;
mod bucket;
mod child;
mod claim;
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
mod log_archive;
mod login;
pub(crate) mod open;
mod package;
mod peer;
mod refusal;
mod schedule;
mod search;
mod sign_in;
mod start;
mod transact;
mod trigger;
mod vault;
mod work_queue;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use openautomate_core::error::Result as CoreResult;

use crate::StoreOptions;
use crate::driver::{Result, Transactions};
use commit::Enqueue;
use finish::Finish;
use group::Group;
use log::Append;
use peer::Peers;
use start::Start;

pub(crate) use address::{Address, refused, unreadable};
pub(crate) use open::DURABLE;
pub(crate) use refusal::refusal;

/// What PostgreSQL needs of a driver beyond connections.
pub trait PostgresDriver: Transactions {
    /// What hears.
    type Listener: Listener;
    /// Where connections go, and as whom.
    type Target: Send + Sync;

    /// Where an address says that connections go.
    fn target(address: &Address) -> CoreResult<Self::Target>;

    /// Makes a connection by itself, with settings.
    fn connect(
        target: &Self::Target,
        settings: &[(&str, String)],
    ) -> impl Future<Output = Result<Self::Connection>> + Send;

    /// Connections with settings, made when they are needed; each has run `DURABLE`.
    fn pool(target: &Self::Target, settings: &[(&str, String)], connections: u32) -> Self;

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
pub struct PostgresStore<P: PostgresDriver> {
    pool: P,
    /// Whether it is closed with the store.
    owns_pool: bool,
    enqueues: Group<Enqueue>,
    starts: Group<Start>,
    finishes: Group<Finish>,
    appends: Group<Append>,
    peers: Arc<Peers<P>>,
    schema: Arc<str>,
}

impl<P: PostgresDriver> PostgresStore<P> {
    /// A store whose schema is there.
    async fn start(pool: P, owns_pool: bool, schema: &str, options: &StoreOptions) -> CoreResult<Self> {
        let peers = Peers::start(&pool).await?;
        Ok(Self {
            enqueues: Group::start(pool.clone(), options.group_limit),
            starts: Group::start(pool.clone(), options.group_limit),
            finishes: Group::start(pool.clone(), options.group_limit),
            appends: Group::start(pool.clone(), options.group_limit),
            peers: peers.into(),
            schema: schema.into(),
            owns_pool,
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
        self.peers.close().await;
        if self.owns_pool {
            self.pool.close().await;
        }
    }
}

impl<P: PostgresDriver> Clone for PostgresStore<P> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            owns_pool: self.owns_pool,
            enqueues: self.enqueues.clone(),
            starts: self.starts.clone(),
            finishes: self.finishes.clone(),
            appends: self.appends.clone(),
            peers: Arc::clone(&self.peers),
            schema: Arc::clone(&self.schema),
        }
    }
}

impl<P: PostgresDriver> fmt::Debug for PostgresStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.schema).finish_non_exhaustive()
    }
}
