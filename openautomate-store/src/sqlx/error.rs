//! What goes wrong below, and the one place that says what it means to the core.

use std::sync::Arc;

use libsqlite3_sys as codes;
use openautomate_core::error::{Error as CoreError, ErrorKind};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The texts that our triggers raise (`migrations/sqlite`): ours, so that they may be compared.
pub(crate) mod raised {
    pub(crate) const EXECUTION_TRANSITION: &str = "execution.transition";
    pub(crate) const EXECUTION_EPOCH: &str = "execution.epoch";
    pub(crate) const ATTEMPT_TRANSITION: &str = "attempt.transition";
    pub(crate) const AUDIT_APPEND_ONLY: &str = "audit.append_only";
    pub(crate) const FILE_IN_USE: &str = "file.in_use";
    pub(crate) const REFERENCE_MISSING: &str = "reference.missing";
    pub(crate) const NAME_TAKEN: &str = "name.taken";
}

/// What goes wrong in a sqlx adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store decided so: a stale row, a stale lease, a missing agent.
    #[error(transparent)]
    Refused(#[from] CoreError),
    #[error("the database refused or did not answer")]
    Database(#[from] sqlx::Error),
    #[error("a stored {what} can't be read")]
    Row { what: &'static str, source: Source },
    #[error("the transaction could not be committed")]
    Uncommitted(Arc<sqlx::Error>),
    #[error("the store is closed")]
    Closed,
    #[error("a write panicked")]
    Panicked,
}

impl From<Error> for CoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error,
            Error::Database(error) => of_database(error),
            error @ Error::Row { .. } => {
                CoreError::internal("store.row", "a stored row can't be read; check the database")
                    .with_source(error)
            }
            Error::Uncommitted(error) => CoreError::unavailable(
                "store.commit",
                "the database could not commit; nothing was written, try again",
            )
            .with_source(error),
            Error::Closed => CoreError::unavailable("store.closed", "the store is closed; open it again"),
            Error::Panicked => {
                CoreError::internal("store.panic", "a write panicked; nothing of it was written")
            }
        }
    }
}

/// The extended result code, <https://www.sqlite.org/rescode.html>.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn of_database(error: sqlx::Error) -> CoreError {
    let Some(code) = sqlite_code(&error) else {
        return match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                CoreError::internal("store.row", "a stored row can't be read; check the database")
                    .with_source(error)
            }
            sqlx::Error::Encode(_) => {
                CoreError::internal("store.encode", "a row can't be written as it is").with_source(error)
            }
            sqlx::Error::PoolClosed => Error::Closed.into(),
            _ => unanswered(error),
        };
    };
    match code {
        codes::SQLITE_CONSTRAINT_FOREIGNKEY => missing().with_source(error),
        codes::SQLITE_CONSTRAINT_UNIQUE | codes::SQLITE_CONSTRAINT_PRIMARYKEY => taken().with_source(error),
        codes::SQLITE_CONSTRAINT_TRIGGER => of_trigger(error),
        _ => of_primary_code(code & 0xff, error),
    }
}

fn of_primary_code(code: i32, error: sqlx::Error) -> CoreError {
    match code {
        codes::SQLITE_CORRUPT | codes::SQLITE_NOTADB => {
            CoreError::internal("store.corrupt", "the database file is damaged; restore a backup")
                .with_source(error)
        }
        codes::SQLITE_CONSTRAINT => {
            CoreError::internal("store.constraint", "the database refuses a row that breaks an invariant")
                .with_source(error)
        }
        codes::SQLITE_FULL => {
            CoreError::unavailable("store.full", "the disk of the database is full; make room and try again")
                .with_source(error)
        }
        codes::SQLITE_BUSY
        | codes::SQLITE_LOCKED
        | codes::SQLITE_IOERR
        | codes::SQLITE_CANTOPEN
        | codes::SQLITE_READONLY
        | codes::SQLITE_NOMEM
        | codes::SQLITE_INTERRUPT
        | codes::SQLITE_PROTOCOL => unanswered(error),
        _ => CoreError::internal("store.sql", "the database refuses a statement").with_source(error),
    }
}

fn of_trigger(error: sqlx::Error) -> CoreError {
    let text = error.as_database_error().map(|error| error.message().to_owned()).unwrap_or_default();
    let refused = match text.as_str() {
        raised::EXECUTION_TRANSITION => CoreError::new(
            ErrorKind::Conflict,
            "execution.transition",
            "the execution can't change to this state",
        ),
        raised::ATTEMPT_TRANSITION => CoreError::new(
            ErrorKind::Conflict,
            "attempt.transition",
            "the attempt can't change to this state",
        ),
        raised::EXECUTION_EPOCH => CoreError::conflict("execution.epoch", "a lease epoch can't fall"),
        raised::AUDIT_APPEND_ONLY => {
            CoreError::conflict("audit.append_only", "audit entries are never changed or removed")
        }
        raised::FILE_IN_USE => CoreError::conflict(
            "file.in_use",
            "an execution or a schedule uses the file; it goes when they do",
        ),
        raised::REFERENCE_MISSING => missing(),
        raised::NAME_TAKEN => taken(),
        _ => CoreError::internal("store.constraint", "a trigger of the database refuses the change"),
    };
    refused.with_source(error)
}

fn missing() -> CoreError {
    CoreError::invalid("reference.missing", "something that this names does not exist; look it up again")
}

fn taken() -> CoreError {
    CoreError::conflict("name.taken", "the id or a name that must be unique is taken; choose another")
}

fn unanswered(error: sqlx::Error) -> CoreError {
    CoreError::unavailable("store.unavailable", "the database did not answer; try again").with_source(error)
}
