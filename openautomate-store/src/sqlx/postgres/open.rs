//! Opening a schema: who owns it, migrations, connections.

use std::time::Duration;

use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};

use super::address::Address;
use crate::StoreOptions;
use crate::driver::{DatabaseError, Refusal};
use crate::error::Error;
use crate::sqlx::PostgresStore;

/// What the first migration writes as the comment of `audit_head`.
const MARK: &str = "OpenAutomate";
/// How long another server's migrations are waited for.
const MIGRATION_WAIT: &str = "15min";
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that rested longer is asked whether it is still there before it is used.
const RESTED: Duration = Duration::from_secs(15);

fn migrations() -> Migrator {
    let files = [
        (1, "initial", include_str!("../../../migrations/postgres/0001_initial.sql")),
        (2, "input files", include_str!("../../../migrations/postgres/0002_input_files.sql")),
    ];
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(files.into_iter().map(migration).collect());
    // Ours is a lock of the schema; sqlx's would be one of the database.
    migrator.set_locking(false);
    migrator
}

impl PostgresStore {
    /// Opens the store at `postgres://user@host/database?schema=name`; makes the schema if it is not there.
    /// Runs migrations; of servers that start together one does, and the others wait.
    ///
    /// A database on the same machine is better reached through its socket
    /// (`postgres://user@%2Fvar%2Frun%2Fpostgresql/database`): sqlx leaves Nagle's algorithm on, and through TCP on
    /// the loopback interface a statement of more than some 8 KiB waits 40 ms for a delayed acknowledgement.
    ///
    /// # Errors
    /// As [`connect`](crate::connect()).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(address: &str, options: StoreOptions) -> CoreResult<Self> {
        let address = Address::parse(address, &options)?;
        prepare(&address).await?;
        let pool = pool(address.bounded(), options.connections);
        Self::start(pool, &address.schema, &options).await
    }
}

/// Makes the schema what this version needs, while no other server does.
async fn prepare(address: &Address) -> CoreResult<()> {
    let patient = address.connection.clone().options([("lock_timeout", MIGRATION_WAIT)]);
    // A pool of one, since `Migrator` takes a bare connection in no future that is `Send`. It is never replaced:
    // the lock is the connection's.
    let one =
        PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false);
    let pool = one.connect_with(patient).await.map_err(not_opened)?;
    let prepared = prepare_alone(&address.schema, &pool).await;
    // The lock goes with it.
    pool.close().await;
    prepared
}

async fn prepare_alone(schema: &str, pool: &PgPool) -> CoreResult<()> {
    const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('openautomate schema ' || $1, 0))";
    let mut connection = pool.acquire().await.map_err(not_opened)?;
    sqlx::query(LOCK).bind(schema).execute(&mut *connection).await.map_err(not_opened)?;
    make_schema(schema, &mut connection).await?;
    check_owner(schema, &mut connection).await?;
    drop(connection);
    migrate(schema, pool).await
}

async fn make_schema(schema: &str, connection: &mut PgConnection) -> CoreResult<()> {
    // Asked first: a user without the right to make schemas may work in one that is there.
    let is_there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(&mut *connection)
        .await
        .map_err(not_opened)?;
    if !is_there {
        // Checked to be a plain name when the address was read.
        let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(create).execute(connection).await.map_err(not_opened)?;
    }
    Ok(())
}

async fn check_owner(schema: &str, connection: &mut PgConnection) -> CoreResult<()> {
    // A new schema has no table; one of ours has our mark.
    const SELECT: &str = "SELECT count(*) = 0
            OR bool_or(relname = 'audit_head' AND obj_description(pg_class.oid, 'pg_class') = $2)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm')";
    let is_ours: Option<bool> =
        sqlx::query_scalar(SELECT).bind(schema).bind(MARK).fetch_one(connection).await.map_err(not_opened)?;
    if is_ours == Some(true) {
        return Ok(());
    }
    Err(CoreError::invalid(
        "store.not_a_database",
        format!("the schema {schema} holds tables of something else; choose another by ?schema=name"),
    ))
}

async fn migrate(schema: &str, pool: &PgPool) -> CoreResult<()> {
    migrations().run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => CoreError::invalid(
            "store.newer",
            format!(
                "the schema {schema} was changed by a newer version (migration {version}); start that version or \
                 restore a backup"
            ),
        ),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => CoreError::invalid(
            "store.altered",
            format!(
                "migration {version} of the schema {schema} is not the one of this version; restore a backup"
            ),
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => not_opened(error),
        error => CoreError::internal("store.migrate", "the database could not be migrated").with_source(error),
    })
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    // What was acknowledged must be on the disk; a server or a user may be set otherwise.
    const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'";
    PgPoolOptions::new()
        .max_connections(connections.max(2))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A question before each use would double the round trips.
        .test_before_acquire(false)
        .before_acquire(|connection, rest| {
            Box::pin(async move {
                if rest.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(DURABLE).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(options)
}

fn not_opened(error: sqlx::Error) -> CoreError {
    let error = DatabaseError::from(error);
    if error.refusal() == Refusal::Unreached {
        return CoreError::unavailable(
            "store.open",
            "the database can't be reached; check its address, user, password and certificate",
        )
        .with_source(error);
    }
    Error::Database(error).into()
}
