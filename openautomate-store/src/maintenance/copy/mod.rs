//! A whole database into an empty one, of the same kind or the other.
//!
//! Everything is written in one transaction, and compared before it is committed: a copy that breaks off, for whatever
//! reason, leaves the target empty. The constraints and references of the target are at work all the while. Of its
//! triggers one is in the way, the one that lets audit entries come without their seal alone; it is taken out and put
//! back inside the transaction, so nobody else ever sees it gone.

mod digest;
mod table;
mod write;

use std::fs::File;

use futures_util::TryStreamExt as _;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use serde::Serialize;

use super::connection::{Connection, Values, is_postgres};
use super::migration;
use super::value::Kind;
use crate::StoreOptions;
use crate::connect::sqlite_path;
use crate::error::Result;
use crate::sqlite::open::lock;
use digest::TableDigest;
use table::{Table, tables};
use write::Writer;

/// How many rows are told of at once.
const TELL_EVERY: u64 = 1_000;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CopiedTable {
    /// The table.
    pub name: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress {
    /// Rows that were copied.
    pub done: u64,
    /// Rows that there are.
    pub total: u64,
}

/// Copies the whole of one database into another, which must be empty; it is made or migrated first. The source has to
/// be of this version, and no server may run on either: SQLite files are locked meanwhile, and the tables of a
/// PostgreSQL source take no writes.
///
/// Cancel safe: what was not committed is rolled back.
///
/// # Errors
/// As [`connect`](crate::connect()); `Unavailable` with code `store.in_use` if a server runs on one of them; `Conflict`
/// with code `copy.not_empty` if the target holds something; `Invalid` with code `copy.behind` if the source lacks
/// migrations; `Internal` with code `copy.differs` if what is read back is not what was written.
pub async fn copy(
    from: (&str, &StoreOptions),
    to: (&str, &StoreOptions),
    mut progress: impl FnMut(CopyProgress) + Send,
) -> CoreResult<Vec<CopiedTable>> {
    let _from_lock = lock_file(from.0)?;
    let mut source = Connection::open(from.0, from.1, false).await?;
    let status = migration::status(&mut source).await?;
    status.check()?;
    if !status.is_current() {
        return Err(CoreError::invalid(
            "copy.behind",
            "the source lacks migrations of this version; run `openautomate-server migrate` on it first",
        ));
    }
    alone(&mut source, "source").await?;
    hold_still(&mut source).await?;
    migration::migrate(to.0, to.1.clone()).await?;
    // After the migration, which takes the lock itself.
    let _to_lock = lock_file(to.0)?;
    let mut target = Connection::open(to.0, to.1, true).await?;
    alone(&mut target, "target").await?;
    let copied = copy_all(&mut source, &mut target, &mut progress).await;
    source.close().await;
    // Rolls back what was not committed.
    target.close().await;
    copied
}

/// The lock of a SQLite file, which keeps servers out.
fn lock_file(address: &str) -> CoreResult<Option<File>> {
    if is_postgres(address) {
        return Ok(None);
    }
    let path = sqlite_path(address)?;
    // A lock would be left beside nothing.
    if path.is_file() { lock(&path).map(Some) } else { Ok(None) }
}

/// Refuses a schema of PostgreSQL on which servers run.
async fn alone(connection: &mut Connection, which: &str) -> CoreResult<()> {
    let Connection::Postgres { schema, .. } = &*connection else { return Ok(()) };
    let (schema, name) = (schema.clone(), connection.name());
    let servers = connection
        .number(format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'openautomate {schema}' AND pid <> pg_backend_pid()"
        ))
        .await?;
    if servers == 0 {
        return Ok(());
    }
    Err(CoreError::unavailable(
        "store.in_use",
        format!("servers are connected to the {name}, the {which}; stop them and try again"),
    ))
}

/// Begins to read one state of the source, which then takes no writes: what a server that started meanwhile wrote there
/// would be missing in the target.
async fn hold_still(source: &mut Connection) -> CoreResult<()> {
    if !source.is_postgres() {
        return Ok(source.begin_snapshot().await?);
    }
    let tables: Vec<_> = tables().map(|table| table.name).collect();
    let lock = format!(
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '10s';
        LOCK TABLE {} IN SHARE MODE",
        tables.join(", ")
    );
    Ok(source.execute(&lock).await?)
}

async fn copy_all(
    source: &mut Connection,
    target: &mut Connection,
    progress: &mut (impl FnMut(CopyProgress) + Send),
) -> CoreResult<Vec<CopiedTable>> {
    let mut total = 0;
    for table in tables() {
        total += source.number(format!("SELECT count(*) FROM {}", table.name)).await?.cast_unsigned();
    }
    begin(target).await?;
    empty(target).await?;
    let guard = take_guard(target).await?;
    let (mut done, mut copied) = (0, Vec::with_capacity(tables().count()));
    for table in tables() {
        let read = copy_table(table, source, target, &mut |rows| {
            done += rows;
            progress(CopyProgress { done, total });
        })
        .await?;
        if digest(table, target).await? != read {
            return Err(CoreError::internal(
                "copy.differs",
                format!("the rows of {} are not the same in the target; nothing was copied", table.name),
            ));
        }
        copied.push(CopiedTable { name: table.name, rows: read.rows });
    }
    target.execute(&guard).await?;
    target.execute("COMMIT").await?;
    Ok(copied)
}

async fn begin(target: &mut Connection) -> Result<()> {
    match target {
        Connection::Sqlite { .. } => target.execute("BEGIN IMMEDIATE").await,
        Connection::Postgres { .. } => target.execute("BEGIN; SET LOCAL lock_timeout = '10s'").await,
    }
}

/// Refuses a target that holds something, and takes the head of its chain out, which is there from the first.
async fn empty(target: &mut Connection) -> CoreResult<()> {
    for table in tables().filter(|table| table.name != "audit_head") {
        if target
            .number(format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS found", table.name))
            .await?
            > 0
        {
            let name = target.name();
            return Err(CoreError::conflict(
                "copy.not_empty",
                format!("the {name} is not empty, it has {}; give one that is not there yet", table.name),
            ));
        }
    }
    Ok(())
}

/// Takes out what refuses sealed entries, and gives what puts it back.
async fn take_guard(target: &mut Connection) -> Result<String> {
    const OFF: &str = "ALTER TABLE audit_entries DISABLE TRIGGER audit_unsealed_first;
        ALTER TABLE audit_head DISABLE TRIGGER audit_head_stays; DELETE FROM audit_head";
    const ON: &str = "ALTER TABLE audit_entries ENABLE TRIGGER audit_unsealed_first;
        ALTER TABLE audit_head ENABLE TRIGGER audit_head_stays";
    if target.is_postgres() {
        target.execute(OFF).await?;
        return Ok(ON.to_owned());
    }
    const GUARDS: &str =
        "SELECT sql FROM sqlite_schema WHERE name IN ('audit_unsealed_first', 'audit_head_stays')";
    let guards = target.texts(GUARDS).await?;
    target
        .execute("DROP TRIGGER audit_unsealed_first; DROP TRIGGER audit_head_stays; DELETE FROM audit_head")
        .await?;
    Ok(guards.join(";\n"))
}

fn select(table: &Table) -> (String, Vec<Kind>) {
    let (names, kinds): (Vec<_>, Vec<_>) = table.columns.iter().copied().unzip();
    (format!("SELECT {} FROM {}", names.join(", "), table.name), kinds)
}

async fn copy_table(
    table: &Table,
    source: &mut Connection,
    target: &mut Connection,
    told: &mut (impl FnMut(u64) + Send),
) -> CoreResult<TableDigest> {
    let (select, kinds) = select(table);
    let (mut writer, mut digest) = (Writer::new(table, target), TableDigest::default());
    let mut rows = source.stream(select, &kinds);
    while let Some(row) = next(&mut rows, table).await? {
        digest.add(&row);
        writer.push(row, target).await.map_err(|error| refused(table, error.into()))?;
        if digest.rows.is_multiple_of(TELL_EVERY) {
            told(TELL_EVERY);
        }
    }
    writer.flush(target).await.map_err(|error| refused(table, error.into()))?;
    told(digest.rows % TELL_EVERY);
    Ok(digest)
}

async fn next(
    rows: &mut (impl futures_util::Stream<Item = Result<Values>> + Unpin),
    table: &Table,
) -> CoreResult<Option<Values>> {
    rows.try_next().await.map_err(|error| {
        let name = table.name;
        CoreError::internal(
            "copy.read",
            format!("a row of {name} can't be read; look at the source with doctor"),
        )
        .with_source(CoreError::from(error))
    })
}

fn refused(table: &Table, error: CoreError) -> CoreError {
    CoreError::new(
        error.kind(),
        "copy.refused",
        format!("the target refuses rows of {}: {}; nothing was copied", table.name, error.message()),
    )
    .with_source(error)
}

async fn digest(table: &Table, connection: &mut Connection) -> CoreResult<TableDigest> {
    let (select, kinds) = select(table);
    let mut rows = connection.stream(select, &kinds);
    let mut digest = TableDigest::default();
    while let Some(row) = next(&mut rows, table).await? {
        digest.add(&row);
    }
    Ok(digest)
}

/// Every table and its columns, for a test that compares them with what migrations make.
#[doc(hidden)]
#[must_use]
pub fn copied_columns() -> Vec<(&'static str, Vec<&'static str>)> {
    tables().map(|table| (table.name, table.columns.iter().map(|(name, _)| *name).collect())).collect()
}
