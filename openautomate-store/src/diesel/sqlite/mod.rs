//! SQLite.
//!
//! diesel's connection does what it is asked at once, on the thread that asks. So the writer has a thread of its own
//! (a group of writes is done there without a pause), and reads go to the threads that may block.

mod pool;

use std::future::Future;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteConnection, SqliteType, SqliteValue};
use diesel::{Connection as _, RunQueryDsl as _};

use super::error::{of_sqlite, refused};
use super::query::Prepared;
use super::row::{Cell, Found};
use crate::driver::{Connection, DatabaseError, Dialect, Refusal, Result, Statement, query};
use crate::sqlite::{PRAGMAS, READER_CACHE, WRITER_CACHE, Writing};

pub use pool::SqlitePool;

impl Connection for SqliteConnection {
    type Row = Found;

    const DIALECT: Dialect = Dialect::Sqlite;

    async fn execute(&mut self, statement: Statement) -> Result<u64> {
        execute(self, statement)
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Found>> {
        fetch_all(self, statement)
    }

    async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Found>> {
        fetch_optional(self, statement)
    }

    async fn control(&mut self, statements: &'static str) -> Result<()> {
        // One by one, so that they stay prepared.
        statements.split("; ").try_for_each(|statement| execute(self, query(statement)).map(drop))
    }

    async fn run_script(&mut self, script: &str) -> Result<()> {
        self.batch_execute(script).map_err(not_done)
    }

    async fn close(self) -> Result<()> {
        drop(self);
        Ok(())
    }
}

fn not_done(error: diesel::result::Error) -> DatabaseError {
    refused(error, of_sqlite)
}

fn execute(connection: &mut SqliteConnection, statement: Statement) -> Result<u64> {
    let count = Prepared::of(statement)?.with_texts().execute(connection).map_err(not_done)?;
    Ok(count as u64)
}

fn fetch_all(connection: &mut SqliteConnection, statement: Statement) -> Result<Vec<Found>> {
    Prepared::of(statement)?.with_texts().load(connection).map_err(not_done)
}

fn fetch_optional(connection: &mut SqliteConnection, statement: Statement) -> Result<Option<Found>> {
    // To its end: a statement that writes has then written, and none keeps the database from moving on.
    Ok(fetch_all(connection, statement)?.into_iter().next())
}

impl QueryableByName<Sqlite> for Found {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        Self::read(row, cell)
    }
}

fn cell(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Cell> {
    Ok(match value.value_type() {
        None => Cell::Null,
        Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
            Cell::Integer(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?)
        }
        Some(SqliteType::Text) => Cell::Text(<String as FromSql<Text, Sqlite>>::from_sql(value)?),
        Some(SqliteType::Binary) => Cell::Bytes(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?),
        Some(_) => Cell::Other,
    })
}

/// How connections to a file are made.
#[derive(Clone, Debug)]
pub struct File {
    path: PathBuf,
    settings: String,
}

impl File {
    fn written(path: &Path) -> Self {
        Self { path: path.to_owned(), settings: settings(WRITER_CACHE) }
    }

    fn read(path: &Path) -> Self {
        Self { path: path.to_owned(), settings: settings(READER_CACHE) + "PRAGMA query_only = ON;" }
    }

    fn establish(&self) -> Result<SqliteConnection> {
        let path = self.path.to_str();
        let path = path.ok_or_else(|| DatabaseError::new(Refusal::CannotOpen, "its path is not UTF-8"))?;
        let connection = SqliteConnection::establish(path);
        let mut connection = connection.map_err(|error| DatabaseError::new(Refusal::CannotOpen, error))?;
        connection.batch_execute(&self.settings).map_err(not_done)?;
        Ok(connection)
    }
}

fn settings(cache: (&str, &str)) -> String {
    PRAGMAS.iter().chain([&cache]).map(|(name, value)| format!("PRAGMA {name} = {value};")).collect()
}

impl Writing for File {
    type Connection = SqliteConnection;

    async fn connect(&self) -> Result<SqliteConnection> {
        self.establish()
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        let runtime = tokio::runtime::Handle::current();
        // It ends with the store, or with the runtime.
        std::thread::spawn(move || runtime.block_on(task));
    }
}
