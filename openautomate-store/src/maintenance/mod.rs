//! What is done with a whole database beside a store: looking whether it holds together, bringing it up to date,
//! copying it. Statements of its own on connections of its own.

mod assertion;
mod connection;
mod content;
mod copy;
mod doctor;
mod migration;
mod schema;
mod snapshot;
mod value;

use openautomate_core::error::Result;

use crate::StoreOptions;
use connection::Connection;

pub use content::{FileKind, KeptFile, KeptVersion};
pub use copy::{CopiedTable, CopyProgress, copied_columns, copy};
pub use doctor::{Check, EXAMPLES};
pub use migration::{MigrationStatus, migrate, migration_status};
pub use snapshot::{remove_files, snapshot};

/// A database that is looked at: one state of it, as it was when it was opened, whatever servers write meanwhile.
///
/// A SQLite file can't be shortened by its server as long as this lives, so it should not live for long.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens what [`connect`](crate::connect()) has made. Nothing is written and nothing migrated, and a server may run.
    ///
    /// # Errors
    /// `Unavailable` with code `store.open` if there is none or it can't be reached; `Invalid` with code
    /// `store.not_a_database` if it is something else; `Unsupported` with code `store.address`.
    pub async fn open(address: &str, options: &StoreOptions) -> Result<Self> {
        let mut connection = Connection::open(address, options, false).await?;
        connection.begin_snapshot().await?;
        Ok(Self { connection })
    }

    /// Lets go of it.
    pub async fn close(self) {
        self.connection.close().await;
    }
}
