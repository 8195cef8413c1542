//! Short transactions, run again where another one was in the way.

use std::future::Future;
use std::time::Duration;

use openautomate_core::error::Error as CoreError;

use crate::driver::{Connection, DatabaseError, Pool, Refusal};
use crate::error::{Error, Result};
use uuid::Uuid;

/// How often a transaction is run at most.
const TRIES: u32 = 6;
/// How long the first pause may be; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// A write: what it does inside a transaction that it neither begins nor ends. It may be run more than once,
/// each time on what the last one left: nothing.
pub(super) trait Operation: Sync {
    /// What it answers.
    type Output: Send;

    /// Does it. An error rolls back what it did.
    fn run<C: Connection>(&self, connection: &mut C) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// Runs a write in a transaction of its own. Dropped half-way it leaves nothing, or all of it.
pub(super) async fn transact<O: Operation, P: Pool>(operation: &O, pool: &P) -> Result<O::Output> {
    let mut pauses = Pauses::default();
    loop {
        match once(operation, pool).await {
            Err(Error::Database(error)) if error.refusal() == Refusal::Repeatable => {
                pauses.next(error).await?;
            }
            other => return other,
        }
    }
}

async fn once<O: Operation, P: Pool>(operation: &O, pool: &P) -> Result<O::Output> {
    let mut transaction = pool.begin().await?;
    let output = operation.run(&mut *transaction).await;
    match output {
        Ok(output) => P::commit(transaction).await.map(|()| Ok(output))?,
        Err(error) => {
            // If that fails the connection is gone, and the transaction with it.
            let _ = P::rollback(transaction).await;
            Err(error)
        }
    }
}

/// Runs a single statement, which is a transaction by itself, again where another one was in the way.
pub(super) async fn repeat<T, F: Future<Output = Result<T>>>(statement: impl Fn() -> F) -> Result<T> {
    let mut pauses = Pauses::default();
    loop {
        match statement().await {
            Err(Error::Database(error)) if error.refusal() == Refusal::Repeatable => {
                pauses.next(error).await?;
            }
            other => return other,
        }
    }
}

/// The pauses between tries: random, so that two that were in each other's way are not again.
#[derive(Default)]
struct Pauses {
    taken: u32,
}

impl Pauses {
    async fn next(&mut self, error: DatabaseError) -> Result<()> {
        self.taken += 1;
        if self.taken >= TRIES {
            let busy = CoreError::unavailable("store.busy", "other writes were in the way; try again");
            return Err(busy.with_source(error).into());
        }
        let most = FIRST_PAUSE * 2_u32.pow(self.taken - 1);
        tokio::time::sleep(most.mul_f64(share())).await;
        Ok(())
    }
}

/// A random number from 0 to 1. A version 4 UUID is the source of randomness that is here already.
fn share() -> f64 {
    let bits = Uuid::new_v4().as_u128() & u128::from(u32::MAX);
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
