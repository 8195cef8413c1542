//! One writer, many waiting writes, one fsync.
//!
//! SQLite lets one connection write at a time and waits for the disk once a commit. So one task owns the
//! writing connection; it takes the first waiting write and every other that waits already, runs each in a
//! savepoint of its own inside one transaction, commits once, and answers them all. Under load the groups
//! grow by themselves; without load a write waits for nobody.
//!
//! A write that fails is rolled back alone. A commit that fails fails the whole group: what one of them read
//! may have been another's row. A write whose caller has gone before it began is left out; one whose caller
//! goes later is committed all the same. A write that panics is rolled back, and the writer goes on.

use std::fs::File;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openautomate_core::error::Result as CoreResult;
use tokio::sync::{mpsc, oneshot};

use super::Reconnect;
use crate::driver::{Connection, DatabaseError, Refusal};
use crate::error::{Error, Result};

/// A write: what it does inside a transaction that it neither begins nor ends.
pub(super) trait Operation: Send + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// Does it. An error rolls back what it did.
    fn run<C: Connection>(self, connection: &mut C) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// Hands writes to the writer. Clones share it; the writer ends when the last is gone.
pub(crate) struct GroupCommit<C> {
    messages: mpsc::Sender<Message<C>>,
}

impl<C> Clone for GroupCommit<C> {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone() }
    }
}

enum Message<C> {
    Write(Box<dyn Job<C>>),
    Close(oneshot::Sender<()>),
}

impl<C: Connection> GroupCommit<C> {
    /// Starts the writer. It holds `lock` until it ends.
    pub(crate) fn start<R: Reconnect<Connection = C>>(
        connection: C,
        reconnect: R,
        group_limit: usize,
        lock: File,
    ) -> Self {
        let group_limit = group_limit.max(1);
        // Room for the next groups; who finds it full waits, which bounds the memory.
        let (messages, waiting) = mpsc::channel(4 * group_limit);
        R::spawn(Writer { connection, reconnect, waiting, group_limit, lock }.run());
        Self { messages }
    }

    /// Commits one write, together with others that wait.
    pub(super) async fn commit<O: Operation>(&self, operation: O) -> CoreResult<O::Output> {
        let (reply, answer) = oneshot::channel();
        let task = Task { operation: Some(operation), outcome: None, reply };
        self.messages.send(Message::Write(Box::new(task))).await.map_err(|_| Error::Closed)?;
        Ok(answer.await.map_err(|_| Error::Closed)??)
    }

    /// Ends the writer once what waits is committed. Returns when the file is closed; again it does nothing.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.messages.send(Message::Close(done)).await.is_ok() {
            // An error means that the writer is gone, which is what was asked for.
            let _ = closed.await;
        }
    }
}

/// A write whose types are erased.
trait Job<C>: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the operation and keeps its outcome; says whether it is to be committed.
    fn run<'a>(&'a mut self, connection: &'a mut C) -> BoxFuture<'a, bool>;
    /// Answers, now that the group was committed or not.
    fn answer(self: Box<Self>, committed: Result<(), Arc<DatabaseError>>);
}

struct Task<O: Operation> {
    operation: Option<O>,
    outcome: Option<Result<O::Output>>,
    reply: oneshot::Sender<Result<O::Output>>,
}

impl<O: Operation, C: Connection> Job<C> for Task<O> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run<'a>(&'a mut self, connection: &'a mut C) -> BoxFuture<'a, bool> {
        let operation = self.operation.take().expect("invariant: a task runs once");
        async move {
            // Whatever a panic leaves half-done in the database is rolled back, and the operation is gone.
            let outcome = AssertUnwindSafe(operation.run(connection)).catch_unwind().await;
            let outcome = outcome.unwrap_or(Err(Error::Panicked));
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        }
        .boxed()
    }

    fn answer(self: Box<Self>, committed: Result<(), Arc<DatabaseError>>) {
        let answer = match committed {
            Ok(()) => self.outcome.unwrap_or(Err(Error::Closed)),
            Err(error) => Err(Error::Uncommitted(error)),
        };
        // The caller may have gone meanwhile.
        let _ = self.reply.send(answer);
    }
}

struct Writer<R: Reconnect> {
    connection: R::Connection,
    reconnect: R,
    waiting: mpsc::Receiver<Message<R::Connection>>,
    group_limit: usize,
    lock: File,
}

impl<R: Reconnect> Writer<R> {
    async fn run(mut self) {
        let mut messages = Vec::with_capacity(self.group_limit);
        let mut closers = Vec::new();
        while self.waiting.recv_many(&mut messages, self.group_limit).await > 0 {
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(job) if job.is_abandoned() => {}
                    Message::Write(job) => group.push(job),
                    Message::Close(done) => {
                        self.waiting.close();
                        closers.push(done);
                    }
                }
            }
            if !group.is_empty() {
                self.commit(group).await;
            }
        }
        self.end().await;
        for done in closers {
            let _ = done.send(());
        }
    }

    async fn commit(&mut self, mut group: Vec<Box<dyn Job<R::Connection>>>) {
        let committed = match self.transact(&mut group).await {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::error!(%error, writes = group.len(), "a transaction could not be committed");
                // SQLite may have rolled back by itself, then this fails, and nothing is left to do.
                let _ = self.execute("ROLLBACK").await;
                Err(Arc::new(error))
            }
        };
        for job in group {
            job.answer(committed.clone());
        }
    }

    async fn transact(&mut self, group: &mut [Box<dyn Job<R::Connection>>]) -> Result<(), DatabaseError> {
        if let [job] = group {
            self.begin("BEGIN IMMEDIATE").await?;
            if !job.run(&mut self.connection).await {
                let _ = self.execute("ROLLBACK").await;
                return Ok(());
            }
            return self.execute("COMMIT").await;
        }
        // Each statement is a message to the connection's thread and back, so there is one between two writes.
        self.begin("BEGIN IMMEDIATE; SAVEPOINT operation").await?;
        for job in group {
            let next = match job.run(&mut self.connection).await {
                true => "RELEASE operation; SAVEPOINT operation",
                // The savepoint stays, for the next write.
                false => "ROLLBACK TO operation",
            };
            self.execute(next).await?;
        }
        // Releases the last savepoint, which is empty.
        self.execute("COMMIT").await
    }

    async fn begin(&mut self, statement: &'static str) -> Result<(), DatabaseError> {
        match self.execute(statement).await {
            // The connection's thread is gone, not the database: a new one goes on.
            Err(error) if error.refusal() == Refusal::Lost => {
                self.connection = self.reconnect.reconnect().await?;
                self.execute(statement).await
            }
            other => other,
        }
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), DatabaseError> {
        self.connection.control(statement).await
    }

    /// Moves the log into the database file, closes it, and only then lets another process in.
    async fn end(mut self) {
        if let Err(error) = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").await {
            tracing::warn!(%error, "the database's log could not be moved into its file; the next start does it");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database could not be closed");
        }
        drop(self.lock);
    }
}

#[cfg(test)]
#[cfg(feature = "sqlx-sqlite")]
mod tests;
