//! SQLite: one file, one process, one writer, several readers.
//!
//! Limits are written `LIMIT ? + 0`: SQLite looks at the value of a plain one when it plans (`sqlite3ExprIsInteger`), and
//! so prepares the statement anew whenever another value is bound, which costs more than most statements do.

mod access;
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
mod group_commit;
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
mod trigger;
mod vault;
mod work_queue;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use std::future::Future;

use crate::driver::{Connection, Pool, Result};

use group_commit::GroupCommit;
pub(crate) use open::{PRAGMAS, READER_CACHE, WRITER_CACHE};
pub(crate) use refusal::refusal;

/// What SQLite needs of a driver beyond connections. As a pool it holds those that read.
pub trait SqliteDriver: Pool {
    /// How the connection that writes is made.
    type Writing: Writing<Connection = Self::Connection>;

    /// How the connection that writes is made. It makes the file too.
    fn writing(path: &Path) -> Self::Writing;

    /// Connections that read, made when they are needed.
    fn readers(path: &Path, connections: u32) -> Self;
}

/// How the connection that writes is made.
pub trait Writing: Send + Sync + 'static {
    /// The connection.
    type Connection: Connection;

    /// Makes one.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection>> + Send;

    /// Runs the writer's task, until it ends.
    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}

/// A store in a SQLite file.
///
/// The file is in WAL mode with `synchronous=FULL`: a write that returned survives a kill and a loss of
/// power. Writes that wait at the same time share one transaction and one fsync. Reads run beside them on
/// connections of their own and see every write that returned before they began.
///
/// Clones are handles on the same open file, its one writer too. A second `open` of the file, by this
/// process or another, is refused while any of them lives: `<file>.lock` is locked until then.
///
/// The file is closed by [`close`](Self::close), or in the background when the last handle is dropped.
pub struct SqliteStore<P: Pool> {
    readers: P,
    /// Whether they are closed with the store.
    owns_readers: bool,
    writer: GroupCommit<P::Connection>,
    path: Arc<Path>,
}

impl<P: Pool> SqliteStore<P> {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes the writes that wait, moves the write-ahead log into the file and closes it, for all handles.
    /// When it returns, the file may be opened again. Later calls of any method fail with `Unavailable`.
    pub async fn close(&self) {
        if self.owns_readers {
            self.readers.close().await;
        }
        self.writer.close().await;
    }
}

impl<P: Pool> Clone for SqliteStore<P> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            owns_readers: self.owns_readers,
            writer: self.writer.clone(),
            path: Arc::clone(&self.path),
        }
    }
}

impl<P: Pool> fmt::Debug for SqliteStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
