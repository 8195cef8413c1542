//! What PostgreSQL's SQLSTATE codes mean,
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use crate::driver::Refusal;

/// What a code means.
pub(crate) fn refusal(code: &str) -> Refusal {
    match code {
        "23505" => Refusal::Unique,
        "23503" => Refusal::Reference,
        "P0001" => Refusal::Raised,
        // A serialization failure, a deadlock.
        "40001" | "40P01" => Refusal::Repeatable,
        "22021" => Refusal::Nul,
        "54000" => Refusal::TooLong,
        "53100" => Refusal::Full,
        "25P01" => Refusal::NoTransaction,
        "25006" => Refusal::ReadOnly,
        "42501" => Refusal::Permission,
        _ => of_class(code),
    }
}

fn of_class(code: &str) -> Refusal {
    match code.get(..2).unwrap_or_default() {
        "23" => Refusal::Check,
        "22" | "54" => Refusal::Value,
        // A user, a password, a database.
        "28" | "3D" => Refusal::Unreached,
        // Connections, rolled back for another, resources, locks and shut-downs, the system: all pass.
        "08" | "40" | "53" | "55" | "57" | "58" | "25" => Refusal::Unanswered,
        "XX" => Refusal::Corrupt,
        _ => Refusal::Statement,
    }
}
