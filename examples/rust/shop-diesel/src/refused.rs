//! Why a transaction was rolled back.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use openautomate_example_shop::order::Failed;

/// By the shop's table, or by OpenAutomate.
pub(crate) enum Refused {
    Diesel(DieselError),
    Automation(openautomate_core::Error),
}

impl From<DieselError> for Refused {
    fn from(error: DieselError) -> Self {
        Self::Diesel(error)
    }
}

impl From<openautomate_core::Error> for Refused {
    fn from(error: openautomate_core::Error) -> Self {
        Self::Automation(error)
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Diesel(DieselError::DatabaseError(DatabaseErrorKind::CheckViolation, _)) => {
                Self::refused("an order costs something")
            }
            Refused::Diesel(error) => Self::internal(error),
            Refused::Automation(error) => error.into(),
        }
    }
}
