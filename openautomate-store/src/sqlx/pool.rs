//! Connections and pools of sqlx as drivers.

/// Implements the seam for a database of sqlx, whose values `$arguments` binds.
macro_rules! driver {
    ($database:ty, $connection:ty, $row:ty, $dialect:ident, $arguments:path) => {
        impl $crate::driver::Connection for $connection {
            type Row = $row;

            const DIALECT: $crate::driver::Dialect = $crate::driver::Dialect::$dialect;

            async fn execute(&mut self, statement: $crate::driver::Statement) -> $crate::driver::Result<u64> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments)
                    .execute(self)
                    .await?
                    .rows_affected())
            }

            async fn fetch_all(
                &mut self,
                statement: $crate::driver::Statement,
            ) -> $crate::driver::Result<Vec<$row>> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments).fetch_all(self).await?)
            }

            async fn fetch_optional(
                &mut self,
                statement: $crate::driver::Statement,
            ) -> $crate::driver::Result<Option<$row>> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments).fetch_optional(self).await?)
            }

            async fn control(&mut self, statements: &'static str) -> $crate::driver::Result<()> {
                sqlx::query::<$database>(statements).execute(self).await?;
                Ok(())
            }

            async fn run_script(&mut self, script: &str) -> $crate::driver::Result<()> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(self).await?;
                Ok(())
            }

            async fn close(self) -> $crate::driver::Result<()> {
                Ok(sqlx::Connection::close(self).await?)
            }
        }

        impl $crate::driver::Pool for sqlx::Pool<$database> {
            type Connection = $connection;
            type Transaction = sqlx::Transaction<'static, $database>;

            async fn execute(&self, statement: $crate::driver::Statement) -> $crate::driver::Result<u64> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments)
                    .execute(self)
                    .await?
                    .rows_affected())
            }

            async fn fetch_all(
                &self,
                statement: $crate::driver::Statement,
            ) -> $crate::driver::Result<Vec<$row>> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments).fetch_all(self).await?)
            }

            async fn fetch_optional(
                &self,
                statement: $crate::driver::Statement,
            ) -> $crate::driver::Result<Option<$row>> {
                Ok($crate::sqlx::pool::query!($database, statement, $arguments).fetch_optional(self).await?)
            }

            async fn begin(&self) -> $crate::driver::Result<Self::Transaction> {
                Ok(sqlx::Pool::begin(self).await?)
            }

            async fn commit(transaction: Self::Transaction) -> $crate::driver::Result<()> {
                Ok(transaction.commit().await?)
            }

            async fn rollback(transaction: Self::Transaction) -> $crate::driver::Result<()> {
                Ok(transaction.rollback().await?)
            }

            async fn close(&self) {
                sqlx::Pool::close(self).await;
            }
        }
    };
}

/// A query of sqlx made of a statement. (The text of a statement is ours, never a user's.)
macro_rules! query {
    ($database:ty, $statement:expr, $arguments:path) => {{
        let (sql, values) = $statement.into_parts()?;
        let sql = match sql {
            std::borrow::Cow::Borrowed(sql) => sqlx::SqlSafeStr::into_sql_str(sql),
            std::borrow::Cow::Owned(sql) => sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(sql)),
        };
        sqlx::query_with::<$database, _>(sql, $arguments(values)?)
    }};
}

pub(super) use {driver, query};
