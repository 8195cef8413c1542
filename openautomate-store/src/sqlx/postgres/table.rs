//! What the tables of the records have in common: an id, a revision, and statements made from their columns.

use openautomate_core::error::Error as CoreError;
use openautomate_core::query::{Page, PageRequest};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::types::Uuid;

use crate::sqlx::error::Result;

pub(super) type Statement = Query<'static, Postgres, PgArguments>;

/// A record that commands write.
pub(super) trait Table: Sized + Send + Sync {
    /// The noun, for errors.
    const WHAT: &'static str;

    /// Binds as [`Table::bind`] does, then id, then revision.
    fn insert_statement() -> &'static str;
    /// Binds as [`Table::bind`] does, then id, then the revision that was read.
    fn update_statement() -> &'static str;

    fn id(&self) -> &Uuid;
    fn revision(&self) -> i64;
    /// Binds the columns that stand in [`table!`](super::table::table), in that order.
    fn bind(&self, statement: Statement) -> Statement;
    fn read(row: &PgRow) -> Result<Self>;
}

/// Makes the statements of a [`Table`] from its columns without `id` and `revision`.
///
/// Columns after `keeps` are never null and are written by inserts only: an update leaves them as they are,
/// though it binds them.
macro_rules! table {
    ($what:literal, $table:literal, [$($column:ident),+ $(,)?] $(keeps [$($kept:ident),+])?) => {
        const WHAT: &'static str = $what;

        fn insert_statement() -> &'static str {
            static STATEMENT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
            STATEMENT.get_or_init(|| $crate::sqlx::postgres::table::insert_statement(
                $table, &[$(stringify!($column),)+ $($(stringify!($kept),)+)?],
            ))
        }

        fn update_statement() -> &'static str {
            static STATEMENT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
            STATEMENT.get_or_init(|| $crate::sqlx::postgres::table::update_statement(
                $table, &[$(stringify!($column),)+], &[$($(stringify!($kept),)+)?],
            ))
        }
    };
}
pub(super) use table;

pub(super) fn insert_statement(table: &str, columns: &[&str]) -> String {
    let values: Vec<_> = (1..=columns.len() + 2).map(|number| format!("${number}")).collect();
    format!("INSERT INTO {table} ({}, id, revision) VALUES ({})", columns.join(", "), values.join(", "))
}

pub(super) fn update_statement(table: &str, columns: &[&str], kept: &[&str]) -> String {
    let set = columns.iter().zip(1..).map(|(column, number)| format!("{column} = ${number}"));
    let keep = kept.iter().zip(columns.len() + 1..);
    let keep = keep.map(|(column, number)| format!("{column} = coalesce({column}, ${number})"));
    let all: Vec<_> = set.chain(keep).collect();
    let (id, revision) = (all.len() + 1, all.len() + 2);
    format!(
        "UPDATE {table} SET {}, revision = revision + 1 WHERE id = ${id} AND revision = ${revision}",
        all.join(", ")
    )
}

/// Writes a new row as it is given.
pub(super) async fn insert<T: Table>(record: &T, connection: &mut PgConnection) -> Result<()> {
    let statement = record.bind(sqlx::query(T::insert_statement()));
    statement.bind(record.id()).bind(record.revision()).execute(connection).await?;
    Ok(())
}

/// Writes a changed row if it is still at the revision that was read.
pub(super) async fn update<T: Table>(record: &T, connection: &mut PgConnection) -> Result<()> {
    let statement = record.bind(sqlx::query(T::update_statement()));
    let done = statement.bind(record.id()).bind(record.revision()).execute(connection).await?;
    match done.rows_affected() {
        0 => Err(CoreError::stale_row(T::WHAT).into()),
        _ => Ok(()),
    }
}

/// The row that a statement finds.
pub(super) async fn one<T: Table>(statement: Statement, pool: &PgPool) -> Result<Option<T>> {
    statement.fetch_optional(pool).await?.as_ref().map(T::read).transpose()
}

/// The rows that a statement finds.
pub(super) async fn all<T: Table>(statement: Statement, pool: &PgPool) -> Result<Vec<T>> {
    statement.fetch_all(pool).await?.iter().map(T::read).collect()
}

/// A page. The statement's last two placeholders are the id that the page begins below, and its limit.
pub(super) async fn page<T: Table>(
    statement: Statement,
    request: PageRequest,
    pool: &PgPool,
) -> Result<Page<T>> {
    let items = all::<T>(statement.bind(below(request)).bind(one_too_many(request)), pool).await?;
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

/// A text to look for; none if no row can hold it: PostgreSQL keeps no NUL.
pub(super) fn searchable(text: &str) -> Option<&str> {
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(
            insert_statement("users", &["name", "slots"]),
            "INSERT INTO users (name, slots, id, revision) VALUES ($1, $2, $3, $4)"
        );
        assert_eq!(
            update_statement("users", &["name"], &["slots"]),
            "UPDATE users SET name = $1, slots = coalesce(slots, $2), revision = revision + 1 \
             WHERE id = $3 AND revision = $4"
        );
    }
}
