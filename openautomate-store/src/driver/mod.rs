//! The seam between what is asked of a database and the library that carries it there.
//!
//! `sqlite` and `postgres` hold the SQL, written once, over the traits of this module. A driver (`sqlx`, `diesel`)
//! implements them for the connections and pools of its library.

mod column;
mod error;
mod row;
mod statement;
mod value;

use std::future::Future;
use std::ops::DerefMut;

pub(crate) use column::{Columns, micros, micros_of};
pub(crate) use error::{DatabaseError, Refusal};
pub(crate) use row::{FromColumn, Row};
pub(crate) use statement::{Statement, query};
pub(crate) use value::{BoxError, Json, Jsonb, Value, Word};

pub(crate) type Result<T, E = DatabaseError> = std::result::Result<T, E>;

/// The SQL that a database understands, and the tables that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A connection.
pub trait Connection: Send + 'static {
    /// What it finds.
    type Row: Row;

    /// What it understands.
    const DIALECT: Dialect;

    /// Runs a statement; how many rows it wrote.
    fn execute(&mut self, statement: Statement) -> impl Future<Output = Result<u64>> + Send;

    /// Runs a statement and gives every row of it.
    fn fetch_all(&mut self, statement: Statement) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// Runs a statement and gives the first row of it.
    fn fetch_optional(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Option<Self::Row>>> + Send;

    /// Runs two statements, in one go where that saves time. Their placeholders are plain question marks.
    fn execute_both(
        &mut self,
        first: Statement,
        second: Statement,
    ) -> impl Future<Output = Result<()>> + Send {
        async move {
            self.execute(first).await?;
            self.execute(second).await.map(drop)
        }
    }

    /// Runs what begins, divides and ends transactions; several statements may stand in it.
    fn control(&mut self, statements: &'static str) -> impl Future<Output = Result<()>> + Send;

    /// Runs several statements without values.
    fn run_script(&mut self, script: &str) -> impl Future<Output = Result<()>> + Send;

    /// Ends it, and says when it has.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// Several connections. Clones share them.
pub trait Pool: Clone + Send + Sync + 'static {
    /// One of them.
    type Connection: Connection;
    /// One of them in a transaction, which is rolled back when it is dropped.
    type Transaction: DerefMut<Target = Self::Connection> + Send;

    /// As [`Connection::execute`], on any of them.
    fn execute(&self, statement: Statement) -> impl Future<Output = Result<u64>> + Send;

    /// As [`Connection::fetch_all`], on any of them.
    fn fetch_all(&self, statement: Statement) -> impl Future<Output = Result<Vec<RowOf<Self>>>> + Send;

    /// As [`Connection::fetch_optional`], on any of them.
    fn fetch_optional(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Option<RowOf<Self>>>> + Send;

    /// Begins a transaction.
    fn begin(&self) -> impl Future<Output = Result<Self::Transaction>> + Send;

    /// Ends a transaction: what it wrote is there.
    fn commit(transaction: Self::Transaction) -> impl Future<Output = Result<()>> + Send;

    /// Ends a transaction: nothing of it is there.
    fn rollback(transaction: Self::Transaction) -> impl Future<Output = Result<()>> + Send;

    /// Closes all once what they do is done.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

type RowOf<P> = <<P as Pool>::Connection as Connection>::Row;

/// What a statement is run on: a connection, or any one of a pool.
pub(crate) trait Executor: Send {
    /// What it finds.
    type Row: Row;

    /// As [`Connection::execute`].
    fn execute(self, statement: Statement) -> impl Future<Output = Result<u64>> + Send;

    /// As [`Connection::fetch_all`].
    fn fetch_all(self, statement: Statement) -> impl Future<Output = Result<Vec<Self::Row>>> + Send;

    /// As [`Connection::fetch_optional`].
    fn fetch_optional(self, statement: Statement) -> impl Future<Output = Result<Option<Self::Row>>> + Send;
}

impl<C: Connection> Executor for &mut C {
    type Row = C::Row;

    fn execute(self, statement: Statement) -> impl Future<Output = Result<u64>> + Send {
        C::execute(self, statement)
    }

    fn fetch_all(self, statement: Statement) -> impl Future<Output = Result<Vec<C::Row>>> + Send {
        C::fetch_all(self, statement)
    }

    fn fetch_optional(self, statement: Statement) -> impl Future<Output = Result<Option<C::Row>>> + Send {
        C::fetch_optional(self, statement)
    }
}

impl<P: Pool> Executor for &P {
    type Row = RowOf<P>;

    fn execute(self, statement: Statement) -> impl Future<Output = Result<u64>> + Send {
        P::execute(self, statement)
    }

    fn fetch_all(self, statement: Statement) -> impl Future<Output = Result<Vec<RowOf<P>>>> + Send {
        P::fetch_all(self, statement)
    }

    fn fetch_optional(self, statement: Statement) -> impl Future<Output = Result<Option<RowOf<P>>>> + Send {
        P::fetch_optional(self, statement)
    }
}
