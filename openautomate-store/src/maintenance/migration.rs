//! Which migrations a database has, and bringing it up to this version.

use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use serde::Serialize;

use super::connection::{Connection, is_postgres};
use super::value::{Kind, Value};
use crate::StoreOptions;
use crate::connect::sqlite_path;
use crate::migration::Migration;
use crate::sqlx::{PostgresStore, SqliteStore};
use crate::{postgres, sqlite};

/// What a database and this version know of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationStatus {
    /// The migrations that the database has.
    pub applied: Vec<i64>,
    /// Those of this version that it lacks.
    pub pending: Vec<i64>,
    /// Those that this version does not know: a newer one ran them.
    pub unknown: Vec<i64>,
    /// Those that are other ones than this version's, by their checksum, or that did not end.
    pub altered: Vec<i64>,
}

impl MigrationStatus {
    /// Whether the database is what this version needs.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.unknown.is_empty() && self.altered.is_empty()
    }

    /// Refuses a database that this version may not touch.
    ///
    /// # Errors
    /// `Invalid` with code `store.newer` or `store.altered`.
    pub fn check(&self) -> CoreResult<()> {
        if let Some(version) = self.unknown.first() {
            return Err(CoreError::invalid(
                "store.newer",
                format!(
                    "the database was changed by a newer version (migration {version}); use that version or restore \
                     a backup"
                ),
            ));
        }
        if let Some(version) = self.altered.first() {
            return Err(CoreError::invalid(
                "store.altered",
                format!(
                    "migration {version} of the database is not the one of this version; restore a backup"
                ),
            ));
        }
        Ok(())
    }
}

fn known(is_postgres: bool) -> &'static [Migration] {
    if is_postgres { postgres::open::MIGRATIONS } else { sqlite::open::MIGRATIONS }
}

/// The texts of the migrations, oldest first.
pub(super) fn texts(is_postgres: bool) -> impl Iterator<Item = &'static str> {
    known(is_postgres).iter().map(|migration| migration.script)
}

/// Compares the database with this version.
pub(super) async fn status(connection: &mut Connection) -> CoreResult<MigrationStatus> {
    let has_none = match connection {
        Connection::Sqlite { .. } => {
            "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'".to_owned()
        }
        Connection::Postgres { .. } => "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations'
            AND relnamespace = current_schema()::regnamespace"
            .to_owned(),
    };
    let known = known(connection.is_postgres());
    let mut status = MigrationStatus::default();
    if connection.number(has_none).await? > 0 {
        const ROWS: &str = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
        for row in connection.rows(ROWS, &[Kind::Integer, Kind::Boolean, Kind::Bytes]).await? {
            let [Value::Integer(version), success, Value::Bytes(checksum)] = row.as_slice() else { continue };
            status.applied.push(*version);
            match known.iter().find(|migration| migration.version == *version) {
                None => status.unknown.push(*version),
                Some(migration) if migration.checksum() != *checksum || *success != Value::Boolean(true) => {
                    status.altered.push(*version);
                }
                Some(_) => {}
            }
        }
    }
    status.pending = known
        .iter()
        .map(|migration| migration.version)
        .filter(|version| !status.applied.contains(version))
        .collect();
    Ok(status)
}

/// What a database has and lacks. It is only read, also beside a server that runs.
///
/// # Errors
/// `Unavailable` with code `store.open` if there is none or it can't be reached; `Invalid` with code
/// `store.not_a_database` if it is something else.
pub async fn migration_status(address: &str, options: &StoreOptions) -> CoreResult<MigrationStatus> {
    let mut connection = Connection::open(address, options, false).await?;
    let status = status(&mut connection).await;
    connection.close().await;
    status
}

/// Brings a database up to this version, or makes it, as a server does when it starts. Two at once, or a server that
/// starts meanwhile, do it once: on PostgreSQL one waits for the other, a SQLite file belongs to one process.
///
/// # Errors
/// As [`connect`](crate::connect()).
pub async fn migrate(address: &str, options: StoreOptions) -> CoreResult<MigrationStatus> {
    if is_postgres(address) {
        PostgresStore::open(address, options.clone()).await?.close().await;
    } else {
        SqliteStore::open(sqlite_path(address)?, options.clone()).await?.close().await;
    }
    migration_status(address, &options).await
}
