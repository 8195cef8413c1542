//! A page of this server that somebody wants to come to after they signed in.
//!
//! Anybody can send somebody an address with a page in it, so a page is only taken if no browser can read another host
//! into it.

use serde::{Deserialize, Serialize};

const MAX_BYTES: usize = 512;

/// A path with its query, on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// The path, if it is one of this host for certain and may be one of a page.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // Browsers read `//host` as another host, and `\` as `/`; some leave tabs and line ends out before they look.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let is_local = text.starts_with('/') && !text.starts_with("//");
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let is_page = path != "/api" && !path.starts_with("/api/");
        (is_plain && is_local && is_page && text.len() <= MAX_BYTES).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LocalPath {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::of(&text).ok_or("is no path of a page")
    }
}

impl From<LocalPath> for String {
    fn from(path: LocalPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_host_are_taken() {
        let here = reqwest::Url::parse("https://bots.example/api/auth/oidc/corp/callback").unwrap();
        for good in
            ["/", "/executions?state=failed&cursor=a%2Fb", "/executions/1#log", "/apis", "/a//b", "/@x:y"]
        {
            let path = LocalPath::of(good).unwrap();
            assert_eq!(here.join(path.as_str()).unwrap().host_str(), Some("bots.example"), "{good}");
        }
        for bad in [
            "",
            "executions",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/\r\nLocation: //evil.example",
            "/a b",
            "/ä",
            "/api",
            "/api/auth/oidc/corp/start",
            "/api?x",
            "?next=/",
            "#/",
            "@evil.example",
            ".evil.example",
        ] {
            assert_eq!(LocalPath::of(bad), None, "{bad:?}");
        }
        assert!(LocalPath::of(&format!("/{}", "x".repeat(511))).is_some());
        assert!(LocalPath::of(&format!("/{}", "x".repeat(512))).is_none());
        assert!(serde_json::from_str::<LocalPath>("\"//evil.example\"").is_err());
    }
}
