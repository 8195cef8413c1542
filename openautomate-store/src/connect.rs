//! From an address to a store.

use std::path::PathBuf;
use std::sync::Arc;

use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::secret::Secret;
use openautomate_core::store::Store;

/// How a store is opened. The defaults suit a server.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// SQLite: how many connections read at once (default 4, at least 1).
    pub read_connections: u32,
    /// How many waiting writes share one transaction at most (default 256, at least 1).
    pub group_limit: usize,
    /// PostgreSQL: how many connections there are at most, one of which listens to other servers (default 16,
    /// at least 2).
    pub connections: u32,
    /// PostgreSQL: the schema that everything lies in, instead of the one that the address names; one a store
    /// (default `openautomate`).
    pub schema: Option<String>,
    /// PostgreSQL: the password, instead of the one in the address, `PGPASSWORD` or the password file.
    pub password: Option<Secret<String>>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { read_connections: 4, group_limit: 256, connections: 16, schema: None, password: None }
    }
}

/// Opens the store at `address`. Migrations are run.
///
/// - `sqlite:path`, `sqlite://path` or a plain path is a SQLite file, made if it is not there. A second
///   process on the same file is refused.
/// - `postgres://user@host:port/database?schema=name` is a schema of a PostgreSQL database, made if it is not
///   there. Any number of processes may use it. Further parameters are those of libpq: `sslmode`,
///   `sslrootcert`, `sslcert`, `sslkey`, `host`, `port`, `user`, `dbname`. Unless `sslmode` says otherwise a
///   connection beyond this machine is encrypted and the server's certificate checked (`verify-full`).
///
/// Where adapters on both libraries are built in, a file is opened by the one on diesel, whose writer needs no change of
/// threads for a statement, and a PostgreSQL database by the one on sqlx; the others are opened by their own `open`.
///
/// No error shows an address: it may hold a password.
///
/// # Errors
/// `Unsupported` with code `store.address` for another scheme, for a database in memory and for a scheme
/// whose feature is not built in; `Unavailable` with code `store.in_use` if another process has the file
/// open, `store.open` if it can't be opened or reached; `Invalid` with code `store.not_a_database`,
/// `store.newer` or `store.altered` if it is not a database of this version.
pub async fn connect(address: &str, options: StoreOptions) -> Result<Arc<dyn Store>> {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return open_postgres(address, options).await;
    }
    let path = sqlite_path(address)?;
    open_sqlite(path, options).await
}

#[cfg(feature = "sqlx-postgres")]
async fn open_postgres(address: &str, options: StoreOptions) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(crate::sqlx::PostgresStore::open(address, options).await?))
}

#[cfg(all(feature = "diesel-postgres", not(feature = "sqlx-postgres")))]
async fn open_postgres(address: &str, options: StoreOptions) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(crate::diesel::PostgresStore::open(address, options).await?))
}

#[cfg(not(any(feature = "sqlx-postgres", feature = "diesel-postgres")))]
async fn open_postgres(_: &str, _: StoreOptions) -> Result<Arc<dyn Store>> {
    Err(unsupported(
        "this build holds no PostgreSQL adapter; enable the feature sqlx-postgres or diesel-postgres",
    ))
}

#[cfg(all(feature = "sqlx-sqlite", not(feature = "diesel-sqlite")))]
async fn open_sqlite(path: PathBuf, options: StoreOptions) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(crate::sqlx::SqliteStore::open(path, options).await?))
}

#[cfg(feature = "diesel-sqlite")]
async fn open_sqlite(path: PathBuf, options: StoreOptions) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(crate::diesel::SqliteStore::open(path, options).await?))
}

#[cfg(not(any(feature = "sqlx-sqlite", feature = "diesel-sqlite")))]
async fn open_sqlite(_: PathBuf, _: StoreOptions) -> Result<Arc<dyn Store>> {
    Err(unsupported("this build holds no SQLite adapter; enable the feature sqlx-sqlite or diesel-sqlite"))
}

fn unsupported(message: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "store.address", message)
}

pub(crate) fn sqlite_path(address: &str) -> Result<PathBuf> {
    let path = match address.strip_prefix("sqlite:") {
        Some(rest) if rest.contains('?') => {
            return Err(unsupported("the address of a SQLite file takes no options after a question mark"));
        }
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None if address.contains("://") => {
            return Err(unsupported(
                "the address has a scheme that no adapter of this build knows; use sqlite:path or postgres://…",
            ));
        }
        None => address,
    };
    if path.is_empty() || path.contains(":memory:") {
        return Err(unsupported(
            "a database in memory can't keep what it acknowledged; give the path of a file",
        ));
    }
    // `sqlite:///C:/x` has a slash before the drive.
    let bytes = path.as_bytes();
    let before_drive =
        bytes.len() > 2 && bytes[0] == b'/' && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
    Ok(PathBuf::from(if before_drive { &path[1..] } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_file() {
        for (address, path) in [
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite://a/b.db", "a/b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
            ("sqlite:///C:/a/b.db", "C:/a/b.db"),
            ("/a/b.db", "/a/b.db"),
            (r"C:\a\b.db", r"C:\a\b.db"),
        ] {
            assert_eq!(sqlite_path(address).unwrap(), PathBuf::from(path), "{address}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for address in ["", "sqlite:", "sqlite::memory:", "mysql://host/db", "sqlite:a.db?mode=ro"] {
            assert_eq!(sqlite_path(address).unwrap_err().kind(), ErrorKind::Unsupported, "{address}");
        }
    }
}
