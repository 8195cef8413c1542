//! Writes that wait at the same time share their statements.
//!
//! A statement costs a round trip and a commit the disk, whether it writes one row or a hundred. So writes of
//! one kind queue: a group is whatever waits when a lane is free. Under load the groups grow by themselves;
//! without load a write waits for nobody.
//!
//! A row that is refused refuses its own write alone. A write whose caller has gone before it began is left
//! out; one whose caller goes later is written all the same.

use std::future::Future;
use std::sync::Arc;

use openautomate_core::error::Result as CoreResult;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::driver::{Pool, Refusal};
use crate::error::{Error, Result};

/// How many groups of a kind are under way at once: one is decided on while another waits for the disk.
const LANES: usize = 2;

/// A write that can be done together with others of its kind.
pub(super) trait Grouped: Sized + Send + Sync + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// Does all of them; one answer each, in order. An error means that nothing was written.
    fn run_all<P: Pool>(
        writes: &[Self],
        pool: &P,
    ) -> impl Future<Output = Result<Vec<Result<Self::Output>>>> + Send;
}

struct Waiting<W: Grouped> {
    write: W,
    reply: oneshot::Sender<Result<W::Output>>,
}

/// The queue of one kind of write. Clones share it; it ends when the last is gone.
pub(super) struct Group<W: Grouped> {
    waiting: mpsc::Sender<Waiting<W>>,
}

impl<W: Grouped> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone() }
    }
}

impl<W: Grouped> Group<W> {
    /// Starts the queue. At most `limit` writes share their statements.
    pub(super) fn start(pool: impl Pool, limit: usize) -> Self {
        let limit = limit.max(1);
        // Room for the next groups; who finds it full waits, which bounds the memory.
        let (waiting, queue) = mpsc::channel(4 * limit);
        tokio::spawn(run(queue, pool, limit));
        Self { waiting }
    }

    /// Does one write, together with others that wait.
    pub(super) async fn write(&self, write: W) -> CoreResult<W::Output> {
        let (reply, answer) = oneshot::channel();
        self.waiting.send(Waiting { write, reply }).await.map_err(|_| Error::Closed)?;
        // The group's task ends without an answer only by a panic.
        Ok(answer.await.map_err(|_| Error::Panicked)??)
    }
}

async fn run<W: Grouped>(mut queue: mpsc::Receiver<Waiting<W>>, pool: impl Pool, limit: usize) {
    let lanes = Arc::new(Semaphore::new(LANES));
    loop {
        let Ok(lane) = Arc::clone(&lanes).acquire_owned().await else { return };
        let mut group = Vec::new();
        if queue.recv_many(&mut group, limit).await == 0 {
            return;
        }
        group.retain(|waiting| !waiting.reply.is_closed());
        if group.is_empty() {
            continue;
        }
        let pool = pool.clone();
        tokio::spawn(async move {
            answer(group, &pool).await;
            drop(lane);
        });
    }
}

async fn answer<W: Grouped>(group: Vec<Waiting<W>>, pool: &impl Pool) {
    let (writes, replies): (Vec<_>, Vec<_>) =
        group.into_iter().map(|waiting| (waiting.write, waiting.reply)).unzip();
    let answers = match W::run_all(&writes, pool).await {
        Ok(answers) => answers,
        Err(error) if writes.len() > 1 && concerns_one(&error) => one_by_one(&writes, pool).await,
        Err(error) => all_alike(error, writes.len()),
    };
    for (reply, answer) in replies.into_iter().zip(answers) {
        // The caller may have gone meanwhile.
        let _ = reply.send(answer);
    }
}

fn concerns_one(error: &Error) -> bool {
    match error {
        Error::Database(error) => error.refusal().is_of_a_row(),
        Error::Refused(_) | Error::Row { .. } => true,
        Error::Uncommitted(_) | Error::Closed | Error::Panicked => false,
    }
}

async fn one_by_one<W: Grouped>(writes: &[W], pool: &impl Pool) -> Vec<Result<W::Output>> {
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        let answer = W::run_all(std::slice::from_ref(write), pool).await;
        answers.push(answer.and_then(|mut only| only.pop().unwrap_or(Err(Error::Panicked))));
    }
    answers
}

fn all_alike<T>(error: Error, count: usize) -> Vec<Result<T>> {
    match error {
        error if count == 1 => vec![Err(error)],
        Error::Database(error) if error.refusal() == Refusal::Closed => {
            (0..count).map(|_| Err(Error::Closed)).collect()
        }
        Error::Database(error) => {
            let error = Arc::new(error);
            (0..count).map(|_| Err(Error::Uncommitted(Arc::clone(&error)))).collect()
        }
        Error::Uncommitted(error) => {
            (0..count).map(|_| Err(Error::Uncommitted(Arc::clone(&error)))).collect()
        }
        _ => (0..count).map(|_| Err(Error::Closed)).collect(),
    }
}
