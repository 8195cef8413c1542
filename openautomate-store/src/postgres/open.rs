//! Opening a schema: who owns it, migrations, connections.

use openautomate_core::error::{Error as CoreError, Result as CoreResult};

use super::address::{Address, BOUNDS, check_schema};
use super::{PostgresDriver, PostgresStore};
use crate::StoreOptions;
use crate::driver::{Connection, DatabaseError, Refusal, query};
use crate::error::Error;
use crate::migration::{Migration, Migrations};

/// What the first migration writes as the comment of `audit_head`.
pub(crate) const MARK: &str = "OpenAutomate";
/// How long another server's migrations are waited for.
const MIGRATION_WAIT: &str = "15min";
/// What was acknowledged must be on the disk; a server or a user may be set otherwise.
pub(crate) const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        script: include_str!("../../migrations/postgres/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "input files",
        script: include_str!("../../migrations/postgres/0002_input_files.sql"),
    },
    Migration {
        version: 3,
        name: "login tries and log archives",
        script: include_str!("../../migrations/postgres/0003_login_tries_and_log_archives.sql"),
    },
    Migration {
        version: 4,
        name: "work queues",
        script: include_str!("../../migrations/postgres/0004_work_queues.sql"),
    },
    Migration {
        version: 5,
        name: "schedules",
        script: include_str!("../../migrations/postgres/0005_schedules.sql"),
    },
    Migration {
        version: 6,
        name: "placement",
        script: include_str!("../../migrations/postgres/0006_placement.sql"),
    },
    Migration {
        version: 7,
        name: "triggers",
        script: include_str!("../../migrations/postgres/0007_triggers.sql"),
    },
    Migration {
        version: 8,
        name: "rollouts",
        script: include_str!("../../migrations/postgres/0008_rollouts.sql"),
    },
    Migration {
        version: 9,
        name: "asset format",
        script: include_str!("../../migrations/postgres/0009_asset_format.sql"),
    },
    Migration {
        version: 10,
        name: "watching triggers",
        script: include_str!("../../migrations/postgres/0010_watching_triggers.sql"),
    },
    Migration {
        version: 11,
        name: "buckets",
        script: include_str!("../../migrations/postgres/0011_buckets.sql"),
    },
    Migration {
        version: 12,
        name: "agent releases",
        script: include_str!("../../migrations/postgres/0012_agent_releases.sql"),
    },
    Migration {
        version: 13,
        name: "stand-ins",
        script: include_str!("../../migrations/postgres/0013_stand_ins.sql"),
    },
    Migration {
        version: 14,
        name: "API keys and roles",
        script: include_str!("../../migrations/postgres/0014_api_keys_and_roles.sql"),
    },
    Migration {
        version: 15,
        name: "sign in",
        script: include_str!("../../migrations/postgres/0015_sign_in.sql"),
    },
    Migration {
        version: 16,
        name: "agent quarantine",
        script: include_str!("../../migrations/postgres/0016_agent_quarantine.sql"),
    },
    Migration {
        version: 17,
        name: "vault and audit",
        script: include_str!("../../migrations/postgres/0017_vault_and_audit.sql"),
    },
    Migration {
        version: 18,
        name: "environment roles",
        script: include_str!("../../migrations/postgres/0018_environment_roles.sql"),
    },
];

impl<P: PostgresDriver> PostgresStore<P> {
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
        let target = P::target(&address)?;
        let settings = |more: &[(&'static str, &str)]| {
            let mut settings = address.settings();
            settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            settings
        };
        // It is never replaced: the lock is the connection's.
        let patient = settings(&[("lock_timeout", MIGRATION_WAIT)]);
        let mut connection = P::connect(&target, &patient).await.map_err(not_opened)?;
        let prepared = prepare(&address.schema, &mut connection).await;
        // The lock goes with it.
        let _ = connection.close().await;
        prepared?;
        let pool = P::pool(&target, &settings(BOUNDS), options.connections.max(2));
        Self::start(pool, true, &address.schema, &options).await
    }

    /// As [`open`](Self::open), through a pool of yours. Closing the store leaves it open.
    ///
    /// Its connections must have `search_path` set to a schema that is the store's alone (`CREATE SCHEMA` it first),
    /// and `synchronous_commit` not off; let them have a `statement_timeout`, a `lock_timeout` and an
    /// `idle_in_transaction_session_timeout`, so that nothing waits for ever. One connection listens to other servers.
    ///
    /// # Errors
    /// As [`open`](Self::open); `Invalid` with code `store.search_path` if connections look into no schema, or into
    /// another one than `options` names.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn with_pool(pool: P, options: StoreOptions) -> CoreResult<Self> {
        let mut transaction = pool.begin().await.map_err(not_opened)?;
        let schema: Option<String> = query("SELECT current_schema()::text AS value")
            .fetch_value(&mut *transaction)
            .await
            .map_err(not_opened)?;
        let is_asked = |schema: &String| options.schema.as_ref().is_none_or(|asked| asked == schema);
        let schema = schema.filter(is_asked).ok_or_else(|| {
            CoreError::invalid(
                "store.search_path",
                "the pool's connections look into no schema, or into another one; set their search_path to the \
                 store's schema",
            )
        })?;
        check_schema(&schema)?;
        // It waits for who opens the schema otherwise, and they for it.
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('openautomate schema ' || $1, 0))";
        query(LOCK).bind(&schema).execute(&mut *transaction).await.map_err(not_opened)?;
        check_owner(&schema, &mut *transaction).await?;
        migrations(&format!("the schema {schema}")).run(&mut *transaction).await?;
        P::commit(transaction).await.map_err(not_opened)?;
        Self::start(pool, false, &schema, &options).await
    }
}

fn migrations(place: &str) -> Migrations<'_> {
    Migrations { steps: MIGRATIONS, table: "_sqlx_migrations", place }
}

/// Makes the schema what this version needs, while no other server does.
async fn prepare<C: Connection>(schema: &str, connection: &mut C) -> CoreResult<()> {
    const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('openautomate schema ' || $1, 0))";
    query(LOCK).bind(schema).execute(&mut *connection).await.map_err(not_opened)?;
    make_schema(schema, connection).await.map_err(not_opened)?;
    check_owner(schema, connection).await?;
    connection.control("BEGIN").await.map_err(not_opened)?;
    match migrations(&format!("the schema {schema}")).run(connection).await {
        Ok(()) => connection.control("COMMIT").await.map_err(not_opened),
        Err(error) => {
            // If that fails the connection is gone, and the transaction with it.
            let _ = connection.control("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn make_schema<C: Connection>(schema: &str, connection: &mut C) -> Result<(), DatabaseError> {
    // Asked first: a user without the right to make schemas may work in one that is there.
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1) AS value";
    let is_there: bool = query(SELECT).bind(schema).fetch_value(&mut *connection).await?;
    if is_there {
        return Ok(());
    }
    // Checked to be a plain name when the address was read.
    connection.run_script(&format!("CREATE SCHEMA {schema}")).await
}

async fn check_owner<C: Connection>(schema: &str, connection: &mut C) -> CoreResult<()> {
    // A new schema has no table; one of ours has our mark.
    const SELECT: &str = "SELECT count(*) = 0
            OR bool_or(relname = 'audit_head' AND obj_description(pg_class.oid, 'pg_class') = $2) AS value
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm')";
    let select = query(SELECT).bind(schema).bind(MARK);
    let is_ours: Option<bool> = select.fetch_value(connection).await.map_err(not_opened)?;
    if is_ours == Some(true) {
        return Ok(());
    }
    Err(CoreError::invalid(
        "store.not_a_database",
        format!("the schema {schema} holds tables of something else; choose another by ?schema=name"),
    ))
}

fn not_opened(error: DatabaseError) -> CoreError {
    // What a user, a password or a right can cure is said by the database itself, without the password.
    if error.refusal() == Refusal::Unreached {
        return CoreError::unavailable(
            "store.open",
            "the database can't be reached; check its address, user, password and certificate",
        )
        .with_source(error);
    }
    Error::Database(error).into()
}
