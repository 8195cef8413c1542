//! Entity tags (RFC 9110, 8.8.3): the revision of a thing, for caching and against lost updates.

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use openautomate_core::Error;
use openautomate_core::error::Result;
use serde::Serialize;

use crate::problem::Problem;
use crate::state::AppState;

/// The revision that `If-Match` insists on; `None` if there is no such header, or it is `*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let revision = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')?.parse().ok());
        revision.map(|revision| Self(Some(revision))).ok_or_else(|| {
            Error::invalid_field("If-Match", "is not an ETag that a GET gave, as in \"3\"").into()
        })
    }
}

/// The revision that the caller saw: by the header, or by the body.
pub(crate) fn revision_of(header: IfMatch, body: Option<i64>) -> Result<Option<i64>> {
    match (header.0, body) {
        (Some(header), Some(body)) if header != body => {
            Err(Error::invalid_field("revision", "is another one than If-Match names; give one of the two"))
        }
        (header, body) => Ok(header.or(body)),
    }
}

/// An answer with its tag. A GET whose `If-None-Match` has the tag gets 304 and no body.
#[derive(Debug)]
pub(crate) struct Tagged<T> {
    tag: String,
    body: T,
}

impl<T> Tagged<T> {
    /// Tagged by its revision.
    pub(crate) fn new(revision: i64, body: T) -> Self {
        Self { tag: format!("\"{revision}\""), body }
    }
}

impl<T> Tagged<T> {
    /// With this tag, in its quotes.
    pub(crate) const fn with_tag(tag: String, body: T) -> Self {
        Self { tag, body }
    }
}

impl<T: Serialize> Tagged<T> {
    /// The answer to a GET with these headers.
    pub(crate) fn unless_known(self, headers: &HeaderMap) -> Response {
        if is_known(headers, &self.tag) { not_modified(&self.tag) } else { self.into_response() }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|list| {
        list.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    })
}

/// 304, if the headers of a GET name this tag (with its quotes).
pub(crate) fn not_modified_if_known(headers: &HeaderMap, tag: &str) -> Option<Response> {
    is_known(headers, tag).then(|| not_modified(tag))
}

/// 304 with this tag.
fn not_modified(tag: &str) -> Response {
    let tag = HeaderValue::from_str(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let headers =
            |text: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(text))]);
        for known in ["\"3\"", "\"1\", \"3\"", "W/\"3\"", "*"] {
            assert!(is_known(&headers(known), "\"3\""), "{known}");
        }
        assert!(!is_known(&headers("\"4\""), "\"3\""));
        assert!(!is_known(&HeaderMap::new(), "\"3\""));
    }

    #[test]
    fn header_and_body_must_agree() {
        assert_eq!(revision_of(IfMatch(Some(1)), Some(1)).unwrap(), Some(1));
        assert_eq!(revision_of(IfMatch(None), Some(1)).unwrap(), Some(1));
        assert!(revision_of(IfMatch(Some(2)), Some(1)).is_err());
    }
}
