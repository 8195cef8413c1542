//! What diesel's errors mean.
//!
//! diesel tells the kind of a few refusals, and of the others only the database's text. Both databases' texts are
//! fixed (PostgreSQL's where its messages are in English, which our connections ask for).

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

use crate::driver::{DatabaseError, Refusal};
use crate::error::raised;

/// What a text of one database means.
type Meaning = fn(&str) -> Refusal;

/// What an error of diesel means, where the database's texts mean what `meaning` says.
pub(super) fn refused(error: Error, meaning: Meaning) -> DatabaseError {
    let (refusal, text, constraint) = match &error {
        Error::DatabaseError(kind, said) => {
            let refusal = of_kind(kind, said.as_ref(), meaning);
            (refusal, Some(said.message().to_owned()), said.constraint_name().map(str::to_owned))
        }
        Error::SerializationError(_) => (Refusal::Encoding, None, None),
        Error::DeserializationError(_) | Error::NotFound => (Refusal::Decoding, None, None),
        _ => (Refusal::Statement, None, None),
    };
    let refused = DatabaseError::new(refusal, error).of_constraint(constraint.as_deref());
    match text {
        Some(text) if refusal == Refusal::Raised => refused.raised(text),
        _ => refused,
    }
}

fn of_kind(kind: &DatabaseErrorKind, said: &dyn DatabaseErrorInformation, meaning: Meaning) -> Refusal {
    match kind {
        DatabaseErrorKind::UniqueViolation => Refusal::Unique,
        DatabaseErrorKind::ForeignKeyViolation => Refusal::Reference,
        DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => Refusal::Check,
        DatabaseErrorKind::SerializationFailure => Refusal::Repeatable,
        DatabaseErrorKind::ReadOnlyTransaction => Refusal::ReadOnly,
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Refusal::Unanswered,
        _ if raised::ALL.contains(&said.message()) => Refusal::Raised,
        _ => meaning(said.message()),
    }
}

/// What SQLite's texts mean, <https://www.sqlite.org/c3ref/errcode.html>.
#[cfg(feature = "diesel-sqlite")]
pub(super) fn of_sqlite(text: &str) -> Refusal {
    match text {
        "database disk image is malformed" => Refusal::Corrupt,
        "file is not a database" => Refusal::NotADatabase,
        "database or disk is full" => Refusal::Full,
        "unable to open database file" => Refusal::CannotOpen,
        "database is locked"
        | "disk I/O error"
        | "out of memory"
        | "interrupted"
        | "locking protocol"
        | "attempt to write a readonly database" => Refusal::Unanswered,
        _ if text.starts_with("database table is locked") => Refusal::Unanswered,
        // A value that a strict column does not take.
        _ if text.starts_with("cannot store ") => Refusal::Check,
        _ => Refusal::Statement,
    }
}

/// What PostgreSQL's texts mean.
#[cfg(feature = "diesel-postgres")]
pub(super) fn of_postgres(text: &str) -> Refusal {
    const TEXTS: &[(&str, Refusal)] = &[
        ("deadlock detected", Refusal::Repeatable),
        ("could not serialize access", Refusal::Repeatable),
        ("invalid byte sequence for encoding", Refusal::Nul),
        ("index row size", Refusal::TooLong),
        ("index row requires", Refusal::TooLong),
        ("permission denied", Refusal::Permission),
        ("SAVEPOINT can only be used in transaction blocks", Refusal::NoTransaction),
        ("could not extend file", Refusal::Full),
        ("could not write to file", Refusal::Full),
        ("canceling ", Refusal::Unanswered),
        ("terminating connection", Refusal::Unanswered),
        ("the database system is", Refusal::Unanswered),
        ("remaining connection slots", Refusal::Unanswered),
        ("sorry, too many clients", Refusal::Unanswered),
        ("out of ", Refusal::Unanswered),
        ("current transaction is aborted", Refusal::Unanswered),
        ("syntax error", Refusal::Statement),
        ("relation ", Refusal::Statement),
    ];
    let known = TEXTS.iter().find(|(beginning, _)| text.starts_with(beginning));
    // Of writes that go together, what is not known is looked for one by one.
    known.map_or(Refusal::Value, |(_, refusal)| *refusal)
}
