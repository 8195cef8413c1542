//! Refusing somebody who comes by a browser: they are led to a page that says why in words, by a short code. Nothing that
//! an identity provider said gets into the address.

use std::error::Error as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse as _, Response};
use openautomate_core::{Error, ErrorKind};
use reqwest::Url;

use super::redirect;
use crate::oidc::{LocalPath, LoginClaims};
use crate::problem::Problem;

/// What the pages have words for; whatever else is `oidc.failed`.
const TOLD: [&str; 10] = [
    "oidc.denied",
    "oidc.expired",
    "oidc.not_invited",
    "oidc.email_unverified",
    "oidc.email_taken",
    "oidc.name_taken",
    "oidc.linked_elsewhere",
    "oidc.signed_out",
    "oidc.provider",
    "oidc.failed",
];

/// Where somebody came from, and is led back to.
#[derive(Debug)]
pub(super) enum Back {
    /// Where people sign in, to come to a page afterwards.
    Login(Option<LocalPath>),
    /// Where people link their accounts.
    Settings,
}

impl Back {
    pub(super) fn after(login: &LoginClaims) -> Self {
        if login.link.is_some() { Self::Settings } else { Self::Login(login.next.clone()) }
    }

    /// The address of the page that says this code in words.
    fn address(&self, code: &str) -> Option<String> {
        // Only path and query of it are used.
        let (page, next) = match self {
            Self::Login(next) => ("http://pages/login", next.as_ref()),
            Self::Settings => ("http://pages/settings", None),
        };
        let mut url = Url::parse(page).ok()?;
        url.query_pairs_mut().append_pair("error", code);
        if let Some(next) = next {
            url.query_pairs_mut().append_pair("next", next.as_str());
        }
        Some(format!("{}?{}", url.path(), url.query()?))
    }
}

/// The code that is told to people.
fn told(error: &Error) -> &'static str {
    match error.code() {
        "user.last_administrator" => "oidc.last_administrator",
        code if TOLD.contains(&code) => code,
        _ if error.kind() == ErrorKind::QuotaExceeded => "oidc.busy",
        _ => "oidc.failed",
    }
}

/// Whether it is a program that asks, which is better served by a problem document than by a page.
fn is_program(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted = accepted.collect::<Vec<_>>().join(",").to_ascii_lowercase();
    ["application/json", "application/problem+json"].iter().any(|json| accepted.contains(json))
        && !accepted.contains("text/html")
}

/// Leads somebody back. Why stands in the log.
pub(super) fn refuse(headers: &HeaderMap, problem: Problem, back: &Back) -> Response {
    if is_program(headers) {
        return problem.into_response();
    }
    let error = problem.error();
    let (code, cause) = (told(error), error.source().map(ToString::to_string));
    if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
        tracing::error!(code, cause, "signing in at an identity provider failed: {error}");
    } else {
        tracing::warn!(code, cause, "signing in at an identity provider was refused: {error}");
    }
    match back.address(code).map(|address| redirect(&address, Vec::new())) {
        Some(Ok(response)) => response,
        _ => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_known_codes_are_told() {
        let of = |error: Error| told(&error);
        for code in TOLD {
            assert_eq!(of(Error::new(ErrorKind::Unauthenticated, code, "x")), code);
        }
        assert_eq!(of(Error::conflict("user.last_administrator", "x")), "oidc.last_administrator");
        assert_eq!(of(Error::new(ErrorKind::QuotaExceeded, "request.rate", "x")), "oidc.busy");
        assert_eq!(of(Error::internal("store.io", "x")), "oidc.failed");
        assert_eq!(of(Error::not_found("identity provider", "x")), "oidc.failed");
    }

    #[test]
    fn the_address_leads_to_the_page() {
        let next = LocalPath::of("/executions?state=failed&q=a%26b");
        assert_eq!(
            Back::Login(next).address("oidc.denied").unwrap(),
            "/login?error=oidc.denied&next=%2Fexecutions%3Fstate%3Dfailed%26q%3Da%2526b"
        );
        assert_eq!(Back::Login(None).address("oidc.failed").unwrap(), "/login?error=oidc.failed");
        assert_eq!(Back::Settings.address("oidc.denied").unwrap(), "/settings?error=oidc.denied");
    }

    #[test]
    fn programs_are_told_from_browsers() {
        let asks = |accept: &'static str| {
            is_program(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(asks("application/json") && asks("Application/Problem+JSON, text/plain;q=0.5"));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(!asks(browser) && !asks("*/*") && !asks("application/json, text/html"));
        assert!(!is_program(&HeaderMap::new()));
    }
}
