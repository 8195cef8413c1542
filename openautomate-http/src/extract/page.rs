//! Queries and pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use openautomate_core::Error;
use openautomate_core::query::{Cursor, Page, PageRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::state::AppState;

/// A query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let detail = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            Error::invalid("request.query", format!("the query is wrong: {detail}")).into()
        })
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
    /// How many items at most. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Which page of a list, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageQuery(pub(crate) PageRequest);

impl FromRequestParts<AppState> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Query(params) = Query::<PageParams>::from_request_parts(parts, state).await?;
        let after = params.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
        let limit = params.limit.unwrap_or_else(|| PageRequest::default().limit);
        if !(1..=PageRequest::MAX).contains(&limit) {
            let message = format!("is not between 1 and {}", PageRequest::MAX);
            return Err(Error::invalid_field("limit", message).into());
        }
        Ok(Self(PageRequest::new(after, limit)))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items, newest first.
    items: Vec<T>,
    /// The `cursor` of the next page; `null` on the last.
    next: Option<String>,
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next: page.next.map(|cursor| cursor.to_string()) }
    }
}
