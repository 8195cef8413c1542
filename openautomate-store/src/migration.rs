//! Bringing a database to the schema of this version.
//!
//! What was run stands in the table `_sqlx_migrations`, as sqlx's own migrator keeps it: databases were made by it, and
//! every driver keeps on with the same one. In a file that we share with a host the table is another one, for that name
//! may be the host's.

use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use sha2::{Digest as _, Sha384};

use crate::driver::{Columns, Connection, Dialect, query};
use crate::error::Result;

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

/// The steps of a database.
pub(crate) struct Migrations<'a> {
    pub(crate) steps: &'static [Migration],
    /// Where it stands which were run.
    pub(crate) table: &'static str,
    /// Names the database, for errors.
    pub(crate) place: &'a str,
}

impl Migrations<'_> {
    /// Runs what was not run yet, in the transaction that the connection is in. Nobody else may do so meanwhile.
    pub(crate) async fn run<C: Connection>(&self, connection: &mut C) -> CoreResult<()> {
        let (migrations, place) = (self.steps, self.place);
        let applied = applied(self.table, connection).await?;
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
                None => run(migration, self.table, connection).await?,
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
}

async fn applied<C: Connection>(table: &str, connection: &mut C) -> Result<Vec<Applied>> {
    let create = match C::DIALECT {
        Dialect::Sqlite => format!(
            "CREATE TABLE IF NOT EXISTS {table} (
                version BIGINT PRIMARY KEY, description TEXT NOT NULL,
                installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
                checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)"
        ),
        // Asked first: a notice that it is there is no news.
        Dialect::Postgres => format!(
            "DO $$ BEGIN IF to_regclass('{table}') IS NULL THEN
                CREATE TABLE {table} (
                    version bigint PRIMARY KEY, description text NOT NULL,
                    installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
                    checksum bytea NOT NULL, execution_time bigint NOT NULL);
            END IF; END $$"
        ),
    };
    connection.run_script(&create).await?;
    let select = query(format!("SELECT version, checksum, success FROM {table} ORDER BY version"));
    let rows = select.fetch_all(connection).await?;
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

async fn run<C: Connection>(migration: &Migration, table: &str, connection: &mut C) -> Result<()> {
    let started = std::time::Instant::now();
    connection.run_script(migration.script).await?;
    let nanoseconds = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let note = query(format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time)
        VALUES ($1, $2, $3, $4, $5)"
    ));
    note.bind(migration.version)
        .bind(migration.name)
        .bind(true)
        .bind(&migration.checksum()[..])
        .bind(nanoseconds)
        .execute(connection)
        .await?;
    Ok(())
}
