//! What is done for every request alike: its id, the client's address, the headers of the answer, problem
//! documents for what the framework itself answers.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use openautomate_core::Error;
use uuid::Uuid;

use crate::lingering::linger;
use crate::problem::{PROBLEM_JSON, Problem, REQUEST_ID};
use crate::state::AppState;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const MAX_REQUEST_ID: usize = 64;
/// Nothing in an answer may be run, framed or posted from.
const CLOSED_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
);

/// The id of a request, as handlers see it.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Where a request came from, as handlers see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Wraps every request.
pub(crate) async fn envelope(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = incoming_id(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let address = client_address(&request, state.options().behind_proxy);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(ClientAddress(address));
    let under_api = request.uri().path().starts_with("/api");
    let header = HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("-"));
    let span =
        tracing::info_span!("request", id = %id, method = %request.method(), path = request.uri().path());
    let answer = async {
        let response = AssertUnwindSafe(next.run(linger(request))).catch_unwind().await;
        as_problem(response.unwrap_or_else(|panic| panicked(&*panic)))
    };
    let mut response = REQUEST_ID.scope(id, tracing::Instrument::instrument(answer, span)).await;
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, header);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(CLOSED_POLICY);
    if under_api {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// A request's own id, if it is short and plain enough to stand in logs and headers.
fn incoming_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    ((1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn client_address(request: &Request, behind_proxy: bool) -> Option<IpAddr> {
    if behind_proxy {
        // The last entry is the one that our own proxy wrote; those before it anybody may have written.
        let last = request.headers().get_all(X_FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
        return last.rsplit(',').next()?.trim().parse().ok();
    }
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|connection| connection.0.ip())
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
    use axum::body::Body;

    #[test]
    fn only_a_plain_request_id_is_taken_over() {
        let id = |text: &'static str| {
            incoming_id(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_static(text))]))
        };
        assert_eq!(id("trace-7.a:b_c").as_deref(), Some("trace-7.a:b_c"));
        assert_eq!((id(""), id("two words"), id("<script>")), (None, None, None));
    }

    #[test]
    fn a_forwarded_address_counts_behind_a_proxy_only() {
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.9, 192.0.2.7"));
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        assert_eq!(client_address(&request, true), "192.0.2.7".parse().ok());
        assert_eq!(client_address(&request, false), "127.0.0.1".parse().ok());
    }
}
