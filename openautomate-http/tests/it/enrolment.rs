//! What an enrolment token is good for, and what a key is worth once it was revoked.

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use reqwest::Method;
use serde_json::json;

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// A2 of the invariants.
#[tokio::test]
async fn a_token_that_a_hundred_use_at_once_enrols_one() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let made = server.post("/api/agents/enrolment-tokens", &admin.token, &json!({})).send().await.unwrap();
    let token = text(&read(made, 201).await["token"]);
    let keys: Vec<_> = (1..=100).map(key).collect();
    let uses =
        keys.iter().enumerate().map(|(number, key)| {
            let (server, token) = (&server, &token);
            async move {
                FakeAgent::try_enrol(server, token, key, &format!("bot-{number}")).await.status().as_u16()
            }
        });
    let answers = futures_util::future::join_all(uses).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 201 | 401 | 409)), "{answers:?}");
    let agents = read(server.get("/api/agents", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(agents["items"].as_array().unwrap().len(), 1);
    for number in 101..=110 {
        problem(FakeAgent::try_enrol(&server, &token, &key(number), "late").await, 401).await;
    }
}

#[tokio::test]
async fn a_token_ends_and_is_made_by_post_alone() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let brief = json!({"expiresInSeconds": 1});
    let made = server.post("/api/agents/enrolment-tokens", &admin.token, &brief).send().await.unwrap();
    let token = text(&read(made, 201).await["token"]);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    problem(FakeAgent::try_enrol(&server, &token, &key(1), "late").await, 401).await;
    problem(FakeAgent::try_enrol(&server, "oa_enrol_guessed", &key(1), "guess").await, 401).await;
    for path in ["/api/agents/enrolment-tokens", "/api/agents/enrol"] {
        let answer = server.get(path, &admin.token).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
        assert!(!answer.text().await.unwrap().contains("oa_enrol_"));
    }
}

/// A1 of the invariants.
#[tokio::test]
async fn a_revoked_agent_is_gone_within_five_seconds_and_never_answered_again() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let path = format!("/api/agents/{}", agent.id);
    let revoked = Instant::now();
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    let end = async { while connection.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("it is cut off");
    assert!(revoked.elapsed() < Duration::from_secs(5));
    let lease = format!("{path}/leases/{}/1", uuid::Uuid::now_v7());
    let calls = [
        (Method::GET, format!("{path}/connect")),
        (Method::GET, format!("{lease}/package/index")),
        (Method::POST, format!("{lease}/package/chunks")),
        (Method::PUT, format!("{lease}/artifacts?name=x")),
    ];
    for (method, path) in calls.iter().cycle().take(100) {
        let answer = server.request(method.clone(), path).bearer_auth(&agent.token).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{method} {path}");
    }
    let challenge = agent.challenge(&server).await;
    problem(agent.answer(&server, &challenge, &agent.key).await, 401).await;
}
