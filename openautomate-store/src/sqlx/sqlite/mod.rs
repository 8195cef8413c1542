//! SQLite: one file, one process, one writer, several readers.

mod agent;
mod asset;
mod audit;
mod column;
mod commit;
mod execution;
mod file;
mod finish;
mod group_commit;
mod identity;
mod lease;
mod log;
pub(crate) mod open;
mod package;
mod peer;
pub(crate) mod refusal;
mod row;
mod schedule;
mod table;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use openautomate_core::error::Result;
use sqlx::sqlite::SqlitePool;

use crate::StoreOptions;
use group_commit::GroupCommit;

pub(super) use refusal::refusal;

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
#[derive(Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: GroupCommit,
    path: Arc<Path>,
}

impl SqliteStore {
    /// Opens the file at `path`; makes it, and its folder, if they are not there. Runs migrations.
    ///
    /// # Errors
    /// As [`connect`](crate::connect()).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(path: impl AsRef<Path> + Send, options: StoreOptions) -> Result<Self> {
        open::open(path.as_ref().to_owned(), options).await
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

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
