//! What SQLite's result codes mean, <https://www.sqlite.org/rescode.html>.

use libsqlite3_sys as codes;

use crate::driver::Refusal;

/// What an extended result code means.
pub(crate) fn refusal(code: i32) -> Refusal {
    match code {
        codes::SQLITE_CONSTRAINT_FOREIGNKEY => Refusal::Reference,
        codes::SQLITE_CONSTRAINT_UNIQUE | codes::SQLITE_CONSTRAINT_PRIMARYKEY => Refusal::Unique,
        codes::SQLITE_CONSTRAINT_TRIGGER => Refusal::Raised,
        _ => of_primary_code(code & 0xff),
    }
}

fn of_primary_code(code: i32) -> Refusal {
    match code {
        codes::SQLITE_CORRUPT => Refusal::Corrupt,
        codes::SQLITE_NOTADB => Refusal::NotADatabase,
        codes::SQLITE_CONSTRAINT => Refusal::Check,
        codes::SQLITE_FULL => Refusal::Full,
        codes::SQLITE_CANTOPEN => Refusal::CannotOpen,
        codes::SQLITE_BUSY
        | codes::SQLITE_LOCKED
        | codes::SQLITE_IOERR
        | codes::SQLITE_READONLY
        | codes::SQLITE_NOMEM
        | codes::SQLITE_INTERRUPT
        | codes::SQLITE_PROTOCOL => Refusal::Unanswered,
        _ => Refusal::Statement,
    }
}
