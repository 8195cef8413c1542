//! PostgreSQL.

mod address;
mod listen;
mod open;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Arguments as _, Postgres, Row as _};
use uuid::Uuid;

use crate::driver::{BoxError, DatabaseError, Refusal, Result, Row, Value};
use crate::sqlx::pool::driver;

driver!(Postgres, PgConnection, PgRow, Postgres, arguments);

fn arguments(values: Vec<Value>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::BigInt(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Uuid(value) => arguments.add(value),
            Value::Jsonb(value) => arguments.add(value.map(Json)),
            Value::Ints(values) => arguments.add(values),
            Value::BigInts(values) => arguments.add(values),
            Value::Texts(values) => arguments.add(values),
            Value::ByteStrings(values) => arguments.add(values),
            Value::Uuids(values) => arguments.add(values),
            Value::Jsonbs(values) => {
                arguments.add(values.into_iter().map(|value| value.map(Json)).collect::<Vec<_>>())
            }
        };
        added.map_err(|error| DatabaseError::new(Refusal::Encoding, error))?;
    }
    Ok(arguments)
}

impl Row for PgRow {
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
        Ok(self.try_get::<Option<Json<_>>, _>(column)?.map(|json| json.0))
    }
}
