//! Values as they go between the two databases, and how each of them holds one.

use openautomate_core::error::Error as CoreError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::{Json, Uuid};
use sqlx::{Postgres, Row, Sqlite};

use crate::error::{Error, Result};

/// What a column holds. SQLite has fewer types than that, so the column's name has to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of 64 bits.
    Integer,
    /// A number that PostgreSQL keeps in 32 bits.
    Short,
    Boolean,
    Text,
    Bytes,
    Uuid,
    /// JSON that statements look into: text in SQLite, jsonb in PostgreSQL. Its value is the compact text.
    Words,
}

/// A value, of whatever database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

impl Value {
    /// The text, or nothing.
    pub(crate) fn into_text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, or 0.
    pub(crate) fn integer(&self) -> i64 {
        if let Self::Integer(number) = self { *number } else { 0 }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 16,
        }
    }

    /// An encoding that no two values share, for a hash.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut part = |tag: u8, bytes: &[u8]| {
            out.push(tag);
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        match self {
            Self::Null => part(0, &[]),
            Self::Integer(number) => part(1, &number.to_be_bytes()),
            Self::Boolean(value) => part(2, &[u8::from(*value)]),
            Self::Text(text) => part(3, text.as_bytes()),
            Self::Bytes(bytes) => part(4, bytes),
            Self::Uuid(id) => part(5, id.as_bytes()),
        }
    }
}

fn or_null<T>(value: Option<T>, of: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, of)
}

/// Reads a column of a row of SQLite.
pub(crate) fn of_sqlite(row: &SqliteRow, index: usize, kind: Kind) -> Result<Value> {
    Ok(match kind {
        Kind::Integer | Kind::Short => or_null(row.try_get(index)?, Value::Integer),
        Kind::Boolean => or_null(row.try_get(index)?, Value::Boolean),
        Kind::Text | Kind::Words => or_null(row.try_get(index)?, Value::Text),
        Kind::Bytes => or_null(row.try_get(index)?, Value::Bytes),
        Kind::Uuid => or_null(row.try_get(index)?, Value::Uuid),
    })
}

/// Reads a column of a row of PostgreSQL.
pub(crate) fn of_postgres(row: &PgRow, index: usize, kind: Kind) -> Result<Value> {
    Ok(match kind {
        Kind::Integer => or_null(row.try_get(index)?, Value::Integer),
        Kind::Short => or_null(row.try_get::<Option<i32>, _>(index)?, |number| Value::Integer(number.into())),
        Kind::Boolean => or_null(row.try_get(index)?, Value::Boolean),
        Kind::Text => or_null(row.try_get(index)?, Value::Text),
        Kind::Words => {
            let words: Option<Json<serde_json::Value>> = row.try_get(index)?;
            match words {
                Some(Json(words)) => Value::Text(serde_json::to_string(&words).map_err(unencodable)?),
                None => Value::Null,
            }
        }
        Kind::Bytes => or_null(row.try_get(index)?, Value::Bytes),
        Kind::Uuid => or_null(row.try_get(index)?, Value::Uuid),
    })
}

/// Binds a value for SQLite.
pub(crate) fn to_sqlite<'q>(
    statement: Query<'q, Sqlite, SqliteArguments>,
    value: Value,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Value::Null => statement.bind(None::<i64>),
        Value::Integer(number) => statement.bind(number),
        Value::Boolean(value) => statement.bind(value),
        Value::Text(text) => statement.bind(text),
        Value::Bytes(bytes) => statement.bind(bytes),
        Value::Uuid(id) => statement.bind(id),
    }
}

/// Binds a value for PostgreSQL, which wants to know the type of nothing too.
pub(crate) fn to_postgres<'q>(
    statement: Query<'q, Postgres, PgArguments>,
    kind: Kind,
    value: Value,
) -> Result<Query<'q, Postgres, PgArguments>> {
    let mismatch = || -> Error {
        CoreError::internal("store.row", "a stored value is not of its column's kind; check the database")
            .into()
    };
    Ok(match (kind, value) {
        (Kind::Integer, Value::Integer(number)) => statement.bind(number),
        (Kind::Integer, Value::Null) => statement.bind(None::<i64>),
        (Kind::Short, Value::Integer(number)) => {
            statement.bind(i32::try_from(number).map_err(|_| mismatch())?)
        }
        (Kind::Short, Value::Null) => statement.bind(None::<i32>),
        (Kind::Boolean, Value::Boolean(value)) => statement.bind(value),
        (Kind::Boolean, Value::Null) => statement.bind(None::<bool>),
        (Kind::Text, Value::Text(text)) => statement.bind(text),
        (Kind::Text, Value::Null) => statement.bind(None::<String>),
        (Kind::Words, Value::Text(text)) => {
            let words: serde_json::Value = serde_json::from_str(&text).map_err(unencodable)?;
            statement.bind(Json(words))
        }
        (Kind::Words, Value::Null) => statement.bind(None::<Json<serde_json::Value>>),
        (Kind::Bytes, Value::Bytes(bytes)) => statement.bind(bytes),
        (Kind::Bytes, Value::Null) => statement.bind(None::<Vec<u8>>),
        (Kind::Uuid, Value::Uuid(id)) => statement.bind(id),
        (Kind::Uuid, Value::Null) => statement.bind(None::<Uuid>),
        _ => return Err(mismatch()),
    })
}

fn unencodable(error: serde_json::Error) -> Error {
    CoreError::internal("store.row", "a stored list can't be read; check the database")
        .with_source(error)
        .into()
}
