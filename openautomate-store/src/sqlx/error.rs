//! What goes wrong below, and the one place that says what it means to the core. What the codes of each
//! database mean is said by its own `refusal`.

use std::sync::Arc;

use openautomate_core::error::{Error as CoreError, ErrorKind};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The texts that our triggers raise (`migrations/`): ours, so that they may be compared.
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
    /// A transaction that several writes shared; each of them is told.
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
            Error::Uncommitted(error) => {
                CoreError::unavailable("store.commit", "the database could not commit; try again")
                    .with_source(error)
            }
            Error::Closed => CoreError::unavailable("store.closed", "the store is closed; open it again"),
            Error::Panicked => {
                CoreError::internal("store.panic", "a write panicked; nothing of it was written")
            }
        }
    }
}

fn of_database(error: sqlx::Error) -> CoreError {
    match &error {
        sqlx::Error::Database(refused) => {
            #[cfg(feature = "sqlx-sqlite")]
            if refused.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                return super::sqlite::refusal(error);
            }
            #[cfg(feature = "sqlx-postgres")]
            if refused.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
                return super::postgres::refusal(error);
            }
            statement_refused(error)
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            CoreError::internal("store.row", "a stored row can't be read; check the database")
                .with_source(error)
        }
        sqlx::Error::Encode(_) => {
            CoreError::internal("store.encode", "a row can't be written as it is").with_source(error)
        }
        sqlx::Error::PoolClosed => Error::Closed.into(),
        _ => unanswered(error),
    }
}

/// What a trigger of ours means.
pub(crate) fn of_trigger(error: sqlx::Error) -> CoreError {
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
        raised::REFERENCE_MISSING => return reference_missing(error),
        raised::NAME_TAKEN => return taken(error),
        _ => CoreError::internal("store.constraint", "a trigger of the database refuses the change"),
    };
    refused.with_source(error)
}

pub(crate) fn taken(error: sqlx::Error) -> CoreError {
    CoreError::conflict("name.taken", "the id or a name that must be unique is taken; choose another")
        .with_source(error)
}

pub(crate) fn reference_missing(error: sqlx::Error) -> CoreError {
    CoreError::invalid("reference.missing", "something that this names does not exist; look it up again")
        .with_source(error)
}

pub(crate) fn invariant_broken(error: sqlx::Error) -> CoreError {
    CoreError::internal("store.constraint", "the database refuses a row that breaks an invariant")
        .with_source(error)
}

pub(crate) fn full(error: sqlx::Error) -> CoreError {
    CoreError::unavailable("store.full", "the disk of the database is full; make room and try again")
        .with_source(error)
}

pub(crate) fn statement_refused(error: sqlx::Error) -> CoreError {
    CoreError::internal("store.sql", "the database refuses a statement").with_source(error)
}

pub(crate) fn unanswered(error: sqlx::Error) -> CoreError {
    CoreError::unavailable("store.unavailable", "the database did not answer; try again").with_source(error)
}
