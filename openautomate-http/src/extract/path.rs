//! Ids in paths: what is no id names nothing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use openautomate_core::{Error, ErrorKind};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::state::AppState;

/// The ids of a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(_) => Err(Error::new(
                ErrorKind::NotFound,
                "resource.not_found",
                "there is nothing at this path: an id in it is not a UUID, or a number is not one",
            )
            .into()),
        }
    }
}
