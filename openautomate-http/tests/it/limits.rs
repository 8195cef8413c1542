use std::time::Duration;

use openautomate_core::orchestrator::Settings;
use openautomate_http::RateLimit;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{PASSWORD, TestServer, problem, read, text};

#[tokio::test]
async fn bodies_are_bounded() {
    let server = TestServer::with(Settings::default(), |options| options.max_package_bytes = 3_000_000).await;
    let admin = server.admin().await;
    let large = json!({"name": "p", "description": "x".repeat(1_100_000)});
    assert_eq!(
        problem(server.post("/api/packages", &admin.token, &large).send().await.unwrap(), 413).await["code"],
        "request.too_large"
    );
    let package =
        read(server.post("/api/packages", &admin.token, &json!({"name": "p"})).send().await.unwrap(), 201)
            .await;
    let id = text(&package["id"]);
    problem(server.publish(&admin.token, &id, vec![0; 3_000_001]).await, 413).await;
    problem(server.publish(&admin.token, &id, vec![0; 2_000_000]).await, 422).await;
}

/// One that sends all before it reads an answer, as most programs do: it is answered, not cut off.
#[tokio::test]
async fn who_is_refused_half_way_hears_why() {
    const PIECE: usize = 100_000;
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mut connection = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /api/packages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        admin.token,
        50 * PIECE,
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..50 {
        connection.write_all(&[b' '; PIECE]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).await.unwrap();
    assert!(answers.starts_with("HTTP/1.1 413 ") && answers.contains("HTTP/1.1 200 "), "{answers}");
}

#[tokio::test]
async fn an_address_may_try_so_often() {
    let limit = |options: &mut openautomate_http::HttpOptions| {
        options.public_requests = RateLimit::new(3, Duration::from_secs(600));
    };
    let server = TestServer::with(Settings::default(), limit).await;
    let refresh =
        || server.request(Method::POST, "/api/auth/refresh").json(&json!({"refreshToken": "x"})).send();
    for _ in 0..3 {
        problem(refresh().await.unwrap(), 401).await;
    }
    let refused = refresh().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=201).contains(&wait), "{wait}");
    assert_eq!(problem(refused, 429).await["kind"], "quotaExceeded");
    // Forging the header of a proxy that is not there gains nothing.
    let forged = server.request(Method::POST, "/api/auth/refresh").header("x-forwarded-for", "203.0.113.9");
    problem(forged.json(&json!({"refreshToken": "x"})).send().await.unwrap(), 429).await;
}

#[tokio::test]
async fn an_account_may_fail_so_often() {
    let server = TestServer::start().await;
    for name in ["admin", "ADMIN", "admin@example.org", "admin", "admin"] {
        problem(server.log_in(name, "wrong password").await, 401).await;
    }
    let refused = server.log_in("admin", PASSWORD).await;
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(problem(refused, 429).await["code"], "login.rate");
    problem(server.log_in("somebody else", "wrong password").await, 401).await;
}

#[tokio::test]
async fn heads_of_requests_are_bounded() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let long = |length: usize| format!("/api/agents?cursor={}", "a".repeat(length));
    assert_eq!(
        problem(server.get(&long(9_000), &admin.token).send().await.unwrap(), 414).await["code"],
        "request.uri"
    );
    let with =
        |length: usize| server.get("/api/agents", &admin.token).header("x-filler", "a".repeat(length)).send();
    read(with(20_000).await.unwrap(), 200).await;
    assert_eq!(problem(with(40_000).await.unwrap(), 431).await["code"], "request.headers");
    // So many headers, or so large ones, that nobody reads them to their end.
    for (count, length) in [(150, 1), (60, 8_000)] {
        let mut request = server.get("/api/agents", &admin.token);
        for number in 0..count {
            request = request.header(format!("x-filler-{number}"), "a".repeat(length));
        }
        match request.send().await {
            Ok(answer) => assert_eq!(answer.status(), 431),
            Err(error) => assert!(!error.is_timeout(), "{error}"),
        }
    }
    read(server.get("/api/agents", &admin.token).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn json_is_bounded_in_depth_and_pages_in_length() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let deep =
        |depth: usize| server.post("/api/packages", &admin.token, &json!({"name": nested(depth)})).send();
    assert_eq!(problem(deep(30).await.unwrap(), 422).await["code"], "request.field");
    assert_eq!(problem(deep(40).await.unwrap(), 422).await["code"], "request.depth");
    let bomb = server.request(Method::POST, "/api/packages").bearer_auth(&admin.token);
    let bomb = bomb.header("content-type", "application/json").body("[".repeat(500_000));
    assert_eq!(problem(bomb.send().await.unwrap(), 422).await["code"], "request.depth");
    for limit in ["0", "1000000", "-1"] {
        let answer = server.get(&format!("/api/agents?limit={limit}"), &admin.token).send().await.unwrap();
        problem(answer, 422).await;
    }
}

#[tokio::test]
async fn a_person_and_an_agent_may_ask_so_often() {
    let limit = |options: &mut openautomate_http::HttpOptions| {
        options.user_requests = RateLimit::new(10, Duration::from_secs(600));
        options.agent_requests = RateLimit::new(5, Duration::from_secs(600));
    };
    let server = TestServer::with(Settings::default(), limit).await;
    let admin = server.admin().await;
    let viewer = server.person("viewer", openautomate_core::domain::Role::Viewer).await;
    let agent = crate::fake_agent::FakeAgent::enrol(&server, &admin.token, "bot").await;
    let asks = |token: &str| server.get("/api/agents", token).send();
    let mut refused = None;
    for _ in 0..12 {
        let answer = asks(&viewer.token).await.unwrap();
        if answer.status() != 200 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("ten are let through");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert_eq!(problem(refused, 429).await["code"], "user.rate");
    // Whoever else asks has their own.
    read(asks(&admin.token).await.unwrap(), 200).await;
    let path = format!("/api/agents/{}/leases/{}/1/package/index", agent.id, uuid::Uuid::now_v7());
    let statuses =
        futures_util::future::join_all((0..8).map(|_| server.get(&path, &agent.token).send())).await;
    let refused = statuses.into_iter().map(Result::unwrap).filter(|answer| answer.status() == 429).count();
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn a_slow_handler_is_given_up() {
    let brief =
        |options: &mut openautomate_http::HttpOptions| options.request_timeout = Duration::from_millis(1);
    let server = TestServer::with(Settings::default(), brief).await;
    // Hashing a password takes longer than that.
    let answer = server.log_in("admin", PASSWORD).await;
    assert_eq!(problem(answer, 503).await["code"], "request.timeout");
}
