//! What the databases do at most on this machine: rows of 300 bytes inserted and committed, nothing else.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, query, raw_sql};

use crate::{Database, Home};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS floor (text TEXT NOT NULL)";
/// PostgreSQL commits for several connections at once; SQLite has one that writes.
const CONNECTIONS: usize = 16;

/// Rows a second that are on the disk, `batch` of them in a commit.
///
/// # Panics
/// If the database does not do it.
pub async fn floor(database: Database, batch: usize, for_about: Duration) -> f64 {
    let home = Home::new(database);
    match database {
        Database::Sqlite => sqlite(&home, batch, for_about).await,
        Database::Postgres => postgres(&home, batch, for_about).await,
    }
    .unwrap_or_else(|error| panic!("the floor of {} can't be measured: {error}", database.name()))
}

async fn sqlite(home: &Home, batch: usize, for_about: Duration) -> sqlx::Result<f64> {
    let options = SqliteConnectOptions::new().filename(home.file()).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await?;
    connection.execute(TABLE).await?;
    let (begun, mut rows) = (Instant::now(), 0_usize);
    while begun.elapsed() < for_about {
        let mut transaction = connection.begin().await?;
        for _ in 0..batch {
            query("INSERT INTO floor VALUES (?)").bind("x".repeat(300)).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        rows += batch;
    }
    let rate = per_second(rows, begun);
    connection.close().await?;
    Ok(rate)
}

async fn postgres(home: &Home, batch: usize, for_about: Duration) -> sqlx::Result<f64> {
    let schema = home.schema().to_owned();
    let mut first = PgConnection::connect(&crate::database::server()).await?;
    let make = format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {TABLE}");
    raw_sql(AssertSqlSafe(make)).execute(&mut first).await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let set = format!("SET search_path = {schema}; SET synchronous_commit = on");
            tokio::spawn(async move {
                let mut connection = PgConnection::connect(&crate::database::server()).await?;
                raw_sql(AssertSqlSafe(set)).execute(&mut connection).await?;
                let mut rows = 0;
                while begun.elapsed() < for_about {
                    let mut transaction = connection.begin().await?;
                    for _ in 0..batch {
                        let insert = query("INSERT INTO floor VALUES ($1)").bind("x".repeat(300));
                        insert.execute(&mut *transaction).await?;
                    }
                    transaction.commit().await?;
                    rows += batch;
                }
                Ok::<_, sqlx::Error>(rows)
            })
        })
        .collect();
    let mut rows = 0;
    for task in tasks {
        rows += task.await.unwrap_or_else(|error| panic!("a task ended early: {error}"))?;
    }
    let rate = per_second(rows, begun);
    first.close().await?;
    Ok(rate)
}

#[expect(clippy::cast_precision_loss, reason = "a rate of some thousands")]
pub(crate) fn per_second(count: usize, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}
