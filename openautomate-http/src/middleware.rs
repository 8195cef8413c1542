//! What is done for every request alike: its id, the client's address, the headers of the answer, problem
//! documents for what the framework itself answers.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use openautomate_core::Error;
use uuid::Uuid;

use crate::lingering::linger;
use crate::options::HttpOptions;
use crate::problem::{PROBLEM_JSON, Problem, REQUEST_ID};
use crate::proxy::{Origin, origin};
use crate::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const MAX_REQUEST_ID: usize = 64;
/// Nothing in an answer may be run, framed or posted from.
const CLOSED_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
);

/// A year, as RELIABILITY 7.6 has it.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");
/// No page of ours uses any of it.
const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
);

/// That a request came by TLS to this server itself.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "server"), allow(dead_code, reason = "nothing else serves TLS"))]
pub(crate) struct Secured {
    /// Whether the client showed a certificate of the authority that it is asked for.
    pub(crate) client_certified: bool,
}

/// The id of a request, as handlers see it.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Where a request came from, as handlers see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Wraps every request.
pub(crate) async fn envelope(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = incoming_id(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let Origin { address, is_https } = origin(&mut request, state.options());
    let is_https = is_https || request.extensions().get::<Secured>().is_some();
    if is_https {
        without_clear_pages(request.headers_mut());
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(ClientAddress(address));
    let under_api = request.uri().path().starts_with("/api");
    let header = HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("-"));
    let span =
        tracing::info_span!("request", id = %id, method = %request.method(), path = request.uri().path());
    let answer = async {
        if let Some(status) = too_long(&request, state.options()) {
            return Problem::of_status(status).into_response();
        }
        let response = AssertUnwindSafe(next.run(linger(request))).catch_unwind().await;
        as_problem(response.unwrap_or_else(|panic| panicked(&*panic)))
    };
    let mut response = REQUEST_ID.scope(id, tracing::Instrument::instrument(answer, span)).await;
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, header);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(CLOSED_POLICY);
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    if under_api {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// A page that came in the clear is none of a server that speaks TLS, though its host is the same: whoever is in between
/// may have written it.
fn without_clear_pages(headers: &mut HeaderMap) {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.and_then(|origin| origin.split_once("://")).is_some_and(|(scheme, _)| scheme != "https") {
        headers.insert(ORIGIN, HeaderValue::from_static("null"));
    }
}

/// A request's own id, if it is short and plain enough to stand in logs and headers.
fn incoming_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    ((1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

/// What of a request's head is longer than it may be.
fn too_long(request: &Request, options: &HttpOptions) -> Option<StatusCode> {
    let uri = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri > options.max_uri_bytes {
        return Some(StatusCode::URI_TOO_LONG);
    }
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    (headers.sum::<usize>() > options.max_header_bytes).then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}

/// Gives answers of the framework (no such path, body too large …) the shape of all other problems.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let bare = status.is_client_error() || status.is_server_error();
    let told = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM_JSON);
    #[cfg(feature = "panel")]
    let told = told || response.extensions().get::<crate::panel::IsPage>().is_some();
    if !bare || told {
        return response;
    }
    let mut problem = Problem::of_status(status).into_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, allow.clone());
    }
    problem
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    tracing::error!(panic = text.unwrap_or("of unknown kind"), "a request panicked");
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// Ends requests that take too long.
pub(crate) async fn time_limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.options().request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(Error::unavailable(
            "request.timeout",
            "the request took too long and was given up; look whether it was done, then try again",
        ))
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_request_id_is_taken_over() {
        let id = |text: &'static str| {
            incoming_id(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static(text))]))
        };
        assert_eq!(id("trace-7.a:b_c").as_deref(), Some("trace-7.a:b_c"));
        assert_eq!((id(""), id("two words"), id("<script>")), (None, None, None));
    }
}
