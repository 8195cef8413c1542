//! JSON bodies: malformed is 400, well-formed but wrong is 422 and names the field.

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use openautomate_core::Error;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::Problem;
use crate::state::AppState;

/// A JSON body, and the bytes that it was.
#[derive(Debug, Default)]
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Error::invalid(
                "request.media_type",
                "this path takes JSON; send Content-Type: application/json",
            )
            .into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            let status =
                if status == StatusCode::PAYLOAD_TOO_LARGE { status } else { StatusCode::BAD_REQUEST };
            Problem::of_status(status)
        })?;
        Ok(Self { value: parse(&bytes)?, bytes })
    }
}

/// Nothing at all is no body.
impl<T: DeserializeOwned> OptionalFromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<AppState>>::from_request(request, state).await.map(Some)
    }
}

/// Whether a request says that its body is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// How deep arrays and objects may lie in one another (RELIABILITY 7.5).
const MAX_DEPTH: usize = 32;

/// Whether arrays and objects lie deeper in one another than they may. Of what is no JSON it says anything.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if is_too_deep(bytes) {
        let why = format!("the body nests arrays and objects deeper than {MAX_DEPTH}; make it flatter");
        return Err(Error::invalid("request.depth", why));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        wrong(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| wrong("", &error))?;
    Ok(value)
}

fn wrong(path: &str, error: &serde_json::Error) -> Error {
    if error.classify() != Category::Data {
        let place =
            format!("the body is no well-formed JSON (line {}, column {})", error.line(), error.column());
        return Error::invalid("request.malformed", place);
    }
    let text = error.to_string();
    let path = if path == "." { "" } else { path };
    let named = |name: &str| match path {
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let quoted = || text.split('`').nth(1).unwrap_or_default();
    if text.starts_with("missing field") {
        return Error::invalid_field(named(quoted()), "is missing");
    }
    if text.starts_with("unknown field") {
        return Error::invalid_field(named(quoted()), "is not a field of this request; remove it");
    }
    if text.starts_with("duplicate field") {
        return Error::invalid_field(named(quoted()), "is there twice");
    }
    // The rest of serde's message may hold the value, which no error repeats.
    let expected =
        text.rsplit_once("expected ").map(|(_, rest)| rest.split(" at line").next().unwrap_or(rest));
    let message = match expected {
        Some(expected) => format!("is of the wrong type or value; expected {expected}"),
        None => "is not a valid value of this field".to_owned(),
    };
    Error::invalid_field(if path.is_empty() { "body" } else { path }, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code, reason = "read by serde only")]
    struct Outer {
        count: u32,
        #[serde(default)]
        inner_items: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by serde only")]
    struct Inner {
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        Plain,
        Secret,
    }

    fn error(text: &str) -> (String, Option<String>, String) {
        let error = parse::<Outer>(text.as_bytes()).unwrap_err();
        (error.code().to_owned(), error.field().map(ToOwned::to_owned), error.message().to_owned())
    }

    #[test]
    fn depth_is_bounded_and_texts_are_not_counted() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(MAX_DEPTH).as_bytes()) && is_too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(!is_too_deep(format!("[{}]", vec![nested(5); 50].join(",")).as_bytes()));
        let text = format!(r#"{{"a": "\"{}"}}"#, "[".repeat(100));
        assert!(!is_too_deep(text.as_bytes()));
        assert_eq!(error(&nested(100_000)).0, "request.depth");
    }

    #[test]
    fn malformed_is_told_from_wrong() {
        for text in ["", "{", "{\"count\":1,}", "{\"count\":1} x", "nul"] {
            assert_eq!(error(text).0, "request.malformed", "{text}");
        }
        for (text, field) in [
            ("[]", "body"),
            ("{}", "count"),
            (r#"{"count":"hunter2"}"#, "count"),
            (r#"{"count":-1}"#, "count"),
            (r#"{"count":1,"colour":2}"#, "colour"),
            (r#"{"count":1,"innerItems":[{"kind":"odd"}]}"#, "innerItems[0].kind"),
            (r#"{"count":1,"innerItems":[{}]}"#, "innerItems[0].kind"),
            (r#"{"count":1,"innerItems":[{"kind":"plain","x":1}]}"#, "innerItems[0].x"),
        ] {
            let (code, at, message) = error(text);
            assert_eq!((code.as_str(), at.as_deref()), ("request.field", Some(field)), "{text} {message}");
            assert!(!message.contains("hunter2") && !message.contains("odd"), "{message}");
        }
    }
}
