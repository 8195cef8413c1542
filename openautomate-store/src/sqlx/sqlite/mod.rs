//! SQLite.

mod open;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, Row as _, Sqlite};
use uuid::Uuid;

use crate::driver::{BoxError, DatabaseError, Refusal, Result, Row, Value};
use crate::sqlite::Reconnect;
use crate::sqlx::pool::driver;

driver!(Sqlite, SqliteConnection, SqliteRow, Sqlite, arguments);

impl Reconnect for SqliteConnectOptions {
    type Connection = SqliteConnection;

    async fn reconnect(&self) -> Result<SqliteConnection> {
        Ok(sqlx::ConnectOptions::connect(self).await?)
    }
}

fn arguments(values: Vec<Value>) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::BigInt(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Uuid(value) => arguments.add(value),
            Value::Jsonb(value) => arguments.add(value.map(|value| value.to_string())),
            Value::Ints(_)
            | Value::BigInts(_)
            | Value::Texts(_)
            | Value::ByteStrings(_)
            | Value::Uuids(_)
            | Value::Jsonbs(_) => Err("SQLite has no arrays".into()),
        };
        added.map_err(|error| DatabaseError::new(Refusal::Encoding, error))?;
    }
    Ok(arguments)
}

impl Row for SqliteRow {
    fn bool(&self, column: &str) -> Result<Option<bool>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn int(&self, column: &str) -> Result<Option<i32>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn big_int(&self, column: &str) -> Result<Option<i64>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &str) -> Result<Option<&str>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn uuid(&self, column: &str) -> Result<Option<Uuid>, BoxError> {
        Ok(self.try_get(column)?)
    }

    fn jsonb(&self, column: &str) -> Result<Option<serde_json::Value>, BoxError> {
        Ok(self.text(column)?.map(serde_json::from_str).transpose()?)
    }
}
