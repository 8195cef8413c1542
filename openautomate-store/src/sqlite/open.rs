//! Opening the file: lock, settings, migrations.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use openautomate_core::error::{Error as CoreError, Result as CoreResult};

use super::group_commit::GroupCommit;
use super::{SqliteDriver, SqliteStore, Writing};
use crate::StoreOptions;
use crate::driver::{Columns, Connection, DatabaseError, Refusal, query};
use crate::error::Error;
use crate::migration::{Migration, migrate};

/// `PRAGMA application_id` of our databases, "OAUT"; set by the first migration.
pub(crate) const APPLICATION_ID: i64 = 0x4F41_5554;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        script: include_str!("../../migrations/sqlite/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "attempt report",
        script: include_str!("../../migrations/sqlite/0002_attempt_report.sql"),
    },
    Migration {
        version: 3,
        name: "deployments",
        script: include_str!("../../migrations/sqlite/0003_deployments.sql"),
    },
    Migration {
        version: 4,
        name: "input files",
        script: include_str!("../../migrations/sqlite/0004_input_files.sql"),
    },
];

/// How every connection to the file is set.
///
/// Memory-mapped reads stay off: a file cut by somebody else would then kill the process instead of failing
/// a read. An automatic vacuum stays off: freed pages are used again by the next rows.
pub(crate) const PRAGMAS: &[(&str, &str)] = &[
    // First: the others may have to wait.
    ("busy_timeout", "5000"),
    ("foreign_keys", "ON"),
    // The promise: what was acknowledged survives a loss of power.
    ("synchronous", "FULL"),
    ("temp_store", "MEMORY"),
    // A burst may let the log grow; afterwards the file gives the room back.
    ("journal_size_limit", "67108864"),
];
/// What a connection that writes may keep in memory: 16 MiB at most, taken as they are needed.
pub(crate) const WRITER_CACHE: (&str, &str) = ("cache_size", "-16384");
/// What a connection that reads may keep in memory.
pub(crate) const READER_CACHE: (&str, &str) = ("cache_size", "-4096");

impl<P: SqliteDriver> SqliteStore<P> {
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

async fn open<P: SqliteDriver>(path: PathBuf, options: StoreOptions) -> CoreResult<SqliteStore<P>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| cannot_open(&path, error))?;
    }
    let lock = lock(&path)?;
    let writing = P::writing(&path);
    let mut connection = writing.connect().await.map_err(|error| not_opened(&path, error))?;
    let ready = make_ready(&path, &mut connection).await;
    if let Err(error) = ready {
        // Before somebody else is let in.
        let _ = connection.close().await;
        return Err(error);
    }
    let readers = P::readers(&path, options.read_connections.max(1));
    let writer = GroupCommit::start(connection, writing, options.group_limit, lock);
    Ok(SqliteStore { readers, writer, path: path.into() })
}

async fn make_ready<C: Connection>(path: &Path, connection: &mut C) -> CoreResult<()> {
    check_owner(path, connection).await?;
    migrate(MIGRATIONS, &format!("the database {}", path.display()), connection).await?;
    write_ahead(path, connection).await
}

/// The whole of a second process' access is refused, not single writes: two writers in one file would each
/// wake their own agents alone.
pub(crate) fn lock(path: &Path) -> CoreResult<File> {
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

async fn check_owner<C: Connection>(path: &Path, connection: &mut C) -> CoreResult<()> {
    const SELECT: &str = "SELECT (SELECT application_id FROM pragma_application_id) AS application,
        (SELECT count(*) FROM sqlite_schema) AS tables";
    let row = query(SELECT).fetch_one(connection).await.map_err(|error| not_opened(path, error))?;
    let columns = Columns::of(&row, "database");
    // A new database has no table; one of ours has our mark.
    let is_new = columns.get::<i64>("tables")? == 0;
    if is_new || columns.get::<i64>("application")? == APPLICATION_ID {
        Ok(())
    } else {
        Err(not_a_database(path))
    }
}

/// The mode is kept in the file. Some network file systems can't do it; those lose data in other modes too.
async fn write_ahead<C: Connection>(path: &Path, connection: &mut C) -> CoreResult<()> {
    let row = query("PRAGMA journal_mode = WAL").fetch_one(connection).await;
    let row = row.map_err(|error| not_opened(path, error))?;
    let mode: String = Columns::of(&row, "database").get("journal_mode")?;
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

fn not_opened(path: &Path, error: DatabaseError) -> CoreError {
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
