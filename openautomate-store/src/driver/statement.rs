//! A statement: its text and its values.

use std::borrow::Cow;

use super::value::{Bind, BoxError};
use super::{DatabaseError, Executor, FromColumn, Refusal, Result, Value};

/// A statement, with the placeholders of its database. A text for both databases has `$1`, `$2`, …, each once and in
/// this order: SQLite numbers such names as they come.
#[derive(Debug)]
pub struct Statement {
    sql: Cow<'static, str>,
    values: Vec<Value>,
    /// Why a value can't be bound; the first that could not.
    unbound: Option<BoxError>,
}

/// A statement with this text.
pub(crate) fn query(sql: impl Into<Cow<'static, str>>) -> Statement {
    Statement { sql: sql.into(), values: Vec::new(), unbound: None }
}

impl Statement {
    /// Gives the next placeholder its value.
    pub(crate) fn bind(mut self, value: impl Bind) -> Self {
        self.take(value);
        self
    }

    /// Adds to the text.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Adds a placeholder with its value.
    pub(crate) fn push_bind(&mut self, value: impl Bind) -> &mut Self {
        self.take(value);
        let placeholder = format!("${}", self.values.len());
        self.push(&placeholder)
    }

    fn take(&mut self, value: impl Bind) {
        match value.bound() {
            Ok(value) => self.values.push(value),
            Err(error) => self.unbound = self.unbound.take().or(Some(error)),
        }
    }

    /// Its text and its values, for a driver.
    pub(crate) fn into_parts(self) -> Result<(Cow<'static, str>, Vec<Value>)> {
        match self.unbound {
            None => Ok((self.sql, self.values)),
            Some(error) => Err(DatabaseError::new(Refusal::Encoding, error)),
        }
    }

    /// Runs it; how many rows it wrote.
    pub(crate) async fn execute(self, on: impl Executor) -> Result<u64> {
        on.execute(self).await
    }

    /// Every row that it finds.
    pub(crate) async fn fetch_all<E: Executor>(self, on: E) -> Result<Vec<E::Row>> {
        on.fetch_all(self).await
    }

    /// The first row that it finds.
    pub(crate) async fn fetch_optional<E: Executor>(self, on: E) -> Result<Option<E::Row>> {
        on.fetch_optional(self).await
    }

    /// The first row that it finds; one must be there.
    pub(crate) async fn fetch_one<E: Executor>(self, on: E) -> Result<E::Row> {
        let row = on.fetch_optional(self).await?;
        row.ok_or_else(|| {
            DatabaseError::new(Refusal::Decoding, "a statement that always finds a row found none")
        })
    }

    /// What the column `value` of the first row holds; one must be there.
    pub(crate) async fn fetch_value<T: FromColumn>(self, on: impl Executor) -> Result<T> {
        let row = self.fetch_one(on).await?;
        T::read(&row, "value").map_err(|error| DatabaseError::new(Refusal::Decoding, error))
    }
}
