//! Sessions of browsers: the refresh token in a cookie.

use openautomate_core::orchestrator::Settings;
use openautomate_http::RateLimit;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::server::{PASSWORD, TestServer, problem, read, text};

fn from_own_page(server: &TestServer, path: &str) -> RequestBuilder {
    server.request(Method::POST, path).header("origin", &server.url)
}

fn log_in(server: &TestServer) -> RequestBuilder {
    let body = json!({"username": "admin", "password": PASSWORD, "cookie": true});
    server.request(Method::POST, "/api/auth/login").json(&body)
}

/// What a browser would keep: `name=value`.
fn kept(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("Path=/;"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_stays_signed_in_by_a_cookie() {
    let server = TestServer::start().await;
    let answer = log_in(&server).header("origin", &server.url).send().await.unwrap();
    let first = kept(&answer);
    assert!(first.starts_with("openautomate-session-"), "plain HTTP on loopback, by port");
    let session = read(answer, 200).await;
    assert!(session.get("refreshToken").is_none(), "no script gets hold of it");
    let refresh = |cookie: &str| {
        let cookie = format!("theme=dark; {cookie}");
        from_own_page(&server, "/api/auth/refresh").header("cookie", cookie).json(&json!({})).send()
    };
    let answer = refresh(&first).await.unwrap();
    let second = kept(&answer);
    assert_ne!(first, second);
    let session = read(answer, 200).await;
    assert!(session.get("refreshToken").is_none());
    let access = text(&session["accessToken"]);
    let me = read(server.get("/api/auth/me", &access).send().await.unwrap(), 200).await;
    assert_eq!(me["username"], "admin");

    // Signing out removes the cookie, and it is worth nothing any more.
    let out = from_own_page(&server, "/api/auth/logout").bearer_auth(&access).header("cookie", &second);
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let dead = refresh(&second).await.unwrap();
    assert!(dead.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    problem(dead, 401).await;
    problem(from_own_page(&server, "/api/auth/refresh").json(&json!({})).send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn another_sites_page_gets_no_session() {
    let server = TestServer::start().await;
    let answer = log_in(&server).header("origin", &server.url).send().await.unwrap();
    let cookie = kept(&answer);
    for origin in [None, Some("null"), Some("https://evil.example"), Some("http://127.0.0.1:1")] {
        let with = |request: RequestBuilder| match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let refused = with(log_in(&server)).send().await.unwrap();
        assert!(!refused.headers().contains_key("set-cookie"));
        problem(refused, 403).await;
        let refresh = server.request(Method::POST, "/api/auth/refresh").header("cookie", &cookie);
        problem(with(refresh).json(&json!({})).send().await.unwrap(), 403).await;
    }
    // Nothing of that ended the session.
    let again = from_own_page(&server, "/api/auth/refresh").header("cookie", &cookie).json(&json!({}));
    read(again.send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn a_traded_cookie_ends_the_session() {
    let server = TestServer::start().await;
    let answer = log_in(&server).header("origin", &server.url).send().await.unwrap();
    let refresh = |cookie: String| {
        from_own_page(&server, "/api/auth/refresh").header("cookie", cookie).json(&json!({})).send()
    };
    let first = kept(&answer);
    let second = kept(&refresh(first.clone()).await.unwrap());
    let third = kept(&refresh(second).await.unwrap());
    problem(refresh(first).await.unwrap(), 401).await;
    read(refresh(third).await.unwrap(), 200).await;
}

#[tokio::test]
async fn reloading_is_limited_apart_from_logins() {
    let limits = |options: &mut openautomate_http::HttpOptions| {
        options.public_requests = RateLimit::new(2, std::time::Duration::from_secs(600));
        options.cookie_refreshes = RateLimit::new(4, std::time::Duration::from_secs(600));
    };
    let server = TestServer::with(Settings::default(), limits).await;
    let mut cookie = kept(&log_in(&server).header("origin", &server.url).send().await.unwrap());
    for _ in 0..4 {
        let refresh = from_own_page(&server, "/api/auth/refresh").header("cookie", &cookie).json(&json!({}));
        cookie = kept(&refresh.send().await.unwrap());
    }
    let refresh = from_own_page(&server, "/api/auth/refresh").header("cookie", &cookie).json(&json!({}));
    problem(refresh.send().await.unwrap(), 429).await;
    // A cookie buys no more logins.
    read(log_in(&server).header("origin", &server.url).send().await.unwrap(), 200).await;
    problem(log_in(&server).header("cookie", &cookie).send().await.unwrap(), 429).await;
}
