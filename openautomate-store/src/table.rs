//! What the tables of the records have in common: an id, a revision, and statements made from their columns.

use std::sync::OnceLock;

use openautomate_core::error::Error as CoreError;
use openautomate_core::query::{Page, PageRequest};
use uuid::Uuid;

use crate::driver::{Connection, Dialect, Executor, Row, Statement, query};
use crate::error::Result;

/// A record that commands write.
pub(crate) trait Table: Sized + Send + Sync {
    /// The noun, for errors.
    const WHAT: &'static str;

    /// Binds as [`Table::bind`] does, then id, then revision.
    fn insert_statement(dialect: Dialect) -> &'static str;
    /// Binds as [`Table::bind`] does, then id, then the revision that was read.
    fn update_statement(dialect: Dialect) -> &'static str;

    fn id(&self) -> &Uuid;
    fn revision(&self) -> i64;
    /// Binds the columns that stand in [`table!`](super::table::table), in that order.
    fn bind(&self, dialect: Dialect, statement: Statement) -> Statement;
    fn read<R: Row>(row: &R) -> Result<Self>;
}

/// Makes the statements of a [`Table`] from its columns without `id` and `revision`.
///
/// Columns after `keeps` are never null and are written by inserts only: an update leaves them as they are,
/// though it binds them. Columns after `postgres` are those that only its table has.
macro_rules! table {
    (
        $what:literal, $table:literal, [$($column:ident),+ $(,)?]
        $(keeps [$($kept:ident),+])? $(postgres [$($more:ident),+])?
    ) => {
        const WHAT: &'static str = $what;

        fn insert_statement(dialect: $crate::driver::Dialect) -> &'static str {
            static STATEMENTS: $crate::table::PerDialect = $crate::table::PerDialect::new();
            STATEMENTS.get_or_init(dialect, |is_postgres| $crate::table::insert_statement($table, &[
                &[$(stringify!($column),)+][..],
                if is_postgres { &[$($(stringify!($more),)+)?] } else { &[] },
                &[$($(stringify!($kept),)+)?],
            ].concat()))
        }

        fn update_statement(dialect: $crate::driver::Dialect) -> &'static str {
            static STATEMENTS: $crate::table::PerDialect = $crate::table::PerDialect::new();
            STATEMENTS.get_or_init(dialect, |is_postgres| $crate::table::update_statement($table, &[
                &[$(stringify!($column),)+][..], if is_postgres { &[$($(stringify!($more),)+)?] } else { &[] },
            ].concat(), &[$($(stringify!($kept),)+)?]))
        }
    };
}
pub(crate) use table;

/// A statement for each dialect, made when it is first asked for.
pub(crate) struct PerDialect([OnceLock<String>; 2]);

impl PerDialect {
    pub(crate) const fn new() -> Self {
        Self([OnceLock::new(), OnceLock::new()])
    }

    pub(crate) fn get_or_init(&self, dialect: Dialect, make: impl FnOnce(bool) -> String) -> &str {
        let [sqlite, postgres] = &self.0;
        match dialect {
            Dialect::Sqlite => sqlite.get_or_init(|| make(false)),
            Dialect::Postgres => postgres.get_or_init(|| make(true)),
        }
    }
}

pub(crate) fn insert_statement(table: &str, columns: &[&str]) -> String {
    let values: Vec<_> = (1..=columns.len() + 2).map(|number| format!("${number}")).collect();
    format!("INSERT INTO {table} ({}, id, revision) VALUES ({})", columns.join(", "), values.join(", "))
}

pub(crate) fn update_statement(table: &str, columns: &[&str], kept: &[&str]) -> String {
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
pub(crate) async fn insert<T: Table, C: Connection>(record: &T, connection: &mut C) -> Result<()> {
    let statement = record.bind(C::DIALECT, query(T::insert_statement(C::DIALECT)));
    statement.bind(record.id()).bind(record.revision()).execute(connection).await?;
    Ok(())
}

/// Writes a changed row if it is still at the revision that was read.
pub(crate) async fn update<T: Table, C: Connection>(record: &T, connection: &mut C) -> Result<()> {
    let statement = record.bind(C::DIALECT, query(T::update_statement(C::DIALECT)));
    match statement.bind(record.id()).bind(record.revision()).execute(connection).await? {
        0 => Err(CoreError::stale_row(T::WHAT).into()),
        _ => Ok(()),
    }
}

/// The row that a statement finds.
pub(crate) async fn one<T: Table>(statement: Statement, on: impl Executor) -> Result<Option<T>> {
    statement.fetch_optional(on).await?.as_ref().map(T::read).transpose()
}

/// The rows that a statement finds.
pub(crate) async fn all<T: Table>(statement: Statement, on: impl Executor) -> Result<Vec<T>> {
    statement.fetch_all(on).await?.iter().map(T::read).collect()
}

/// A page. The statement's last two placeholders are the id that the page begins below, and its limit.
pub(crate) async fn page<T: Table>(
    statement: Statement,
    request: PageRequest,
    on: impl Executor,
) -> Result<Page<T>> {
    let items = all::<T>(statement.bind(below(request)).bind(one_too_many(request)), on).await?;
    Ok(Page::from_overfetch(items, request.limit, |item| *item.id()))
}

/// The id that a page begins below; the greatest of all for the first page.
pub(crate) fn below(request: PageRequest) -> Uuid {
    request.after.map_or(Uuid::max(), |cursor| cursor.0)
}

/// How many rows a page asks for: the one too many shows that there is a next page.
pub(crate) fn one_too_many(request: PageRequest) -> i64 {
    i64::from(request.limit) + 1
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
