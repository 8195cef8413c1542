//! What PostgreSQL's SQLSTATE codes mean to the core,
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use openautomate_core::error::Error as CoreError;
use sqlx::postgres::PgDatabaseError;

use crate::sqlx::error::{
    full, invariant_broken, of_trigger, reference_missing, statement_refused, taken, unanswered,
};

/// What PostgreSQL said, if it was PostgreSQL that said it.
fn said(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    match error {
        sqlx::Error::Database(error) => error.try_downcast_ref(),
        _ => None,
    }
}

/// Whether the transaction was rolled back for the sake of another one and may be run again.
pub(super) fn is_repeatable(error: &sqlx::Error) -> bool {
    // A serialization failure, a deadlock.
    said(error).is_some_and(|said| matches!(said.code(), "40001" | "40P01"))
}

/// Whether one row was refused, and not the statement or the connection.
pub(super) fn is_of_a_row(error: &sqlx::Error) -> bool {
    said(error).is_some_and(|said| {
        let code = said.code();
        code == "P0001" || ["22", "23", "54"].iter().any(|class| code.starts_with(class))
    })
}

/// What a refusal of PostgreSQL means.
pub(in crate::sqlx) fn refusal(error: sqlx::Error) -> CoreError {
    let Some(said) = said(&error) else { return statement_refused(error) };
    let code = said.code().to_owned();
    match code.as_str() {
        "23505" => already_there(error),
        "23503" => reference_missing(error),
        "P0001" => of_trigger(error),
        "22021" => CoreError::invalid(
            "store.text",
            "a text holds the character NUL, which the database can't keep; leave it out",
        )
        .with_source(error),
        "54000" => CoreError::invalid("store.text", "a name is too long for the database; shorten it")
            .with_source(error),
        "53100" => full(error),
        "25006" => CoreError::unavailable(
            "store.read_only",
            "the database takes no writes; is it a standby? give the address of the primary",
        )
        .with_source(error),
        "42501" => CoreError::unavailable(
            "store.permission",
            "the database user may not do this; give it the rights on the schema",
        )
        .with_source(error),
        _ => of_class(&code, error),
    }
}

/// Which key was there says what it means. The names are those of the migrations.
fn already_there(error: sqlx::Error) -> CoreError {
    match said(&error).and_then(PgDatabaseError::constraint) {
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

fn of_class(code: &str, error: sqlx::Error) -> CoreError {
    match code.get(..2).unwrap_or_default() {
        "23" => invariant_broken(error),
        // Connections, rolled back for another, resources, locks and shut-downs, the system: all pass.
        "08" | "40" | "53" | "55" | "57" | "58" | "25" | "28" | "3D" => unanswered(error),
        "XX" => CoreError::internal("store.corrupt", "the database is damaged; look into its log")
            .with_source(error),
        _ => statement_refused(error),
    }
}
