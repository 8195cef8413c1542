//! Opening the file: lock, settings, migrations.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlSafeStr};

use crate::StoreOptions;
use crate::driver::{DatabaseError, Refusal};
use crate::error::Error;
use crate::sqlite::GroupCommit;
use crate::sqlx::SqliteStore;

/// `PRAGMA application_id` of our databases, "OAUT"; set by the first migration.
const APPLICATION_ID: i64 = 0x4F41_5554;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READER_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS: usize = 256;

fn migrations() -> Migrator {
    let files = [
        (1, "initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
        (2, "attempt report", include_str!("../../../migrations/sqlite/0002_attempt_report.sql")),
        (3, "deployments", include_str!("../../../migrations/sqlite/0003_deployments.sql")),
        (4, "input files", include_str!("../../../migrations/sqlite/0004_input_files.sql")),
    ];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(files.into_iter().map(migration).collect())
}

impl SqliteStore {
    /// Opens the file at `path`; makes it, and its folder, if they are not there. Runs migrations.
    ///
    /// # Errors
    /// As [`connect`](crate::connect()).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(path: impl AsRef<Path> + Send, options: StoreOptions) -> CoreResult<Self> {
        open(path.as_ref().to_owned(), options).await
    }
}

async fn open(path: PathBuf, options: StoreOptions) -> CoreResult<SqliteStore> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| cannot_open(&path, error))?;
    }
    let lock = lock(&path)?;
    let writing = settings(&path);
    // A pool of one, since `Migrator` takes a bare connection in no future that is `Send`.
    let first = SqlitePoolOptions::new().max_connections(1).connect_with(writing.clone()).await;
    let first = first.map_err(|error| not_opened(&path, error))?;
    check_owner(&path, &first).await?;
    migrate(&path, &first).await?;
    write_ahead(&path, &first).await?;
    let connection = first.acquire().await.map_err(|error| not_opened(&path, error))?.detach();
    let readers = readers(&path, options.read_connections);
    let writer = GroupCommit::start(connection, writing, options.group_limit, lock);
    Ok(SqliteStore::of(readers, writer, &path))
}

/// The whole of a second process' access is refused, not single writes: two writers in one file would each
/// wake their own agents alone.
fn lock(path: &Path) -> CoreResult<File> {
    let mut name = OsString::from(path);
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(name);
    let file = file.map_err(|error| cannot_open(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CoreError::unavailable(
            "store.in_use",
            format!(
                "another process uses the database {}; stop it or choose another --data-dir",
                path.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(cannot_open(path, error)),
    }
}

/// Memory-mapped reads stay off: a file cut by somebody else would then kill the process instead of failing
/// a read. An automatic vacuum stays off: freed pages are used again by the next rows.
fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // The promise: what was acknowledged survives a loss of power.
        .synchronous(SqliteSynchronous::Full)
        // 16 MiB at most, taken as they are needed.
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "MEMORY")
        // A burst may let the log grow; afterwards the file gives the room back.
        .pragma("journal_size_limit", "67108864")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

fn readers(path: &Path, connections: u32) -> SqlitePool {
    let options = settings(path).create_if_missing(false).read_only(true).pragma("cache_size", "-4096");
    SqlitePoolOptions::new()
        .max_connections(connections.max(1))
        // A local file does not hang up.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(READER_TIMEOUT)
        .connect_lazy_with(options)
}

async fn check_owner(path: &Path, first: &SqlitePool) -> CoreResult<()> {
    let (application, tables): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(first)
    .await
    .map_err(|error| not_opened(path, error))?;
    // A new database has no table; one of ours has our mark.
    if tables == 0 || application == APPLICATION_ID { Ok(()) } else { Err(not_a_database(path)) }
}

async fn migrate(path: &Path, first: &SqlitePool) -> CoreResult<()> {
    migrations().run(first).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => CoreError::invalid(
            "store.newer",
            format!(
                "the database {} was changed by a newer version (migration {version}); start that version or \
                 restore a backup",
                path.display()
            ),
        ),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => CoreError::invalid(
            "store.altered",
            format!(
                "migration {version} of the database {} is not the one of this version; restore a backup",
                path.display()
            ),
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => not_opened(path, error),
        error => CoreError::internal("store.migrate", "the database could not be migrated").with_source(error),
    })
}

/// The mode is kept in the file. Some network file systems can't do it; those lose data in other modes too.
async fn write_ahead(path: &Path, first: &SqlitePool) -> CoreResult<()> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(first)
        .await
        .map_err(|error| not_opened(path, error))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(CoreError::unavailable(
        "store.open",
        format!("the file system of {} can't hold a database; choose a local disk", path.display()),
    ))
}

fn not_a_database(path: &Path) -> CoreError {
    let message = format!("{} is not a database of OpenAutomate; choose another file", path.display());
    CoreError::invalid("store.not_a_database", message)
}

fn not_opened(path: &Path, error: sqlx::Error) -> CoreError {
    let error = DatabaseError::from(error);
    match error.refusal() {
        Refusal::NotADatabase => not_a_database(path).with_source(error),
        Refusal::CannotOpen => cannot_open(path, error),
        _ => Error::Database(error).into(),
    }
}

fn cannot_open(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> CoreError {
    let message =
        format!("the database {} can't be opened; check its folder and who may write there", path.display());
    CoreError::unavailable("store.open", message).with_source(error)
}
