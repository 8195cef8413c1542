//! What sqlx's errors mean.

use sqlx::error::DatabaseError as Refused;

use crate::driver::{DatabaseError, Refusal};

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let refusal = match &error {
            sqlx::Error::Database(refused) => {
                let refusal = refusal(refused.as_ref());
                let (text, constraint) =
                    (refused.message().to_owned(), refused.constraint().map(str::to_owned));
                let error = Self::new(refusal, error).of_constraint(constraint.as_deref());
                return if refusal == Refusal::Raised { error.raised(text) } else { error };
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Refusal::Decoding
            }
            sqlx::Error::Encode(_) => Refusal::Encoding,
            sqlx::Error::PoolClosed => Refusal::Closed,
            sqlx::Error::WorkerCrashed => Refusal::Lost,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut => Refusal::Unreached,
            _ => Refusal::Unanswered,
        };
        Self::new(refusal, error)
    }
}

fn refusal(refused: &dyn Refused) -> Refusal {
    #[cfg(feature = "sqlx-sqlite")]
    if refused.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        let code = refused.code().and_then(|code| code.parse().ok());
        return code.map_or(Refusal::Statement, crate::sqlite::refusal);
    }
    #[cfg(feature = "sqlx-postgres")]
    if let Some(refused) = refused.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return crate::postgres::refusal(refused.code());
    }
    Refusal::Statement
}
