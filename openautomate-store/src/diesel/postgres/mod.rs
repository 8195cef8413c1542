//! PostgreSQL, through diesel-async.

mod connect;
mod pool;

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::{Pg, PgValue};
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Jsonb, Text, Uuid as UuidType};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};

use super::error::{of_postgres, refused};
use super::query::Prepared;
use super::row::{Cell, Found};
use crate::driver::{Connection, DatabaseError, Dialect, Result, Statement};

pub use pool::PostgresPool;

/// The numbers of the types that our statements find, <https://www.postgresql.org/docs/current/datatype-oid.html>.
mod types {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const UUID: u32 = 2950;
    pub(super) const JSONB: u32 = 3802;
}

impl Connection for AsyncPgConnection {
    type Row = Found;

    const DIALECT: Dialect = Dialect::Postgres;

    async fn execute(&mut self, statement: Statement) -> Result<u64> {
        let count = Prepared::of(statement)?.execute(self).await.map_err(not_done)?;
        Ok(count as u64)
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Found>> {
        Prepared::of(statement)?.load(self).await.map_err(not_done)
    }

    async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Found>> {
        Ok(Connection::fetch_all(self, statement).await?.into_iter().next())
    }

    async fn control(&mut self, statements: &'static str) -> Result<()> {
        self.batch_execute(statements).await.map_err(not_done)
    }

    async fn run_script(&mut self, script: &str) -> Result<()> {
        self.batch_execute(script).await.map_err(not_done)
    }

    async fn close(self) -> Result<()> {
        drop(self);
        Ok(())
    }
}

fn not_done(error: diesel::result::Error) -> DatabaseError {
    refused(error, of_postgres)
}

impl QueryableByName<Pg> for Found {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        Self::read(row, cell)
    }
}

fn cell(value: PgValue<'_>) -> deserialize::Result<Cell> {
    Ok(match value.get_oid().get() {
        types::BOOL => Cell::Bool(<bool as FromSql<Bool, Pg>>::from_sql(value)?),
        types::INT4 => Cell::Integer(<i32 as FromSql<Integer, Pg>>::from_sql(value)?.into()),
        types::INT8 => Cell::Integer(<i64 as FromSql<BigInt, Pg>>::from_sql(value)?),
        types::TEXT => Cell::Text(<String as FromSql<Text, Pg>>::from_sql(value)?),
        types::BYTEA => Cell::Bytes(<Vec<u8> as FromSql<Binary, Pg>>::from_sql(value)?),
        types::UUID => Cell::Uuid(<uuid::Uuid as FromSql<UuidType, Pg>>::from_sql(value)?),
        types::JSONB => Cell::Json(<serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?),
        _ => Cell::Other,
    })
}
