//! How connections to a file are made.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};

use crate::driver::Result;
use crate::sqlite::{PRAGMAS, READER_CACHE, SqliteDriver, WRITER_CACHE, Writing};

const READER_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS: usize = 256;

impl SqliteDriver for SqlitePool {
    type Writing = SqliteConnectOptions;

    fn writing(path: &Path) -> SqliteConnectOptions {
        settings(path, WRITER_CACHE).create_if_missing(true)
    }

    fn readers(path: &Path, connections: u32) -> Self {
        SqlitePoolOptions::new()
            .max_connections(connections)
            // A local file does not hang up.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(READER_TIMEOUT)
            .connect_lazy_with(settings(path, READER_CACHE).read_only(true))
    }
}

fn settings(path: &Path, cache: (&'static str, &'static str)) -> SqliteConnectOptions {
    use sqlx::ConnectOptions as _;
    let options = SqliteConnectOptions::new().filename(path).pragma(cache.0, cache.1);
    let pragmas = PRAGMAS.iter().fold(options, |options, (name, value)| options.pragma(*name, *value));
    pragmas.statement_cache_capacity(STATEMENTS).disable_statement_logging()
}

impl Writing for SqliteConnectOptions {
    type Connection = SqliteConnection;

    async fn connect(&self) -> Result<SqliteConnection> {
        Ok(sqlx::ConnectOptions::connect(self).await?)
    }
}
