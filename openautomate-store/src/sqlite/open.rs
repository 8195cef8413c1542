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
use crate::migration::{Migration, Migrations};

/// `PRAGMA application_id` of our databases, "OAUT"; set by the first migration.
pub(crate) const APPLICATION_ID: i64 = 0x4F41_5554;

/// Where it stands which migrations were run.
const OWN: &str = "_sqlx_migrations";
/// The same in a file that we share: the other name may be the host's.
const SHARED: &str = "openautomate_migrations";

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
    Migration {
        version: 5,
        name: "login tries and log archives",
        script: include_str!("../../migrations/sqlite/0005_login_tries_and_log_archives.sql"),
    },
    Migration {
        version: 6,
        name: "work queues",
        script: include_str!("../../migrations/sqlite/0006_work_queues.sql"),
    },
    Migration {
        version: 7,
        name: "schedules",
        script: include_str!("../../migrations/sqlite/0007_schedules.sql"),
    },
    Migration {
        version: 8,
        name: "placement",
        script: include_str!("../../migrations/sqlite/0008_placement.sql"),
    },
    Migration {
        version: 9,
        name: "triggers",
        script: include_str!("../../migrations/sqlite/0009_triggers.sql"),
    },
    Migration {
        version: 10,
        name: "rollouts",
        script: include_str!("../../migrations/sqlite/0010_rollouts.sql"),
    },
    Migration {
        version: 11,
        name: "asset format",
        script: include_str!("../../migrations/sqlite/0011_asset_format.sql"),
    },
    Migration {
        version: 12,
        name: "watching triggers",
        script: include_str!("../../migrations/sqlite/0012_watching_triggers.sql"),
    },
    Migration {
        version: 13,
        name: "buckets",
        script: include_str!("../../migrations/sqlite/0013_buckets.sql"),
    },
    Migration {
        version: 14,
        name: "agent releases",
        script: include_str!("../../migrations/sqlite/0014_agent_releases.sql"),
    },
    Migration {
        version: 15,
        name: "stand-ins",
        script: include_str!("../../migrations/sqlite/0015_stand_ins.sql"),
    },
    Migration {
        version: 16,
        name: "API keys and roles",
        script: include_str!("../../migrations/sqlite/0016_api_keys_and_roles.sql"),
    },
    Migration {
        version: 17,
        name: "sign in",
        script: include_str!("../../migrations/sqlite/0017_sign_in.sql"),
    },
    Migration {
        version: 18,
        name: "agent quarantine",
        script: include_str!("../../migrations/sqlite/0018_agent_quarantine.sql"),
    },
    Migration {
        version: 19,
        name: "vault and audit",
        script: include_str!("../../migrations/sqlite/0019_vault_and_audit.sql"),
    },
    Migration {
        version: 20,
        name: "environment roles",
        script: include_str!("../../migrations/sqlite/0020_environment_roles.sql"),
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
        let path = path.as_ref().to_owned();
        let readers = |path: &Path| (P::readers(path, options.read_connections.max(1)), true);
        open(path, Tenancy::Owner, options.group_limit, readers).await
    }

    /// As [`open`](Self::open), in a file that is yours: your tables may lie in it too, as long as none has the name of
    /// one of ours, and reads go through your pool. What writes is a connection of the store's own.
    ///
    /// The pool's connections are to that file, with `busy_timeout` set; those that write your own rows, or in which
    /// [`commit_in`](Self::commit_in) writes, have `foreign_keys` on and `synchronous` FULL too. The file is brought
    /// into WAL mode. A write of yours and a write of the store wait for each other, so be brief, and begin with
    /// `BEGIN IMMEDIATE`. Closing the store leaves the pool open.
    ///
    /// What was run of our migrations stands in the table `openautomate_migrations`, unless the store was in the file
    /// first; `PRAGMA application_id` is ours.
    ///
    /// # Errors
    /// As [`open`](Self::open); `Invalid` with code `store.not_a_database` if the file is that of something else by its
    /// `application_id`, or a table of ours is there that is not ours.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn with_pool(
        pool: P,
        path: impl AsRef<Path> + Send,
        options: StoreOptions,
    ) -> CoreResult<Self> {
        let path = path.as_ref().to_owned();
        open(path, Tenancy::Guest, options.group_limit, |_| (pool, false)).await
    }
}

/// Whether the file is ours alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tenancy {
    Owner,
    Guest,
}

async fn open<P: SqliteDriver>(
    path: PathBuf,
    tenancy: Tenancy,
    group_limit: usize,
    readers: impl FnOnce(&Path) -> (P, bool) + Send,
) -> CoreResult<SqliteStore<P>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| cannot_open(&path, error))?;
    }
    let lock = lock(&path)?;
    let writing = P::writing(&path);
    let mut connection = writing.connect().await.map_err(|error| not_opened(&path, error))?;
    let ready = make_ready(&path, tenancy, &mut connection).await;
    if let Err(error) = ready {
        // Before somebody else is let in.
        let _ = connection.close().await;
        return Err(error);
    }
    let (readers, owns_readers) = readers(&path);
    let writer = GroupCommit::start(connection, writing, group_limit, lock);
    Ok(SqliteStore { readers, owns_readers, writer, path: path.into() })
}

async fn make_ready<C: Connection>(path: &Path, tenancy: Tenancy, connection: &mut C) -> CoreResult<()> {
    bring_up(path, tenancy, connection).await?;
    write_ahead(path, connection).await
}

/// In one transaction: whatever was cut short, the file is as it was.
async fn bring_up<C: Connection>(path: &Path, tenancy: Tenancy, connection: &mut C) -> CoreResult<()> {
    let table = check_owner(path, tenancy, connection).await?;
    let place = format!("the database {}", path.display());
    connection.control("BEGIN IMMEDIATE").await.map_err(|error| not_opened(path, error))?;
    let migrations = Migrations { steps: MIGRATIONS, table, place: &place };
    match migrations.run(connection).await {
        Ok(()) => connection.control("COMMIT").await.map_err(|error| not_opened(path, error)),
        Err(error) => {
            // If that fails the connection is gone, and the transaction with it.
            let _ = connection.control("ROLLBACK").await;
            Err(error)
        }
    }
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

/// Whether we may work in the file; gives the table that says what was run in it.
async fn check_owner<C: Connection>(
    path: &Path,
    tenancy: Tenancy,
    connection: &mut C,
) -> CoreResult<&'static str> {
    const SELECT: &str = "SELECT (SELECT application_id FROM pragma_application_id) AS application,
        (SELECT count(*) FROM sqlite_schema) AS tables,
        (SELECT count(*) FROM sqlite_schema WHERE name = 'openautomate_migrations') AS shared,
        (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN
            ('agent_pools', 'agent_preparations', 'agent_release_files', 'agent_releases',
            'agent_rollouts', 'agent_updates', 'agent_usage', 'agents', 'api_keys', 'approvals', 'artifacts',
            'asset_contents', 'assets', 'attempts', 'audit_checkpoints', 'audit_entries', 'audit_head',
            'bucket_objects', 'buckets', 'calendars', 'custom_roles', 'deployments', 'due_triggers',
            'enrolment_tokens', 'environments', 'execution_children', 'execution_files', 'executions',
            'external_identities', 'firings', 'idempotency_records', 'input_files', 'invitations',
            'log_archives', 'log_chunks', 'login_tries', 'package_versions', 'packages', 'password_resets',
            'rollouts', 'schedule_files', 'schedules', 'second_factors', 'sessions', 'trigger_firings',
            'trigger_runs', 'trigger_turns', 'trigger_watches', 'triggers', 'users', 'vault_keys',
            'work_item_files', 'work_items', 'work_queues')) AS alike";
    let row = query(SELECT).fetch_one(connection).await.map_err(|error| not_opened(path, error))?;
    let columns = Columns::of(&row, "database");
    let count = |column| columns.get::<i64>(column);
    // A new database has no table; one of ours has our mark.
    let (is_new, is_ours) = (count("tables")? == 0, count("application")? == APPLICATION_ID);
    let is_shared = count("shared")? > 0;
    match tenancy {
        _ if is_ours => Ok(if is_shared { SHARED } else { OWN }),
        Tenancy::Owner if is_new => Ok(OWN),
        Tenancy::Guest if is_new => Ok(SHARED),
        Tenancy::Guest if count("application")? == 0 && count("alike")? == 0 => Ok(SHARED),
        _ => Err(not_a_database(path)),
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
