//! Bringing a database to the schema of this version.
//!
//! What was run stands in the table `_sqlx_migrations`, as sqlx's own migrator keeps it: databases were made by it, and
//! every driver keeps on with the same one.

use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use sha2::{Digest as _, Sha384};

use crate::driver::{Columns, Connection, DatabaseError, Dialect, query};
use crate::error::{Error, Result};

/// A step from one schema to the next. Its text never changes once it was released.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) script: &'static str,
}

impl Migration {
    /// What is kept of the text.
    pub(crate) fn checksum(&self) -> Vec<u8> {
        Sha384::digest(self.script).to_vec()
    }
}

/// What was run on a database.
struct Applied {
    version: i64,
    checksum: Vec<u8>,
    success: bool,
}

/// Runs what was not run yet, each in a transaction of its own. Nobody else may do so meanwhile. `place` names the
/// database, for errors.
pub(crate) async fn migrate<C: Connection>(
    migrations: &[Migration],
    place: &str,
    connection: &mut C,
) -> CoreResult<()> {
    let applied = applied(connection).await?;
    let is_known = |version| migrations.iter().any(|migration| migration.version == version);
    if let Some(newer) = applied.iter().find(|applied| !is_known(applied.version)) {
        return Err(CoreError::invalid(
            "store.newer",
            format!(
                "{place} was changed by a newer version (migration {}); start that version or restore a backup",
                newer.version
            ),
        ));
    }
    for migration in migrations {
        match applied.iter().find(|applied| applied.version == migration.version) {
            None => run(migration, connection).await?,
            Some(applied) if applied.success && applied.checksum == migration.checksum() => {}
            Some(_) => {
                return Err(CoreError::invalid(
                    "store.altered",
                    format!(
                        "migration {} of {place} is not the one of this version; restore a backup",
                        migration.version
                    ),
                ));
            }
        }
    }
    Ok(())
}

async fn applied<C: Connection>(connection: &mut C) -> Result<Vec<Applied>> {
    const SQLITE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
        version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
        checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
    // Asked first: a notice that it is there is no news.
    const POSTGRES: &str = "DO $$ BEGIN IF to_regclass('_sqlx_migrations') IS NULL THEN
        CREATE TABLE _sqlx_migrations (
            version bigint PRIMARY KEY, description text NOT NULL,
            installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
            checksum bytea NOT NULL, execution_time bigint NOT NULL);
        END IF; END $$";
    let create = match C::DIALECT {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
    };
    connection.run_script(create).await?;
    let rows = query("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await?;
    let read = |row| {
        let columns = Columns::of(row, "migration");
        Ok(Applied {
            version: columns.get("version")?,
            checksum: columns.get("checksum")?,
            success: columns.get("success")?,
        })
    };
    rows.iter().map(read).collect()
}

async fn run<C: Connection>(migration: &Migration, connection: &mut C) -> Result<()> {
    connection.control("BEGIN").await?;
    match in_transaction(migration, connection).await {
        Ok(()) => Ok(connection.control("COMMIT").await?),
        Err(error) => {
            // If that fails the connection is gone, and the transaction with it.
            let _ = connection.control("ROLLBACK").await;
            Err(Error::Database(error))
        }
    }
}

async fn in_transaction<C: Connection>(
    migration: &Migration,
    connection: &mut C,
) -> std::result::Result<(), DatabaseError> {
    const NOTE: &str =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES ($1, $2, $3, $4, $5)";
    let started = std::time::Instant::now();
    connection.run_script(migration.script).await?;
    let nanoseconds = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
    query(NOTE)
        .bind(migration.version)
        .bind(migration.name)
        .bind(true)
        .bind(&migration.checksum()[..])
        .bind(nanoseconds)
        .execute(connection)
        .await?;
    Ok(())
}
