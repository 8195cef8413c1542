//! A statement as diesel takes it.

use std::borrow::Cow;

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{self, Nullable, Untyped};

use crate::driver::{Result, Statement, Value};

/// A statement of ours. Unlike `diesel::sql_query` it stays prepared.
///
/// diesel writes a placeholder wherever it is given a value, and our text has its own; so the values are given inside
/// a comment before it. A database looks for placeholders in no comment, and values are bound by their position.
pub(super) struct Prepared {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Prepared {
    pub(super) fn of(statement: Statement) -> Result<Self> {
        let (sql, values) = statement.into_parts()?;
        Ok(Self { sql, values })
    }

    fn walk<'b, DB: diesel::backend::Backend>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        bind: impl Fn(&'b Value, &mut AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        if !self.values.is_empty() {
            out.push_sql("/*");
            for value in &self.values {
                bind(value, &mut out)?;
            }
            out.push_sql("*/");
        }
        out.push_sql(&self.sql);
        Ok(())
    }
}

impl Query for Prepared {
    type SqlType = Untyped;
}

impl<Connection> diesel::RunQueryDsl<Connection> for Prepared {}

/// Found again by its text.
impl QueryId for Prepared {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(feature = "diesel-sqlite")]
impl QueryFragment<diesel::sqlite::Sqlite> for Prepared {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        self.walk(out, |value, out| match value {
            Value::Bool(value) => out.push_bind_param::<Nullable<sql_types::Bool>, _>(value),
            Value::Int(value) => out.push_bind_param::<Nullable<sql_types::Integer>, _>(value),
            Value::BigInt(value) => out.push_bind_param::<Nullable<sql_types::BigInt>, _>(value),
            Value::Text(value) => out.push_bind_param::<Nullable<sql_types::Text>, _>(value),
            Value::Bytes(value) => out.push_bind_param::<Nullable<sql_types::Binary>, _>(value),
            Value::Uuid(Some(id)) => out.push_bind_param::<sql_types::Binary, [u8]>(id.as_bytes()),
            Value::Uuid(None) => {
                out.push_bind_param::<Nullable<sql_types::Binary>, _>(&None::<&'static [u8]>)
            }
            // `sqlite::texts` made texts of the first, and SQLite has no arrays.
            Value::Jsonb(_)
            | Value::Ints(_)
            | Value::BigInts(_)
            | Value::Texts(_)
            | Value::ByteStrings(_)
            | Value::Uuids(_)
            | Value::Jsonbs(_) => {
                Err(diesel::result::Error::SerializationError("SQLite has no such type".into()))
            }
        })
    }
}

#[cfg(feature = "diesel-sqlite")]
impl Prepared {
    /// With texts in place of what SQLite keeps as such.
    pub(super) fn with_texts(mut self) -> Self {
        for value in &mut self.values {
            if let Value::Jsonb(json) = value {
                *value = Value::Text(json.take().map(|json| json.to_string()));
            }
        }
        self
    }
}

#[cfg(feature = "diesel-postgres")]
impl QueryFragment<diesel::pg::Pg> for Prepared {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, diesel::pg::Pg>) -> QueryResult<()> {
        use sql_types::Array;

        self.walk(out, |value, out| match value {
            Value::Bool(value) => out.push_bind_param::<Nullable<sql_types::Bool>, _>(value),
            Value::Int(value) => out.push_bind_param::<Nullable<sql_types::Integer>, _>(value),
            Value::BigInt(value) => out.push_bind_param::<Nullable<sql_types::BigInt>, _>(value),
            Value::Text(value) => out.push_bind_param::<Nullable<sql_types::Text>, _>(value),
            Value::Bytes(value) => out.push_bind_param::<Nullable<sql_types::Binary>, _>(value),
            Value::Uuid(value) => out.push_bind_param::<Nullable<sql_types::Uuid>, _>(value),
            Value::Jsonb(value) => out.push_bind_param::<Nullable<sql_types::Jsonb>, _>(value),
            Value::Ints(values) => out.push_bind_param::<Array<Nullable<sql_types::Integer>>, _>(values),
            Value::BigInts(values) => out.push_bind_param::<Array<Nullable<sql_types::BigInt>>, _>(values),
            Value::Texts(values) => out.push_bind_param::<Array<Nullable<sql_types::Text>>, _>(values),
            Value::ByteStrings(values) => {
                out.push_bind_param::<Array<Nullable<sql_types::Binary>>, _>(values)
            }
            Value::Uuids(values) => out.push_bind_param::<Array<Nullable<sql_types::Uuid>>, _>(values),
            Value::Jsonbs(values) => out.push_bind_param::<Array<Nullable<sql_types::Jsonb>>, _>(values),
        })
    }
}
