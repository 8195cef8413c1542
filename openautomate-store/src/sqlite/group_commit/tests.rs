//! The writer, with writes that wait, fail and panic when they are told to.

use std::path::PathBuf;
use std::pin::pin;

use futures_util::future::join_all;
use openautomate_core::ErrorKind;
use openautomate_core::error::Error as CoreError;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::driver::query;

/// Writes a number, then fails or panics if it is told to.
struct Put {
    number: i64,
    then: Then,
}

enum Then {
    Return,
    Fail,
    Panic,
    /// Says that it began, and goes on when it is let.
    Wait(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// Ends the whole transaction, as SQLite does by itself when the disk is full.
    EndTransaction,
}

impl Operation for Put {
    type Output = i64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<i64> {
        query("INSERT INTO numbers (number) VALUES (?)").bind(self.number).execute(&mut *connection).await?;
        match self.then {
            Then::Return => {}
            Then::Fail => return Err(CoreError::conflict("test.fail", "told to fail").into()),
            Then::Panic => panic!("told to panic"),
            Then::Wait(began, go) => {
                began.send(()).unwrap();
                go.await.unwrap();
            }
            Then::EndTransaction => {
                connection.control("ROLLBACK").await?;
            }
        }
        Ok(self.number)
    }
}

struct Bench {
    _folder: TempDir,
    path: PathBuf,
    writer: GroupCommit<SqliteConnection>,
}

impl Bench {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("numbers.db");
        let options =
            SqliteConnectOptions::new().filename(&path).create_if_missing(true).pragma("journal_mode", "WAL");
        let mut connection = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
            .execute(&mut connection)
            .await
            .unwrap();
        let lock = File::create(folder.path().join("lock")).unwrap();
        let writer = GroupCommit::start(connection, options, 256, lock);
        Self { _folder: folder, path, writer }
    }

    async fn put(&self, number: i64, then: Then) -> CoreResult<i64> {
        self.writer.commit(Put { number, then }).await
    }

    /// What another connection sees.
    async fn numbers(&self) -> Vec<i64> {
        let mut connection = SqliteConnectOptions::new().filename(&self.path).connect().await.unwrap();
        sqlx::query_scalar("SELECT number FROM numbers ORDER BY number")
            .fetch_all(&mut connection)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn many_at_once_are_all_there_and_failures_hurt_nobody() {
    let bench = Bench::new().await;
    let then = |number| match number % 10 {
        3 => Then::Fail,
        7 => Then::Panic,
        _ => Then::Return,
    };
    let answers = join_all((0..100).map(|number| bench.put(number, then(number)))).await;
    for (number, answer) in (0..).zip(&answers) {
        match number % 10 {
            3 => assert_eq!(answer.as_ref().unwrap_err().code(), "test.fail"),
            7 => assert_eq!(answer.as_ref().unwrap_err().code(), "store.panic"),
            _ => assert_eq!(*answer.as_ref().unwrap(), number),
        }
    }
    let expected: Vec<i64> = (0..100).filter(|number| ![3, 7].contains(&(number % 10))).collect();
    assert_eq!(bench.numbers().await, expected);
}

#[tokio::test]
async fn what_waits_shares_a_transaction() {
    let bench = Bench::new().await;
    let (began, has_begun) = oneshot::channel();
    let (let_go, go) = oneshot::channel();
    // The first holds the writer, so that the others wait together.
    let (first_began, first_has_begun) = oneshot::channel();
    let (let_first_go, first_go) = oneshot::channel();
    let first = bench.put(1, Then::Wait(first_began, first_go));
    let others = async {
        first_has_begun.await.unwrap();
        let group = join_all([
            bench.put(2, Then::Return),
            bench.put(3, Then::Fail),
            bench.put(4, Then::Wait(began, go)),
            bench.put(5, Then::Return),
        ]);
        let look = async {
            let_first_go.send(()).unwrap();
            has_begun.await.unwrap();
            assert_eq!(bench.numbers().await, [1], "2 is written, and committed with 4 only");
            let_go.send(()).unwrap();
        };
        tokio::join!(group, look).0
    };
    let (first, others) = tokio::join!(first, others);
    assert_eq!(first.unwrap(), 1);
    assert_eq!(others.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(bench.numbers().await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn a_lone_failure_or_panic_is_rolled_back() {
    let bench = Bench::new().await;
    assert_eq!(bench.put(1, Then::Fail).await.unwrap_err().code(), "test.fail");
    assert_eq!(bench.put(2, Then::Panic).await.unwrap_err().code(), "store.panic");
    assert_eq!(bench.put(3, Then::Return).await.unwrap(), 3);
    assert_eq!(bench.numbers().await, [3]);
}

#[tokio::test]
async fn a_transaction_that_is_lost_fails_the_whole_group_and_nobody_after() {
    let bench = Bench::new().await;
    let group = join_all([
        bench.put(1, Then::Return),
        bench.put(2, Then::EndTransaction),
        bench.put(3, Then::Return),
    ]);
    for answer in group.await {
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "store.commit"));
    }
    assert_eq!(bench.put(4, Then::Return).await.unwrap(), 4);
    assert_eq!(bench.numbers().await, [4]);
}

#[tokio::test]
async fn a_dropped_caller_leaves_the_writer_alone() {
    let bench = Bench::new().await;
    let (began, has_begun) = oneshot::channel();
    let (let_go, go) = oneshot::channel();
    {
        // Dropped while it runs: it is committed all the same.
        let mut running = pin!(bench.put(1, Then::Wait(began, go)));
        tokio::select! {
            _ = &mut running => unreachable!("it waits"),
            begun = has_begun => begun.unwrap(),
        }
        // Dropped while it waits: it is left out.
        let mut waiting = pin!(bench.put(2, Then::Return));
        tokio::select! {
            biased;
            _ = &mut waiting => unreachable!("the writer is held"),
            () = std::future::ready(()) => {}
        }
    }
    let_go.send(()).unwrap();
    assert_eq!(bench.put(3, Then::Return).await.unwrap(), 3);
    assert_eq!(bench.numbers().await, [1, 3]);
}

#[tokio::test]
async fn closing_finishes_what_waits() {
    let bench = Bench::new().await;
    let (began, has_begun) = oneshot::channel();
    let (let_go, go) = oneshot::channel();
    let running = bench.put(1, Then::Wait(began, go));
    let rest = async {
        has_begun.await.unwrap();
        let waiting = bench.put(2, Then::Return);
        let closing = async {
            let close = bench.writer.close();
            let_go.send(()).unwrap();
            close.await;
        };
        tokio::join!(waiting, closing).0
    };
    let (running, waiting) = tokio::join!(running, rest);
    assert_eq!((running.unwrap(), waiting.unwrap()), (1, 2));
    assert_eq!(bench.put(3, Then::Return).await.unwrap_err().code(), "store.closed");
    assert_eq!(bench.numbers().await, [1, 2]);
}
