//! The refresh token of a browser: in a cookie that no script reads, taken from pages of this server alone.
//!
//! A page that holds the token itself gives it to every script that gets into it. The cookie goes to this host only
//! (`__Host-`), over TLS only, and never with a request that another site began (`SameSite=Strict`). Where a page of
//! this server's own host asks by plain HTTP, which is served on loopback alone, the name has the port in it: cookies
//! know no ports, and two servers of one machine would end each other's sessions.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, Result};
use openautomate_core::secret::Secret;

const X_FORWARDED_HOST: &str = "x-forwarded-host";

/// The cookie of the page that asks.
#[derive(Debug)]
pub(crate) struct SessionCookie {
    name: String,
    is_secure: bool,
}

impl SessionCookie {
    /// That of the page which a request comes from.
    ///
    /// # Errors
    /// `Forbidden` if the request does not say that it comes from a page of this host.
    pub(crate) fn of(headers: &HeaderMap, behind_proxy: bool) -> Result<Self> {
        let (scheme, host) = own_origin(headers, behind_proxy)?;
        if scheme == "https" {
            return Ok(Self::at(true, None));
        }
        Ok(Self::at(false, host.rsplit_once(':').and_then(|(_, port)| port.parse().ok())))
    }

    /// That of the pages of this server, as the operator says where they are.
    pub(crate) fn at(is_secure: bool, port: Option<u16>) -> Self {
        if is_secure {
            return Self { name: "__Host-openautomate-session".to_owned(), is_secure };
        }
        Self { name: format!("openautomate-session-{}", port.unwrap_or(80)), is_secure }
    }

    /// What it holds, if it was sent.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Secret<String>> {
        cookie_value(headers, &self.name)
    }

    /// The header that sets it, until `expires`.
    pub(crate) fn set(
        &self,
        token: &Secret<String>,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<HeaderValue> {
        self.header(token.expose(), (expires - now).num_seconds().max(0))
    }

    /// The header that removes it.
    pub(crate) fn clear(&self) -> Result<HeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age: i64) -> Result<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text =
            format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}", self.name);
        let mut header = HeaderValue::from_str(&text).map_err(|error| {
            Error::internal("session.cookie", "the cookie can't be written").with_source(error)
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The value of a cookie, if it was sent.
pub(crate) fn cookie_value(headers: &HeaderMap, name: &str) -> Option<Secret<String>> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|pairs| pairs.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(sent, _)| *sent == name).map(|(_, value)| Secret::new(value.to_owned()))
}

/// Whether a request brings a cookie that may be one of a session.
pub(crate) fn may_be_there(headers: &HeaderMap) -> bool {
    headers
        .get_all(COOKIE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains("openautomate-session")))
}

/// Scheme and host of the page that a request comes from, which must be of the host that was asked. A browser says it
/// with every POST and every WebSocket, and no page can make it say another.
///
/// # Errors
/// `Forbidden` if it is another, or is not said.
pub(crate) fn own_origin(headers: &HeaderMap, behind_proxy: bool) -> Result<(&str, &str)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign =
        || Error::forbidden("the request comes from a page of another site, or does not say from which");
    let (scheme, host) =
        text(ORIGIN.as_str()).and_then(|origin| origin.split_once("://")).ok_or_else(foreign)?;
    let asked = text(HOST.as_str());
    let forwarded = if behind_proxy { text(X_FORWARDED_HOST) } else { None };
    let is_own = [asked, forwarded].into_iter().flatten().any(|asked| asked.eq_ignore_ascii_case(host));
    if is_own { Ok((scheme, host)) } else { Err(foreign()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_cookie_is_for_this_host_alone() {
        let by_tls = headers(&[("host", "bots.example"), ("origin", "https://bots.example")]);
        let cookie = SessionCookie::of(&by_tls, true).unwrap();
        let now = openautomate_core::clock::Clock::now(&openautomate_core::clock::SystemClock);
        let set =
            cookie.set(&Secret::new("t0ken".into()), now, now + chrono::TimeDelta::seconds(60)).unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-openautomate-session=t0ken; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(set.is_sensitive());
        let plain = headers(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]);
        let cleared = SessionCookie::of(&plain, false).unwrap().clear().unwrap();
        let wanted = "openautomate-session-8080=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
        assert_eq!(cleared.to_str().unwrap(), wanted);
    }

    #[test]
    fn another_sites_pages_are_refused() {
        for list in [
            &[("host", "bots.example")][..],
            &[("host", "bots.example"), ("origin", "null")],
            &[("host", "bots.example"), ("origin", "https://evil.example")],
            &[("host", "bots.example"), ("origin", "https://bots.example:444")],
            &[
                ("host", "bots.example"),
                ("origin", "https://evil.example"),
                ("x-forwarded-host", "evil.example"),
            ],
        ] {
            assert!(SessionCookie::of(&headers(list), false).is_err(), "{list:?}");
        }
        let proxied = headers(&[
            ("host", "10.0.0.7:8080"),
            ("origin", "https://bots.example"),
            ("x-forwarded-host", "bots.example"),
        ]);
        assert!(SessionCookie::of(&proxied, true).is_ok() && SessionCookie::of(&proxied, false).is_err());
    }

    #[test]
    fn it_is_found_among_others() {
        let sent = headers(&[
            ("host", "localhost:81"),
            ("origin", "http://localhost:81"),
            ("cookie", "theme=dark; openautomate-session-80=other; openautomate-session-81=mine"),
        ]);
        let cookie = SessionCookie::of(&sent, false).unwrap();
        assert_eq!(cookie.read(&sent).unwrap().expose(), "mine");
        assert!(may_be_there(&sent));
        assert!(cookie.read(&headers(&[("cookie", "a=b")])).is_none());
    }
}
