//! The requests of the original API, answered for the run that asks.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use openautomate_core::ErrorKind;
use openautomate_core::domain::{LogLevel, LogLine, LogStream, Progress};
use serde_json::{Map, Value, json};

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::listen::read_asset;
use crate::outcome::{mask, masked_progress};

/// The largest body of a request in bytes.
const MAX_BODY: usize = 256 * 1024;
const MAX_KEY: usize = 200;
/// Who logs by this API has this logger.
const LOGGER: &str = "agent-api";

type Answer = Response<Full<Bytes>>;

/// A refusal: a status and its reason.
type Refusal = (StatusCode, String);

/// Answers one request of the attempt that asks. Every refusal of a stranger is the same, whatever it asked for.
pub(super) async fn answer(
    request: Request<Incoming>,
    port: u16,
    asker: Option<Arc<Attempt>>,
    agent: &Inner,
) -> Answer {
    let answered = async {
        check_head(request.headers(), port)?;
        let stranger = || {
            let reason = "this API is for the processes of a running execution only";
            (StatusCode::FORBIDDEN, reason.to_owned())
        };
        let attempt = asker.ok_or_else(stranger)?;
        route(request, &attempt, agent).await
    };
    answered.await.unwrap_or_else(|(status, reason)| json_answer(status, &json!({"error": reason})))
}

/// No browser, and no name that was bent to this machine (DNS rebinding).
fn check_head(headers: &HeaderMap, port: u16) -> Result<(), Refusal> {
    let is_browser = headers.contains_key(ORIGIN)
        || headers.keys().any(|name: &HeaderName| name.as_str().starts_with("sec-fetch-"));
    if is_browser {
        return Err((StatusCode::FORBIDDEN, "this API is not for browsers".to_owned()));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
    let is_ours = host.is_some_and(|host| {
        let (name, number) = match host.rsplit_once(':') {
            Some((name, number)) if !number.ends_with(']') => (name, number.parse().ok()),
            _ => (host, Some(80)),
        };
        let is_loopback = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]";
        is_loopback && number == Some(port)
    });
    if is_ours {
        return Ok(());
    }
    Err((StatusCode::FORBIDDEN, "this API is for localhost only; mend the Host header".to_owned()))
}

async fn route(request: Request<Incoming>, attempt: &Arc<Attempt>, agent: &Inner) -> Result<Answer, Refusal> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').skip(1).collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["api", "health"]) => Ok(json_answer(StatusCode::OK, &json!({"status": "healthy"}))),
        (&Method::GET, ["api", "status"]) => {
            let is_connected = agent.connection.borrow().is_some();
            Ok(json_answer(StatusCode::OK, &json!({"isConnected": is_connected})))
        }
        (&Method::GET, ["api", "assets"]) => {
            let names = agent.ask_asset_names(attempt.lease).await.map_err(|error| refused(&error))?;
            Ok(json_answer(StatusCode::OK, &json!(names)))
        }
        (&Method::GET, ["api", "assets", key]) => asset(key, attempt, agent).await,
        (&Method::POST, ["api", "status"]) => status(&body(request).await?, attempt, agent),
        (&Method::POST, ["api", "execution", id, "status"]) => {
            if *id != attempt.lease.execution.to_string() {
                let reason = "an execution may tell of itself only; its id is another";
                return Err((StatusCode::FORBIDDEN, reason.to_owned()));
            }
            status(&body(request).await?, attempt, agent)
        }
        (&Method::POST, ["api", "log"]) => log(&body(request).await?, attempt, agent),
        (_, ["api", "health" | "status" | "assets" | "log"] | ["api", "assets", _]) => {
            Err((StatusCode::METHOD_NOT_ALLOWED, "Method not allowed".to_owned()))
        }
        _ => Err((StatusCode::NOT_FOUND, "Endpoint not found".to_owned())),
    }
}

async fn asset(key: &str, attempt: &Attempt, agent: &Inner) -> Result<Answer, Refusal> {
    let name = decoded(key).filter(|name| !name.is_empty() && name.len() <= MAX_KEY);
    let Some(name) = name else {
        return Err((StatusCode::BAD_REQUEST, "the name of the asset can't be read".to_owned()));
    };
    let value = read_asset(attempt, agent, &name).await.map_err(|error| refused(&error))?;
    let mut answer = Response::new(Full::new(Bytes::from(value.expose().clone())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(no_store(answer))
}

/// What the server said to a question, as a status.
fn refused(error: &openautomate_core::Error) -> Refusal {
    let status = match error.kind() {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    };
    (status, error.message().to_owned())
}

fn status(body: &Map<String, Value>, attempt: &Attempt, agent: &Inner) -> Result<Answer, Refusal> {
    let status = match body.get("status") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => return Err((StatusCode::BAD_REQUEST, "Status is required".to_owned())),
        Some(other) => other.to_string(),
    };
    let message = body.get("message").and_then(Value::as_str);
    let text = message.map_or_else(|| status.clone(), |message| format!("{status}: {message}"));
    {
        let mut state = attempt.state();
        // How far it is, this API does not tell.
        let fraction = state.progress.as_ref().map_or(0.0, |progress| progress.fraction);
        let progress = Progress { fraction, message: Some(text) };
        state.progress = Some(masked_progress(progress, &attempt.masker));
    }
    agent.changed.notify_one();
    Ok(json_answer(StatusCode::OK, &json!({"success": true, "message": "Status updated"})))
}

fn log(body: &Map<String, Value>, attempt: &Attempt, agent: &Inner) -> Result<Answer, Refusal> {
    let Some(message) = body.get("message").and_then(Value::as_str) else {
        return Err((StatusCode::BAD_REQUEST, "Message is required".to_owned()));
    };
    let level = body.get("level").and_then(Value::as_str).unwrap_or("info").to_ascii_lowercase();
    let level = match level.as_str() {
        "debug" | "trace" => LogLevel::Debug,
        "warn" | "warning" => LogLevel::Warning,
        "error" => LogLevel::Error,
        "critical" | "fatal" => LogLevel::Critical,
        _ => LogLevel::Info,
    };
    // Masked before it is cut: a half of a secret would not be known.
    let mut text = message.to_owned();
    mask(&mut text, &attempt.masker);
    let mut line = LogLine::new(agent.clock.now(), level, LogStream::Logging, text);
    line.logger = Some(LOGGER.to_owned());
    if !attempt.append_while_running([line]) {
        return Err((StatusCode::CONFLICT, "the execution is ending and takes no more lines".to_owned()));
    }
    agent.changed.notify_one();
    Ok(json_answer(StatusCode::OK, &json!({"success": true})))
}

/// The JSON object of a request, within a bound.
async fn body(request: Request<Incoming>) -> Result<Map<String, Value>, Refusal> {
    let too_large = || {
        let reason = format!("the body has more than {MAX_BODY} bytes; send less at once");
        (StatusCode::PAYLOAD_TOO_LARGE, reason)
    };
    let body = match Limited::new(request.into_body(), MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err((StatusCode::BAD_REQUEST, "the body broke off".to_owned())),
    };
    serde_json::from_slice(&body).map_err(|_| (StatusCode::BAD_REQUEST, "Invalid JSON format".to_owned()))
}

/// Decodes `%41`; `None` if it can't be read.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    no_store(answer)
}

fn no_store(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(hyper::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_this_host_and_no_browser() {
        for host in ["localhost:8080", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(check_head(&head(&[("host", host)]), 8080).is_ok(), "{host}");
        }
        for host in [
            "evil.example:8080",
            "localhost",
            "localhost:80",
            "127.0.0.1.evil.example:8080",
            "",
            "[::1]",
            "::1:8080",
            "localhost.:8080",
            "127.0.0.2:8080",
            "localhost:8080:8080",
            "user@localhost:8080",
        ] {
            assert!(check_head(&head(&[("host", host)]), 8080).is_err(), "{host}");
        }
        assert!(check_head(&head(&[]), 8080).is_err());
        assert!(check_head(&head(&[("host", "localhost:8080"), ("host", "x")]), 8080).is_err());
        assert!(check_head(&head(&[("host", "localhost")]), 80).is_ok());
        for browser in [("origin", "http://localhost:8080"), ("origin", "null"), ("sec-fetch-site", "none")] {
            assert!(check_head(&head(&[("host", "localhost:8080"), browser]), 8080).is_err(), "{browser:?}");
        }
    }

    #[test]
    fn names_are_decoded() {
        assert_eq!(decoded("Mail%20password").as_deref(), Some("Mail password"));
        assert_eq!(decoded("gr%C3%B6%C3%9Fe").as_deref(), Some("größe"));
        for bad in ["%", "%4", "%zz", "%ff", "a%00b", "%0a", "%+1"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
