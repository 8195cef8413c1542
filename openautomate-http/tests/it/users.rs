use openautomate_core::domain::Role;
use serde_json::json;

use crate::server::{TestServer, problem, read};

#[tokio::test]
async fn a_person_in_the_shape_of_the_design() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let user =
        read(server.get(&format!("/api/users/{}", admin.id), &admin.token).send().await.unwrap(), 200).await;
    for field in ["id", "username", "email", "roles", "createdAt", "lastLogin", "disabled", "revision"] {
        assert!(!user[field].is_null(), "{field}: {user}");
    }
    assert!(!user.to_string().contains("argon2"));
}

#[tokio::test]
async fn people_see_and_change_themselves_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let viewer = server.person("viewer", Role::Viewer).await;
    let (own, other) = (format!("/api/users/{}", viewer.id), format!("/api/users/{}", admin.id));
    read(server.get(&own, &viewer.token).send().await.unwrap(), 200).await;
    problem(server.get(&other, &viewer.token).send().await.unwrap(), 403).await;
    problem(server.get("/api/users", &viewer.token).send().await.unwrap(), 403).await;
    let renamed = server.put(&own, &viewer.token, &json!({"username": "looker"})).send().await.unwrap();
    assert_eq!(read(renamed, 200).await["username"], "looker");
    for power in [json!({"roles": ["Administrator"]}), json!({"disabled": false})] {
        problem(server.put(&own, &viewer.token, &power).send().await.unwrap(), 403).await;
    }
    problem(server.put(&own, &viewer.token, &json!({"passwordHash": "x"})).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let own = format!("/api/users/{}", admin.id);
    problem(server.put(&own, &admin.token, &json!({"roles": ["Viewer"]})).send().await.unwrap(), 403).await;
    problem(server.delete(&own, &admin.token).send().await.unwrap(), 403).await;
    let viewer = server.person("viewer", Role::Viewer).await;
    let deleted = server.delete(&format!("/api/users/{}", viewer.id), &admin.token).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    problem(server.get(&format!("/api/users/{}", viewer.id), &admin.token).send().await.unwrap(), 404).await;
    problem(server.get("/api/auth/me", &viewer.token).send().await.unwrap(), 401).await;
}
