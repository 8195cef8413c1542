//! Writing inside a transaction that a host application holds.

use openautomate_core::changes::Changes;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};

use super::SqliteStore;
use super::commit::write;
use crate::driver::{Connection, Pool, query};
use crate::error::Result;

impl<P: Pool> SqliteStore<P> {
    /// Writes what a command decided inside a transaction that you hold: it is there if, and only if, you commit.
    /// A refusal takes all of it back and leaves the rest of your transaction as it was.
    ///
    /// The connection is one of yours to the same file. It must have `foreign_keys` on, and a transaction open that
    /// was begun by `BEGIN IMMEDIATE`: one that begins by reading can't write once anybody else has. Until you
    /// commit nobody else writes, so be brief; the store gives up after 5 seconds.
    ///
    /// Nobody is told: what waits for new work finds it once you announce the changes' events, or by its slow poll.
    ///
    /// Dropped half-way it may have written a part: roll back then.
    ///
    /// # Errors
    /// Those of [`commit`](openautomate_core::store::CommitStore::commit); `Invalid` with code
    /// `store.no_transaction` if none is open, `store.foreign_keys` if they are off.
    pub async fn commit_in(&self, connection: &mut P::Connection, changes: &Changes) -> CoreResult<()> {
        Ok(join(connection, changes).await?)
    }
}

async fn join<C: Connection>(connection: &mut C, changes: &Changes) -> Result<()> {
    check(connection).await?;
    connection.control("SAVEPOINT openautomate").await?;
    match write(changes, connection).await {
        Ok(()) => Ok(connection.control("RELEASE openautomate").await?),
        Err(error) => {
            // It fails where SQLite rolled the whole transaction back by itself, and the host's commit does then too.
            let _ = connection.control("ROLLBACK TO openautomate; RELEASE openautomate").await;
            Err(error)
        }
    }
}

async fn check<C: Connection>(connection: &mut C) -> Result<()> {
    // Inside a transaction there can't be another: no statement asks for it, but this one is told.
    if connection.control("BEGIN").await.is_ok() {
        connection.control("ROLLBACK").await?;
        let refused = "the connection is in no transaction; begin one by BEGIN IMMEDIATE";
        return Err(CoreError::invalid("store.no_transaction", refused).into());
    }
    let enforced: i64 =
        query("SELECT foreign_keys AS value FROM pragma_foreign_keys").fetch_value(connection).await?;
    if enforced == 1 {
        return Ok(());
    }
    let refused =
        "the connection does not enforce foreign keys; have it opened with PRAGMA foreign_keys = ON";
    Err(CoreError::invalid("store.foreign_keys", refused).into())
}
