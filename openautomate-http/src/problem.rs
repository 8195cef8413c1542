//! Errors on the wire: the one place where a kind becomes a status and a problem document (RFC 9457).

use std::error::Error as _;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use openautomate_core::{Error, ErrorKind, FieldError};
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// The id of the request that is being answered.
    pub(crate) static REQUEST_ID: String;
}

/// The media type of problem documents.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What a handler fails with.
#[derive(Debug)]
pub(crate) struct Problem {
    error: Error,
    retry_after: Option<u64>,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A name for this kind of problem: `urn:openautomate:error:` and the code.
    #[serde(rename = "type")]
    kind_uri: String,
    /// The kind of problem for people.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What happened, to what, and what to do next.
    detail: String,
    /// The stable code.
    code: &'static str,
    /// What a caller can act on: `invalid`, `unauthenticated`, `forbidden`, `notFound`, `conflict`,
    /// `staleLease`, `quotaExceeded`, `unsupported`, `unavailable` or `internal`.
    kind: &'static str,
    /// The camelCase path of the field that is wrong; the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// All fields that are wrong, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<WrongField>,
    /// The id of the request, as in the header `x-request-id` and in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// A field of the request that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrongField {
    /// Its camelCase path, as in `inputs.invoice.total`.
    field: String,
    /// What is wrong; it never repeats the value.
    message: String,
}

/// At most this many wrong fields are told.
const MAX_FIELDS: usize = 20;

/// Where HTTP has a finer answer than the kind gives.
const BY_CODE: [(&str, StatusCode); 17] = [
    ("revision.mismatch", StatusCode::PRECONDITION_FAILED),
    ("object.exists", StatusCode::PRECONDITION_FAILED),
    ("object.changed", StatusCode::PRECONDITION_FAILED),
    ("object.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("object.range", StatusCode::RANGE_NOT_SATISFIABLE),
    ("bucket.full", StatusCode::PAYLOAD_TOO_LARGE),
    ("asset.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("artifact.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("blob.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("file.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("request.too_large", StatusCode::PAYLOAD_TOO_LARGE),
    ("workItem.import", StatusCode::PAYLOAD_TOO_LARGE),
    ("request.uri", StatusCode::URI_TOO_LONG),
    ("request.headers", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
    ("request.malformed", StatusCode::BAD_REQUEST),
    ("request.media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ("request.method", StatusCode::METHOD_NOT_ALLOWED),
];

impl From<&FieldError> for WrongField {
    fn from(wrong: &FieldError) -> Self {
        Self { field: wrong.field.clone(), message: wrong.message.clone().into_owned() }
    }
}

fn by_kind(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "The request is wrong"),
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Sign in first"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "Not allowed"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "The state forbids it"),
        ErrorKind::StaleLease => (StatusCode::CONFLICT, "The lease is stale"),
        ErrorKind::QuotaExceeded => (StatusCode::TOO_MANY_REQUESTS, "A limit is reached"),
        ErrorKind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "Not supported"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available at the moment"),
        // `Internal`, and whatever a later core adds before this table knows it.
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "A defect of the server"),
    }
}

fn status_of(error: &Error) -> StatusCode {
    let by_code = BY_CODE.iter().find(|(code, _)| *code == error.code());
    by_code.map_or_else(|| by_kind(error.kind()).0, |(_, status)| *status)
}

impl Problem {
    /// What it is about.
    pub(crate) const fn error(&self) -> &Error {
        &self.error
    }

    /// A problem that is over after so many seconds.
    pub(crate) fn retry_after(error: Error, seconds: u64) -> Self {
        Self { error, retry_after: Some(seconds.max(1)) }
    }

    /// The problem that stands for a bare status that a layer of the framework answered.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let new = |kind, code, message: &'static str| Error::new(kind, code, message);
        match status {
            StatusCode::NOT_FOUND => {
                new(ErrorKind::NotFound, "request.path", "there is nothing at this path; see /api/docs/")
            }
            StatusCode::METHOD_NOT_ALLOWED => new(
                ErrorKind::Invalid,
                "request.method",
                "this path does not take this method; see /api/docs/",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                new(ErrorKind::QuotaExceeded, "request.too_large", "the body is larger than this path takes")
            }
            StatusCode::URI_TOO_LONG => new(
                ErrorKind::Invalid,
                "request.uri",
                "the address of the request is too long; shorten its query",
            ),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => new(
                ErrorKind::Invalid,
                "request.headers",
                "the headers of the request are too large; send fewer or shorter ones",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                new(ErrorKind::Invalid, "request.media_type", "this path does not take this content type")
            }
            StatusCode::SERVICE_UNAVAILABLE => new(
                ErrorKind::Unavailable,
                "request.unavailable",
                "the server can't answer at the moment; try again",
            ),
            status if status.is_client_error() => {
                new(ErrorKind::Invalid, "request.malformed", "the request can't be understood")
            }
            _ => new(ErrorKind::Internal, "server.defect", "the request failed; the server's log says why"),
        }
        .into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { error, retry_after: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { error, retry_after } = self;
        let status = status_of(&error);
        if status.is_server_error() {
            let cause = error.source().map(ToString::to_string);
            tracing::error!(code = error.code(), cause, "{error}");
        }
        let body = ProblemBody {
            kind_uri: format!("urn:openautomate:error:{}", error.code()),
            title: by_kind(error.kind()).1,
            status: status.as_u16(),
            detail: error.message().to_owned(),
            code: error.code(),
            kind: error.kind().as_str(),
            field: error.field().map(ToOwned::to_owned),
            errors: error.fields().iter().take(MAX_FIELDS).map(WrongField::from).collect(),
            request_id: REQUEST_ID.try_with(Clone::clone).ok(),
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if error.kind() == ErrorKind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if let Some(seconds) = retry_after.or_else(|| busy.then_some(2)) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        let table = [
            (ErrorKind::Invalid, 422),
            (ErrorKind::Unauthenticated, 401),
            (ErrorKind::Forbidden, 403),
            (ErrorKind::NotFound, 404),
            (ErrorKind::Conflict, 409),
            (ErrorKind::StaleLease, 409),
            (ErrorKind::QuotaExceeded, 429),
            (ErrorKind::Unsupported, 501),
            (ErrorKind::Unavailable, 503),
            (ErrorKind::Internal, 500),
        ];
        for (kind, status) in table {
            assert_eq!(status_of(&Error::new(kind, "x.y", "z")).as_u16(), status, "{kind:?}");
        }
    }

    #[test]
    fn bare_statuses_keep_their_number() {
        for status in [400, 404, 405, 413, 414, 415, 431, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Problem::of_status(status).into_response().status(), status);
        }
    }

    #[test]
    fn waiting_is_announced() {
        let quota = || Error::new(ErrorKind::QuotaExceeded, "login.rate", "too many");
        assert_eq!(Problem::retry_after(quota(), 90).into_response().headers()[RETRY_AFTER], "90");
        assert_eq!(Problem::from(quota()).into_response().headers()[RETRY_AFTER], "2");
    }
}
