//! A new password for who has forgotten theirs.

use openautomate_core::changes::{Changes, Record};
use openautomate_core::domain::{PasswordReset, Role};
use openautomate_core::query::AuditFilter;
use reqwest::{Method, Response};
use serde_json::json;

use crate::server::{PASSWORD, TestServer, problem, read, text};

const NEW: &str = "mauve kettle of nine";

async fn offer(server: &TestServer, admin: &str, id: &str) -> String {
    let path = format!("/api/users/{id}/password-reset");
    text(
        &read(server.request(Method::POST, &path).bearer_auth(admin).send().await.unwrap(), 201).await["token"],
    )
}

async fn reset(server: &TestServer, token: &str, password: &str) -> Response {
    let body = json!({"token": token, "password": password});
    server.request(Method::POST, "/api/auth/password-reset").json(&body).send().await.unwrap()
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_the_sessions() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let dev = server.person("dev", Role::Developer).await;
    let old = offer(&server, &admin.token, &dev.id).await;
    let token = offer(&server, &admin.token, &dev.id).await;
    problem(reset(&server, &old, NEW).await, 403).await;
    // What is refused leaves the link as it is.
    for weak in ["short", "Password123!", "dev12345"] {
        assert_eq!(problem(reset(&server, &token, weak).await, 422).await["field"], "password", "{weak}");
    }
    read(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 200).await;
    assert_eq!(reset(&server, &token, NEW).await.status(), 204);
    problem(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 401).await;
    problem(server.log_in("dev", PASSWORD).await, 401).await;
    read(server.log_in("dev", NEW).await, 200).await;
    problem(reset(&server, &token, "another of those").await, 403).await;
    problem(reset(&server, "oa_reset_nonsense", NEW).await, 403).await;
    let filter = |action: &str| AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
    let store = server.orchestrator.store();
    for (action, wanted) in [("user.offer_password_reset", 2), ("user.reset_password", 1)] {
        let entries = store.audit_entries(&filter(action), Default::default()).await.unwrap().items;
        assert_eq!(entries.len(), wanted, "{action}");
        assert!(entries.iter().all(|entry| !format!("{entry:?}").contains("oa_reset_")));
    }
}

#[tokio::test]
async fn a_link_is_made_by_who_manages_people_and_ends() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let dev = server.person("dev", Role::Developer).await;
    let path = format!("/api/users/{}/password-reset", admin.id);
    problem(server.request(Method::POST, &path).bearer_auth(&dev.token).send().await.unwrap(), 403).await;
    let unknown = format!("/api/users/{}/password-reset", uuid::Uuid::now_v7());
    problem(server.request(Method::POST, &unknown).bearer_auth(&admin.token).send().await.unwrap(), 404)
        .await;
    let token = offer(&server, &admin.token, &dev.id).await;
    let store = server.orchestrator.store();
    let id = dev.id.parse().unwrap();
    let kept = store.password_reset(id).await.unwrap().unwrap();
    assert_eq!((kept.expires_at - kept.created_at).num_minutes(), 60);
    let expired = PasswordReset { expires_at: kept.created_at, ..kept };
    store.commit(Changes::none().update(Record::PasswordReset(expired))).await.unwrap();
    problem(reset(&server, &token, NEW).await, 403).await;
    // Nor does it help who is disabled.
    let token = offer(&server, &admin.token, &dev.id).await;
    let disable = server.put(&format!("/api/users/{}", dev.id), &admin.token, &json!({"disabled": true}));
    read(disable.send().await.unwrap(), 200).await;
    problem(reset(&server, &token, NEW).await, 403).await;
}

#[tokio::test]
async fn guesses_are_limited() {
    let server = TestServer::with(Default::default(), |options| {
        options.public_requests = openautomate_http::RateLimit::new(3, std::time::Duration::from_secs(600));
    })
    .await;
    for _ in 0..3 {
        problem(reset(&server, "oa_reset_guess", NEW).await, 403).await;
    }
    problem(reset(&server, "oa_reset_guess", NEW).await, 429).await;
}
