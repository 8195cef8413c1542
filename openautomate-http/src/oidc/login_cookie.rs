//! What a browser keeps while somebody is at the provider: it shows that who comes back is who went.
//!
//! The provider sends the person back from another site, so the cookie must come with that navigation
//! (`SameSite=Lax`); it lasts minutes and is used once.

use axum::http::{HeaderMap, HeaderValue};
use chrono::TimeDelta;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{SessionId, UserId};
use openautomate_core::secret::Secret;
use serde::{Deserialize, Serialize};

use super::LocalPath;
use crate::auth::cookie_value;

/// How long somebody may be at the provider.
pub(crate) const LOGIN_LIFE: TimeDelta = TimeDelta::minutes(10);

/// What the cookie says, signed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LoginClaims {
    /// The provider's name.
    pub(crate) sub: String,
    /// What the provider sends back.
    pub(crate) state: String,
    /// What must stand in the provider's token.
    pub(crate) nonce: String,
    /// What proves that the code was asked for here (RFC 7636).
    pub(crate) verifier: String,
    /// Whose account it shall be, where somebody links one.
    #[serde(default)]
    pub(crate) link: Option<(UserId, SessionId)>,
    /// The page to go to afterwards, in place of the start page.
    #[serde(default)]
    pub(crate) next: Option<LocalPath>,
}

/// The cookie of a server.
#[derive(Debug)]
pub(crate) struct LoginCookie {
    name: String,
    is_secure: bool,
}

impl LoginCookie {
    /// That of the server whose pages are at this address.
    pub(crate) fn at(public_url: &reqwest::Url) -> Self {
        if public_url.scheme() == "https" {
            return Self { name: "__Host-openautomate-login".to_owned(), is_secure: true };
        }
        // Cookies know no ports.
        let port = public_url.port_or_known_default().unwrap_or(80);
        Self { name: format!("openautomate-login-{port}"), is_secure: false }
    }

    /// What it holds, if it was sent.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Secret<String>> {
        cookie_value(headers, &self.name)
    }

    /// The header that sets it.
    pub(crate) fn set(&self, token: &str) -> Result<HeaderValue> {
        self.header(token, LOGIN_LIFE.num_seconds())
    }

    /// The header that removes it.
    pub(crate) fn clear(&self) -> Result<HeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age: i64) -> Result<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text =
            format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", self.name);
        let mut header = HeaderValue::from_str(&text).map_err(|error| {
            Error::internal("oidc.cookie", "the cookie can't be written").with_source(error)
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_this_host_and_for_minutes() {
        let cookie = LoginCookie::at(&reqwest::Url::parse("https://bots.example").unwrap());
        let set = cookie.set("t0ken").unwrap();
        let wanted = "__Host-openautomate-login=t0ken; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure";
        assert!(set.is_sensitive() && set.to_str().unwrap() == wanted);
        let plain = LoginCookie::at(&reqwest::Url::parse("http://127.0.0.1:8080").unwrap());
        let wanted = "openautomate-login-8080=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
        assert_eq!(plain.clear().unwrap().to_str().unwrap(), wanted);
    }
}
