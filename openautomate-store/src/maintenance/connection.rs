//! One connection to one of the two databases, for what is done beside the store adapters.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::value::{Kind, Value, of_postgres, of_sqlite, to_postgres, to_sqlite};
use crate::StoreOptions;
use crate::connect::sqlite_path;
use crate::driver::{DatabaseError, Refusal};
use crate::error::{Error, Result};
use crate::postgres::open::MARK;
use crate::postgres::{Address, PostgresDriver};
use crate::sqlite::open::APPLICATION_ID;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

/// A row, column by column.
pub(crate) type Values = Vec<Value>;

/// A connection that shares nothing with a store.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite { connection: SqliteConnection, path: PathBuf },
    Postgres { connection: PgConnection, schema: String },
}

/// Whether an address is one of PostgreSQL.
pub(crate) fn is_postgres(address: &str) -> bool {
    address.starts_with("postgres://") || address.starts_with("postgresql://")
}

impl Connection {
    /// Connects to a database that is there and ours. Nothing is made and nothing migrated.
    pub(crate) async fn open(address: &str, options: &StoreOptions, writes: bool) -> CoreResult<Self> {
        if is_postgres(address) {
            return open_postgres(&Address::parse(address, options)?).await;
        }
        open_sqlite(sqlite_path(address)?, writes).await
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// What it is connected to, for people; never an address.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => format!("database {}", path.display()),
            Self::Postgres { schema, .. } => format!("schema {schema}"),
        }
    }

    /// Begins a transaction that sees one state of the database until it is left, and writes nothing.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<()> {
        match self {
            // The first read takes the snapshot.
            Self::Sqlite { .. } => self.execute("BEGIN; SELECT count(*) FROM sqlite_schema").await,
            Self::Postgres { .. } => {
                self.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").await
            }
        }
    }

    /// Runs statements without parameters.
    pub(crate) async fn execute(&mut self, statements: &str) -> Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        match self {
            Self::Sqlite { connection, .. } => sql.execute(connection).await.map(drop)?,
            Self::Postgres { connection, .. } => sql.execute(connection).await.map(drop)?,
        }
        Ok(())
    }

    /// The rows that a statement finds, as they come; its columns are of these kinds.
    pub(crate) fn stream<'c>(&'c mut self, sql: String, kinds: &'c [Kind]) -> BoxStream<'c, Result<Values>> {
        let statement = AssertSqlSafe(sql);
        match self {
            Self::Sqlite { connection, .. } => sqlx::query(statement)
                .persistent(false)
                .fetch(connection)
                .map(|row| {
                    let row = row?;
                    kinds.iter().enumerate().map(|(index, kind)| of_sqlite(&row, index, *kind)).collect()
                })
                .boxed(),
            Self::Postgres { connection, .. } => sqlx::query(statement)
                .persistent(false)
                .fetch(connection)
                .map(|row| {
                    let row = row?;
                    kinds.iter().enumerate().map(|(index, kind)| of_postgres(&row, index, *kind)).collect()
                })
                .boxed(),
        }
    }

    /// All rows that a statement finds.
    pub(crate) async fn rows(&mut self, sql: impl Into<String>, kinds: &[Kind]) -> Result<Vec<Values>> {
        self.stream(sql.into(), kinds).try_collect().await
    }

    /// The first column of the first row, a number.
    pub(crate) async fn number(&mut self, sql: impl Into<String>) -> Result<i64> {
        let rows = self.rows(sql, &[Kind::Integer]).await?;
        Ok(rows.first().and_then(|row| row.first()).map_or(0, Value::integer))
    }

    /// The first column of all rows, texts.
    pub(crate) async fn texts(&mut self, sql: impl Into<String>) -> Result<Vec<String>> {
        let rows = self.rows(sql, &[Kind::Text]).await?;
        Ok(rows.into_iter().flatten().filter_map(Value::into_text).collect())
    }

    /// Runs a statement with parameters `$1`, `$2` … of these kinds.
    pub(crate) async fn run(&mut self, sql: String, values: Vec<(Kind, Value)>) -> Result<()> {
        match self {
            Self::Sqlite { connection, .. } => {
                let statement = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                let bound = values.into_iter().fold(statement, |query, (_, value)| to_sqlite(query, value));
                bound.execute(connection).await?;
            }
            Self::Postgres { connection, .. } => {
                let mut statement = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                for (kind, value) in values {
                    statement = to_postgres(statement, kind, value)?;
                }
                statement.execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Closes it; a transaction that is open is rolled back.
    pub(crate) async fn close(self) {
        // It is given up either way.
        let _ = match self {
            Self::Sqlite { connection, .. } => connection.close().await,
            Self::Postgres { connection, .. } => connection.close().await,
        };
    }
}

async fn open_sqlite(path: PathBuf, writes: bool) -> CoreResult<Connection> {
    if !path.is_file() {
        return Err(CoreError::unavailable(
            "store.open",
            format!("there is no database {}; give the data folder of a server", path.display()),
        ));
    }
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(false)
        .read_only(!writes)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let connection =
        SqliteConnection::connect_with(&options).await.map_err(|error| not_ours(&path, error))?;
    let mut opened = Connection::Sqlite { connection, path: path.clone() };
    let application = opened.number("SELECT application_id FROM pragma_application_id").await;
    match application {
        Ok(APPLICATION_ID) => Ok(opened),
        Ok(_) => Err(not_a_database(&path)),
        Err(error) => Err(not_a_database(&path).with_source(CoreError::from(error))),
    }
}

fn not_a_database(path: &Path) -> CoreError {
    CoreError::invalid(
        "store.not_a_database",
        format!("{} is not a database of OpenAutomate; choose another file", path.display()),
    )
}

fn not_ours(path: &Path, error: sqlx::Error) -> CoreError {
    let error = DatabaseError::from(error);
    if error.refusal() == Refusal::NotADatabase {
        return not_a_database(path).with_source(error);
    }
    let message =
        format!("the database {} can't be opened; check its folder and who may read there", path.display());
    CoreError::unavailable("store.open", message).with_source(error)
}

async fn open_postgres(address: &Address) -> CoreResult<Connection> {
    let target = <PgPool as PostgresDriver>::target(address)?;
    // Another name than a server's, which is how servers are told from us.
    let settings = [
        ("search_path", address.schema.clone()),
        ("application_name", "openautomate maintenance".to_owned()),
    ];
    let connection = <PgPool as PostgresDriver>::connect(&target, &settings).await.map_err(|error| {
        CoreError::unavailable(
            "store.open",
            "the database can't be reached; check its address, user, password and certificate",
        )
        .with_source(error)
    })?;
    let schema = address.schema.clone();
    let mut opened = Connection::Postgres { connection, schema: schema.clone() };
    let ours = format!(
        "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = '{schema}' AND relname = 'audit_head' AND obj_description(pg_class.oid, 'pg_class') = '{MARK}'"
    );
    if opened.number(ours).await? == 1 {
        return Ok(opened);
    }
    Err(CoreError::invalid(
        "store.not_a_database",
        format!("there is no store in the schema {schema}; name another by ?schema=name"),
    ))
}
