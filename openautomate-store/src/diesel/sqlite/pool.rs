//! Connections that read.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool as Pooled, PoolError, RecycleResult, Timeouts};
use diesel::sqlite::SqliteConnection;
use tokio::sync::RwLock;

use super::{File, execute, fetch_all, fetch_optional};
use crate::diesel::row::Found;
use crate::driver::{DatabaseError, Pool, Refusal, Result, Statement};
use crate::sqlite::SqliteDriver;

const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that read. Each is used on a thread that may block.
#[derive(Clone)]
pub struct SqlitePool {
    idle: Pooled<File>,
    /// Held by whoever reads; to close is to have it alone.
    reading: Arc<RwLock<()>>,
}

impl Manager for File {
    type Type = SqliteConnection;
    type Error = DatabaseError;

    async fn create(&self) -> Result<SqliteConnection> {
        let file = self.clone();
        blocking(move || file.establish()).await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<DatabaseError> {
        // A local file does not hang up.
        Ok(())
    }
}

impl SqlitePool {
    async fn run<T: Send + 'static>(
        &self,
        statement: Statement,
        run: fn(&mut SqliteConnection, Statement) -> Result<T>,
    ) -> Result<T> {
        let reading = Arc::clone(&self.reading).read_owned().await;
        let mut connection: Object<File> = self.idle.get().await.map_err(not_given)?;
        blocking(move || {
            let found = run(&mut connection, statement);
            drop((connection, reading));
            found
        })
        .await
    }
}

fn not_given(error: PoolError<DatabaseError>) -> DatabaseError {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => DatabaseError::new(Refusal::Closed, "the connections are closed"),
        error => DatabaseError::new(Refusal::Unanswered, error.to_string()),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    // It panicked, or the runtime is shut down.
    done.unwrap_or_else(|error| Err(DatabaseError::new(Refusal::Unanswered, error)))
}

impl Pool for SqlitePool {
    type Connection = SqliteConnection;

    async fn execute(&self, statement: Statement) -> Result<u64> {
        self.run(statement, execute).await
    }

    async fn fetch_all(&self, statement: Statement) -> Result<Vec<Found>> {
        self.run(statement, fetch_all).await
    }

    async fn fetch_optional(&self, statement: Statement) -> Result<Option<Found>> {
        self.run(statement, fetch_optional).await
    }

    async fn close(&self) {
        self.idle.close();
        drop(self.reading.write().await);
    }
}

impl SqliteDriver for SqlitePool {
    type Writing = File;

    fn writing(path: &Path) -> File {
        File::written(path)
    }

    fn readers(path: &Path, connections: u32) -> Self {
        let timeouts = Timeouts { wait: Some(PATIENCE), ..Timeouts::default() };
        let pool = Pooled::builder(File::read(path))
            .max_size(connections as usize)
            .timeouts(timeouts)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        let idle = pool.expect("invariant: a pool with timeouts has a runtime");
        Self { idle, reading: Arc::default() }
    }
}

impl fmt::Debug for SqlitePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlitePool").finish_non_exhaustive()
    }
}
