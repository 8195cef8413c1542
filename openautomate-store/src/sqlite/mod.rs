//! SQLite: one file, one process, one writer, several readers.

mod agent;
mod asset;
mod audit;
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
mod package;
mod peer;
mod refusal;
mod schedule;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use std::future::Future;

use crate::driver::{Connection, Pool, Result};

pub(crate) use group_commit::GroupCommit;
pub(crate) use refusal::refusal;

/// How a driver makes the connection that writes.
pub(crate) trait Reconnect: Send + Sync + 'static {
    /// The connection.
    type Connection: Connection;

    /// Makes one.
    fn reconnect(&self) -> impl Future<Output = Result<Self::Connection>> + Send;

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
    writer: GroupCommit<P::Connection>,
    path: Arc<Path>,
}

impl<P: Pool> SqliteStore<P> {
    /// A store whose file is open.
    pub(crate) fn of(readers: P, writer: GroupCommit<P::Connection>, path: &Path) -> Self {
        Self { readers, writer, path: path.into() }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes the writes that wait, moves the write-ahead log into the file and closes it, for all handles.
    /// When it returns, the file may be opened again. Later calls of any method fail with `Unavailable`.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl<P: Pool> Clone for SqliteStore<P> {
    fn clone(&self) -> Self {
        Self { readers: self.readers.clone(), writer: self.writer.clone(), path: Arc::clone(&self.path) }
    }
}

impl<P: Pool> fmt::Debug for SqliteStore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
