//! Writing inside a transaction that a host application holds.

use openautomate_core::changes::Changes;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};

use super::commit::Commit;
use super::transact::Operation as _;
use super::{PostgresPool, PostgresStore};
use crate::driver::{Connection, Refusal, query};
use crate::error::Result;

impl<P: PostgresPool> PostgresStore<P> {
    /// Writes what a command decided inside a transaction that you hold: it is there if, and only if, you commit.
    /// A refusal takes all of it back and leaves the rest of your transaction as it was.
    ///
    /// The connection is one of yours to the same database; its user may write to the store's schema. Its
    /// `search_path` is that schema while the changes are written, and yours again afterwards.
    ///
    /// Another transaction may be in the way (`Unavailable`): roll back then, and run yours again.
    ///
    /// Nobody is told: what waits for new work finds it once you announce the changes' events, or by its slow poll.
    ///
    /// Dropped half-way it may have written a part: roll back then.
    ///
    /// # Errors
    /// Those of [`commit`](openautomate_core::store::CommitStore::commit); `Invalid` with code
    /// `store.no_transaction` if none is open.
    pub async fn commit_in(&self, connection: &mut P::Connection, changes: &Changes) -> CoreResult<()> {
        Ok(join(connection, self.schema(), changes).await?)
    }
}

async fn join<C: Connection>(connection: &mut C, schema: &str, changes: &Changes) -> Result<()> {
    connection.control("SAVEPOINT openautomate").await.map_err(|error| match error.refusal() {
        Refusal::NoTransaction => {
            let refused = "the connection is in no transaction; begin one";
            CoreError::invalid("store.no_transaction", refused).with_source(error).into()
        }
        _ => crate::error::Error::from(error),
    })?;
    match write(connection, schema, changes).await {
        Ok(()) => Ok(connection.control("RELEASE SAVEPOINT openautomate").await?),
        Err(error) => {
            // The search path goes back too. If this fails, so does whatever the host does next.
            let _ = connection.control("ROLLBACK TO SAVEPOINT openautomate").await;
            let _ = connection.control("RELEASE SAVEPOINT openautomate").await;
            Err(error)
        }
    }
}

async fn write<C: Connection>(connection: &mut C, schema: &str, changes: &Changes) -> Result<()> {
    const ENTER: &str = "WITH before AS MATERIALIZED (SELECT current_setting('search_path') AS value)
        SELECT value, set_config('search_path', $1, true) FROM before";
    const LEAVE: &str = "SELECT set_config('search_path', $1, true)";
    let path: String = query(ENTER).bind(schema).fetch_value(&mut *connection).await?;
    Commit(changes).run(connection).await?;
    query(LEAVE).bind(path).execute(connection).await?;
    Ok(())
}
