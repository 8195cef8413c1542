//! One state of a SQLite database as a file of its own.

use std::path::Path;

use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};

use uuid::Uuid;

use super::connection::{Connection, is_postgres};
use crate::StoreOptions;

/// Writes what a SQLite database holds at this moment into a new file, packed, while its server reads and writes on. Every
/// write that was acknowledged before the call is in it. The file is whole when this returns, and on disk.
///
/// # Errors
/// `Unsupported` with code `backup.postgres` for a PostgreSQL database, which has tools of its own; `Unavailable` if the
/// database can't be opened or read, or the file not be written.
pub async fn snapshot(address: &str, options: &StoreOptions, to: &Path) -> CoreResult<()> {
    if is_postgres(address) {
        return Err(CoreError::new(
            ErrorKind::Unsupported,
            "backup.postgres",
            "PostgreSQL is backed up by pg_dump",
        ));
    }
    let path = to.to_str().ok_or_else(|| {
        CoreError::invalid("backup.path", "the path of the backup is no UTF-8; choose another")
    })?;
    let mut connection = Connection::open(address, options, false).await?;
    // Reads in one transaction, which writers don't wait for; the online backup of SQLite would begin anew after each
    // write of another process.
    let written = connection.execute(&format!("VACUUM INTO '{}'", path.replace('\'', "''"))).await;
    connection.close().await;
    written?;
    let file = std::fs::OpenOptions::new().read(true).write(true).open(to);
    file.and_then(|file| file.sync_all()).map_err(|error| {
        CoreError::unavailable("backup.write", "the copy of the database can't be written to disk; make room")
            .with_source(error)
    })
}

/// Takes uploaded files out of use in a snapshot, as the server did that removed them after it was made. False if something
/// in the snapshot uses one of them, so that it stays as it was.
///
/// # Errors
/// `Unavailable` if the snapshot can't be opened or written.
pub async fn remove_files(snapshot: &str, files: &[Uuid], removed_at: Timestamp) -> CoreResult<bool> {
    let mut connection = Connection::open(snapshot, &StoreOptions::default(), true).await?;
    let ids: Vec<_> = files.iter().map(|id| format!("x'{}'", id.simple())).collect();
    let update = format!(
        "UPDATE input_files SET removed_at = {}, revision = revision + 1 WHERE id IN ({})",
        removed_at.timestamp_micros(),
        ids.join(", ")
    );
    let updated = connection.execute(&update).await.map_err(CoreError::from);
    connection.close().await;
    match updated {
        Err(error) if error.code() == "file.in_use" => Ok(false),
        updated => updated.map(|()| true),
    }
}
