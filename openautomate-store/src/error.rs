//! What goes wrong below, and the one place that says what it means to the core. What the codes of each
//! database mean is said by its own `refusal`.

use std::sync::Arc;

use openautomate_core::error::{Error as CoreError, ErrorKind};

use crate::driver::{DatabaseError, Refusal};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The texts that our triggers raise (`migrations/`): ours, so that they may be compared.
pub(crate) mod raised {
    pub(crate) const EXECUTION_TRANSITION: &str = "execution.transition";
    pub(crate) const EXECUTION_EPOCH: &str = "execution.epoch";
    pub(crate) const ATTEMPT_TRANSITION: &str = "attempt.transition";
    pub(crate) const AUDIT_APPEND_ONLY: &str = "audit.append_only";
    pub(crate) const FILE_IN_USE: &str = "file.in_use";
    pub(crate) const BUCKET_NOT_EMPTY: &str = "bucket.not_empty";
    pub(crate) const CALENDAR_IN_USE: &str = "calendar.in_use";
    pub(crate) const REFERENCE_MISSING: &str = "reference.missing";
    pub(crate) const NAME_TAKEN: &str = "name.taken";
    pub(crate) const WORK_ITEM_TRANSITION: &str = "workItem.transition";
    pub(crate) const WORK_ITEM_EPOCH: &str = "workItem.epoch";

    pub(crate) const ALL: &[&str] = &[
        EXECUTION_TRANSITION,
        EXECUTION_EPOCH,
        ATTEMPT_TRANSITION,
        AUDIT_APPEND_ONLY,
        FILE_IN_USE,
        BUCKET_NOT_EMPTY,
        CALENDAR_IN_USE,
        REFERENCE_MISSING,
        NAME_TAKEN,
        WORK_ITEM_TRANSITION,
        WORK_ITEM_EPOCH,
    ];
}

/// What goes wrong in an adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The store decided so: a stale row, a stale lease, a missing agent.
    #[error(transparent)]
    Refused(#[from] CoreError),
    #[error("the database refused or did not answer")]
    Database(#[from] DatabaseError),
    #[error("a stored {what} can't be read")]
    Row { what: &'static str, source: Source },
    /// A transaction that several writes shared; each of them is told.
    #[error("the transaction could not be committed")]
    Uncommitted(Arc<DatabaseError>),
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

fn of_database(error: DatabaseError) -> CoreError {
    let known = match error.refusal() {
        Refusal::Unique => return already_there(error),
        Refusal::Raised => return of_trigger(error),
        Refusal::Reference => return reference_missing(error),
        Refusal::Closed => return Error::Closed.into(),
        Refusal::Check => {
            CoreError::internal("store.constraint", "the database refuses a row that breaks an invariant")
        }
        Refusal::Nul => CoreError::invalid(
            "store.text",
            "a text holds the character NUL, which the database can't keep; leave it out",
        ),
        Refusal::TooLong => {
            CoreError::invalid("store.text", "a name is too long for the database; shorten it")
        }
        Refusal::Full => {
            CoreError::unavailable("store.full", "the disk of the database is full; make room and try again")
        }
        Refusal::ReadOnly => CoreError::unavailable(
            "store.read_only",
            "the database takes no writes; is it a standby? give the address of the primary",
        ),
        Refusal::Permission => CoreError::unavailable(
            "store.permission",
            "the database user may not do this; give it the rights on the schema",
        ),
        Refusal::Corrupt | Refusal::NotADatabase => CoreError::internal(
            "store.corrupt",
            "the database is damaged; look into its log, or restore a backup",
        ),
        Refusal::Statement | Refusal::Value | Refusal::NoTransaction => {
            CoreError::internal("store.sql", "the database refuses a statement")
        }
        Refusal::Encoding => CoreError::internal("store.encode", "a row can't be written as it is"),
        Refusal::Decoding => {
            CoreError::internal("store.row", "a stored row can't be read; check the database")
        }
        Refusal::CannotOpen
        | Refusal::Unreached
        | Refusal::Unanswered
        | Refusal::Repeatable
        | Refusal::Lost => {
            CoreError::unavailable("store.unavailable", "the database did not answer; try again")
        }
    };
    known.with_source(error)
}

/// What it means that an audit entry could not be written: what was asked for does not happen. What a later try may
/// cure by itself, and what is the caller's mistake, stays what it is.
pub(crate) fn unaudited(error: DatabaseError) -> Error {
    match error.refusal() {
        Refusal::Raised | Refusal::Check | Refusal::Permission | Refusal::Statement | Refusal::Value
            if error.text() != Some(raised::NAME_TAKEN) =>
        {
            CoreError::unavailable(
                "audit.unavailable",
                "the audit can't be written, so nothing was done; look into the server's log",
            )
            .with_source(error)
            .into()
        }
        _ => error.into(),
    }
}

/// Which key was there says what it means. The names are those of PostgreSQL's migrations; what SQLite is asked
/// for names no key in such a place.
fn already_there(error: DatabaseError) -> CoreError {
    match error.constraint() {
        Some("idempotency_records_pkey") => CoreError::conflict(
            "idempotency.exists",
            "a request with this idempotency key was answered before",
        )
        .with_source(error),
        // Another server was first.
        Some("firings_pkey") => CoreError::stale_row("firing"),
        _ => taken(error),
    }
}

/// What a trigger of ours means.
fn of_trigger(error: DatabaseError) -> CoreError {
    let refused = match error.text().unwrap_or_default() {
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
        raised::WORK_ITEM_TRANSITION => {
            CoreError::conflict("workItem.transition", "the work item can't change to this state")
        }
        raised::WORK_ITEM_EPOCH => CoreError::conflict("workItem.epoch", "a lease epoch can't fall"),
        raised::EXECUTION_EPOCH => CoreError::conflict("execution.epoch", "a lease epoch can't fall"),
        raised::AUDIT_APPEND_ONLY => {
            CoreError::conflict("audit.append_only", "audit entries are never changed or removed")
        }
        raised::FILE_IN_USE => CoreError::conflict(
            "file.in_use",
            "an execution, a schedule or a work item uses the file; it goes when they do",
        ),
        raised::BUCKET_NOT_EMPTY => {
            CoreError::conflict("bucket.not_empty", "the bucket holds objects; delete them first")
        }
        raised::CALENDAR_IN_USE => CoreError::conflict(
            "calendar.in_use",
            "a schedule uses the calendar; give the schedule another, or none, first",
        ),
        raised::REFERENCE_MISSING => return reference_missing(error),
        raised::NAME_TAKEN => return taken(error),
        _ => CoreError::internal("store.constraint", "a trigger of the database refuses the change"),
    };
    refused.with_source(error)
}

fn taken(error: DatabaseError) -> CoreError {
    CoreError::conflict("name.taken", "the id or a name that must be unique is taken; choose another")
        .with_source(error)
}

fn reference_missing(error: DatabaseError) -> CoreError {
    CoreError::invalid("reference.missing", "something that this names does not exist; look it up again")
        .with_source(error)
}
