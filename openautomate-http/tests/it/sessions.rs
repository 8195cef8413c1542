//! Where somebody is signed in, and ending it.

use std::time::{Duration, Instant};

use openautomate_core::domain::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, problem, read, text};

async fn signed_in_with(server: &TestServer, username: &str, agent: &str) -> Person {
    let body = json!({"username": username, "password": PASSWORD});
    let login = server.request(Method::POST, "/api/auth/login").header("user-agent", agent).json(&body);
    let session = read(login.send().await.unwrap(), 200).await;
    Person {
        id: text(&session["user"]["id"]),
        token: text(&session["accessToken"]),
        refresh: text(&session["refreshToken"]),
    }
}

async fn sessions(server: &TestServer, path: &str, person: &Person) -> Vec<Value> {
    let page = read(server.get(path, &person.token).send().await.unwrap(), 200).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_person_sees_where_they_are_signed_in_and_ends_it() {
    let server = TestServer::start().await;
    server.person("dev", Role::Developer).await;
    let here = signed_in_with(&server, "dev", "Browser/7").await;
    let there = signed_in_with(&server, "dev", "curl/8").await;
    let listed = sessions(&server, "/api/auth/sessions", &here).await;
    // The one of the helper, too.
    assert_eq!(listed.len(), 3);
    assert_eq!((&listed[0]["userAgent"], &listed[0]["isCurrent"]), (&json!("curl/8"), &json!(false)));
    assert_eq!((&listed[1]["userAgent"], &listed[1]["isCurrent"]), (&json!("Browser/7"), &json!(true)));
    for session in &listed {
        assert_eq!((&session["ipAddress"], &session["method"]), (&json!("127.0.0.1"), &json!("password")));
        assert!(session["createdAt"].is_string() && session["lastUsedAt"].is_string());
        assert!(!session.to_string().contains("oken"), "{session}");
    }
    let page = read(server.get("/api/auth/sessions?limit=2", &here.token).send().await.unwrap(), 200).await;
    let rest = format!("/api/auth/sessions?limit=2&cursor={}", text(&page["next"]));
    assert_eq!(sessions(&server, &rest, &here).await.len(), 1);

    // A refresh by another program shows.
    let refresh = json!({"refreshToken": there.refresh});
    let refresh =
        server.request(Method::POST, "/api/auth/refresh").header("user-agent", "curl/9").json(&refresh);
    let there =
        Person { token: text(&read(refresh.send().await.unwrap(), 200).await["accessToken"]), ..there };
    let listed = sessions(&server, "/api/auth/sessions", &here).await;
    assert_eq!(listed[0]["userAgent"], "curl/9");
    assert!(listed[0]["lastUsedAt"].as_str() > listed[0]["createdAt"].as_str());

    let one = format!("/api/auth/sessions/{}", text(&listed[0]["id"]));
    assert_eq!(server.delete(&one, &here.token).send().await.unwrap().status(), 204);
    problem(server.get("/api/auth/me", &there.token).send().await.unwrap(), 401).await;
    problem(server.delete(&one, &here.token).send().await.unwrap(), 404).await;
    assert_eq!(server.delete("/api/auth/sessions", &here.token).send().await.unwrap().status(), 204);
    let listed = sessions(&server, "/api/auth/sessions", &here).await;
    assert_eq!((listed.len(), &listed[0]["isCurrent"]), (1, &json!(true)));
}

#[tokio::test]
async fn nobody_ends_the_session_of_another_but_who_manages_people() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (dev, viewer) =
        (server.person("dev", Role::Developer).await, server.person("viewer", Role::Viewer).await);
    let id = text(&sessions(&server, "/api/auth/sessions", &dev).await[0]["id"]);
    problem(server.delete(&format!("/api/auth/sessions/{id}"), &viewer.token).send().await.unwrap(), 404)
        .await;
    let (all, one) =
        (format!("/api/users/{}/sessions", dev.id), format!("/api/users/{}/sessions/{id}", dev.id));
    problem(server.get(&all, &viewer.token).send().await.unwrap(), 403).await;
    problem(server.delete(&all, &viewer.token).send().await.unwrap(), 403).await;
    problem(server.delete(&one, &viewer.token).send().await.unwrap(), 403).await;
    // Of the right person only.
    let of_another = format!("/api/users/{}/sessions/{id}", viewer.id);
    problem(server.delete(&of_another, &admin.token).send().await.unwrap(), 404).await;
    assert_eq!(sessions(&server, &all, &admin).await.len(), 1);
    assert_eq!(server.delete(&one, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 401).await;
    let unknown = format!("/api/users/{}/sessions", uuid::Uuid::now_v7());
    problem(server.get(&unknown, &admin.token).send().await.unwrap(), 404).await;
    let dev = server.signed_in("dev").await;
    assert_eq!(server.delete(&all, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 401).await;
    read(server.get("/api/auth/me", &admin.token).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn what_is_open_in_an_ended_session_ends_within_five_seconds() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let made = server.post("/api/executions", &admin.token, &json!({"packageId": package}));
    let path = format!(
        "/api/executions/{}/logs?follow=true",
        text(&read(made.send().await.unwrap(), 201).await["id"])
    );
    let dev = server.person("dev", Role::Developer).await;
    let mut stream = server.get(&path, &dev.token).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let ended = Instant::now();
    let all = format!("/api/users/{}/sessions", dev.id);
    assert_eq!(server.delete(&all, &admin.token).send().await.unwrap().status(), 204);
    // It is cut off, and does not end as if it were whole.
    while stream.chunk().await.is_ok_and(|part| {
        assert!(part.is_some(), "a proper end");
        true
    }) {}
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
}
