//! What the shop sells, and how its faces answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use openautomate_core::id::ExecutionId;
use serde::{Deserialize, Serialize};

/// What a customer sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewOrder {
    /// Who orders.
    pub customer: String,
    /// What it costs, in cents. The shop's own table refuses what is not above zero.
    pub cents: i64,
}

/// What the shop answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The number of the order.
    pub number: i64,
    /// The run that writes its invoice.
    pub execution: ExecutionId,
}

/// Something that failed; all of it is a 500 or a 422 to a customer of an example.
#[derive(Debug)]
pub struct Failed(StatusCode, String);

impl Failed {
    /// Something that is not the customer's.
    pub fn internal(why: impl std::fmt::Display) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    }

    /// The order is none that the shop takes.
    pub fn refused(why: impl std::fmt::Display) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, why.to_string())
    }
}

impl From<openautomate_core::Error> for Failed {
    fn from(error: openautomate_core::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refused) if refused.is_check_violation() => Self::refused("an order costs something"),
            _ => Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}
