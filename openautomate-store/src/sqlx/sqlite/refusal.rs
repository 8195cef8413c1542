//! What SQLite's result codes mean to the core.

use libsqlite3_sys as codes;
use openautomate_core::error::Error as CoreError;

use crate::sqlx::error::{
    full, invariant_broken, of_trigger, reference_missing, statement_refused, taken, unanswered,
};

/// The extended result code, <https://www.sqlite.org/rescode.html>.
pub(crate) fn code_of(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// What a refusal of SQLite means.
pub(in crate::sqlx) fn refusal(error: sqlx::Error) -> CoreError {
    let code = code_of(&error).unwrap_or(codes::SQLITE_ERROR);
    match code {
        codes::SQLITE_CONSTRAINT_FOREIGNKEY => reference_missing(error),
        codes::SQLITE_CONSTRAINT_UNIQUE | codes::SQLITE_CONSTRAINT_PRIMARYKEY => taken(error),
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
        codes::SQLITE_CONSTRAINT => invariant_broken(error),
        codes::SQLITE_FULL => full(error),
        codes::SQLITE_BUSY
        | codes::SQLITE_LOCKED
        | codes::SQLITE_IOERR
        | codes::SQLITE_CANTOPEN
        | codes::SQLITE_READONLY
        | codes::SQLITE_NOMEM
        | codes::SQLITE_INTERRUPT
        | codes::SQLITE_PROTOCOL => unanswered(error),
        _ => statement_refused(error),
    }
}
