//! The databases that are measured side by side.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Builder;

const VARIABLE: &str = "OPENAUTOMATE_TEST_POSTGRES";
const LOCAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file, every commit on the disk.
    Sqlite,
    /// The server that `OPENAUTOMATE_TEST_POSTGRES` names, or the one on this machine.
    Postgres,
}

impl Database {
    /// SQLite, and PostgreSQL if a server answers.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let answers = blocking(async { PgConnection::connect(&server()).await.is_ok() });
        if answers { vec![Self::Sqlite, Self::Postgres] } else { vec![Self::Sqlite] }
    }

    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Where a store is while it is measured; removed afterwards.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    schema: Option<String>,
}

impl Home {
    /// A fresh one.
    ///
    /// # Panics
    /// If there is no room for it.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let folder = TempDir::new().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let schema = (database == Database::Postgres).then(|| {
            let name = folder.path().file_name().map(|name| name.to_string_lossy().to_lowercase());
            let plain = name.unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "");
            format!("bench_{}_{plain}", std::process::id())
        });
        Self { folder, schema }
    }

    /// A folder for whatever goes with the store.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The file of a store in SQLite.
    #[must_use]
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("store.db")
    }

    /// The schema of a store in PostgreSQL; empty otherwise.
    pub(crate) fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or_default()
    }

    /// The address of the store.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}?schema={schema}", server()),
            None => format!("sqlite:{}", self.file().display()),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Some(schema) = self.schema.take() else { return };
        blocking(async move {
            let drop_it = format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE");
            // What is left behind if that fails is named in the error.
            let dropped = async {
                let mut connection = PgConnection::connect(&server()).await?;
                sqlx::raw_sql(AssertSqlSafe(drop_it)).execute(&mut connection).await
            };
            dropped.await.unwrap_or_else(|error| panic!("the schema {schema} is left behind: {error}"));
        });
    }
}

pub(crate) fn server() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| LOCAL.to_owned())
}

/// On a thread of its own: the caller may be inside a runtime.
fn blocking<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(work)
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
