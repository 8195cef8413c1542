//! What the tables of the records have in common: an id, a revision, and statements made from their columns.

use openautomate_core::error::Error as CoreError;
use openautomate_core::query::{Page, PageRequest};
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::types::Uuid;

use crate::sqlx::error::Result;

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// A record that commands write.
pub(super) trait Table: Sized + Send + Sync {
    /// The noun, for errors.
    const WHAT: &'static str;
    /// Binds as [`Table::bind`] does, then id, then revision.
    const INSERT: &'static str;
    /// Binds as [`Table::bind`] does, then id, then the revision that was read.
    const UPDATE: &'static str;

    fn id(&self) -> &Uuid;
    fn revision(&self) -> i64;
    /// Binds the columns that stand in [`table!`](super::table::table), in that order.
    fn bind(&self, statement: Statement) -> Statement;
    fn read(row: &SqliteRow) -> Result<Self>;
}

/// Makes the statements of a [`Table`] from its columns without `id` and `revision`.
///
/// Columns after `keeps` are never null and are written by inserts only: an update leaves them as they are,
/// though it binds them.
macro_rules! table {
    ($what:literal, $table:literal, [$($column:ident),+ $(,)?] $(keeps [$($kept:ident),+])?) => {
        const WHAT: &'static str = $what;
        const INSERT: &'static str = concat!(
            "INSERT INTO ", $table, " (", $(stringify!($column), ", ",)+ $($(stringify!($kept), ", ",)+)?
            "id, revision) VALUES (",
            $($crate::sqlx::sqlite::table::placeholder!($column),)+
            $($($crate::sqlx::sqlite::table::placeholder!($kept),)+)? "?, ?)"
        );
        const UPDATE: &'static str = concat!(
            "UPDATE ", $table, " SET ", $(stringify!($column), " = ?, ",)+
            $($(stringify!($kept), " = coalesce(", stringify!($kept), ", ?), ",)+)?
            "revision = revision + 1 WHERE id = ? AND revision = ?"
        );
    };
}
macro_rules! placeholder {
    ($column:ident) => {
        "?, "
    };
}
pub(super) use {placeholder, table};

/// Writes a new row as it is given.
pub(super) async fn insert<T: Table>(record: &T, connection: &mut SqliteConnection) -> Result<()> {
    let statement = record.bind(sqlx::query(T::INSERT)).bind(record.id()).bind(record.revision());
    statement.execute(connection).await?;
    Ok(())
}

/// Writes a changed row if it is still at the revision that was read.
pub(super) async fn update<T: Table>(record: &T, connection: &mut SqliteConnection) -> Result<()> {
    let statement = record.bind(sqlx::query(T::UPDATE)).bind(record.id()).bind(record.revision());
    match statement.execute(connection).await?.rows_affected() {
        0 => Err(CoreError::stale_row(T::WHAT).into()),
        _ => Ok(()),
    }
}

/// The row that a statement finds.
pub(super) async fn one<T: Table>(statement: Statement, readers: &SqlitePool) -> Result<Option<T>> {
    statement.fetch_optional(readers).await?.as_ref().map(T::read).transpose()
}

/// The rows that a statement finds.
pub(super) async fn all<T: Table>(statement: Statement, readers: &SqlitePool) -> Result<Vec<T>> {
    statement.fetch_all(readers).await?.iter().map(T::read).collect()
}

/// A page. The statement's last two placeholders are the id that the page begins below, and its limit.
pub(super) async fn page<T: Table>(
    statement: Statement,
    request: PageRequest,
    readers: &SqlitePool,
) -> Result<Page<T>> {
    let items = all::<T>(statement.bind(below(request)).bind(one_too_many(request)), readers).await?;
    Ok(Page::from_overfetch(items, request.limit, |item| *item.id()))
}

/// The id that a page begins below; the greatest of all for the first page.
pub(super) fn below(request: PageRequest) -> Uuid {
    request.after.map_or(Uuid::max(), |cursor| cursor.0)
}

/// How many rows a page asks for: the one too many shows that there is a next page.
pub(super) fn one_too_many(request: PageRequest) -> i64 {
    i64::from(request.limit) + 1
}
