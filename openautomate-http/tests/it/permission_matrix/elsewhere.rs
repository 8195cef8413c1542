//! What is in an environment in which somebody has no role is, for them, as if it was not there; what is in theirs is as
//! for an Administrator.

use openautomate_core::domain::Role;
use openautomate_core::permission::{Permission, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use super::objects::Objects;
use super::table::{Asks, Row, table};
use crate::fake_agent::FakeAgent;
use crate::server::{Person, TestServer};

/// A body with which the operation would be done, so that nothing is refused before it is known what it is about.
fn body(row: &Row, objects: &Objects) -> Value {
    let package = objects.id("/api/packages");
    let what = (row.method.as_str(), row.path.as_str());
    match what {
        (_, "/api/approvals/{id}/answer") => json!({"approve": true}),
        (_, "/api/environments/{id}/pause" | "/api/schedules/{id}/pause") => json!({"reason": "it rests"}),
        ("PUT", "/api/buckets/{id}" | "/api/queues/{id}") => json!({"name": "renamed"}),
        ("PUT", "/api/schedules/{id}") => json!({"packageId": package, "cronExpression": "0 0 2 1 *"}),
        ("PUT", "/api/triggers/{id}") => {
            let source = json!({"kind": "webhook", "style": "github"});
            json!({"name": "renamed", "packageId": package, "source": source})
        }
        (_, "/api/schedules/{id}/backfill") => {
            json!({"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
        }
        (_, "/api/buckets/{id}/object/copy" | "/api/buckets/{id}/object/move") => {
            json!({"from": "a", "to": "b"})
        }
        ("POST", "/api/queues/{id}/items") => json!({"payload": {}}),
        (_, path) if path.ends_with("/fail") => json!({"epoch": 1, "kind": "application", "message": "no"}),
        (_, path)
            if path.ends_with("/complete") || path.ends_with("/release") || path.ends_with("/renew") =>
        {
            json!({"epoch": 1})
        }
        _ => json!({}),
    }
}

fn query(row: &Row) -> &'static str {
    match row.path.as_str() {
        "/api/buckets/{id}/object" | "/api/buckets/{id}/object/content" => "?key=a.txt",
        _ => "",
    }
}

/// The status and what is said.
async fn ask(server: &TestServer, person: &Person, row: &Row, objects: &Objects, path: &str) -> (u16, Value) {
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let request = server.request(method.clone(), &format!("{path}{}", query(row))).bearer_auth(&person.token);
    let request = match row.path.as_str() {
        "/api/queues/{id}/items/import" => request.header("content-type", "application/x-ndjson").body("{}"),
        _ if method == Method::GET => request,
        _ => request.json(&body(row, objects)),
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// What is said, without what differs by what was asked for.
fn plain(said: &Value, path: &str) -> Value {
    let mut text = said.to_string();
    for part in path.split('/').filter(|part| uuid::Uuid::parse_str(part).is_ok()) {
        text = text.replace(part, "ID");
    }
    let mut plain: Value = serde_json::from_str(&text).unwrap();
    if let Some(problem) = plain.as_object_mut() {
        problem.remove("requestId");
        problem.remove("instance");
        problem.remove("heartbeatAgeMs");
    }
    plain
}

/// Packages, their versions and calendars are in no environment; files are their owner's alone.
fn is_of_no_environment(path: &str) -> bool {
    ["/api/packages", "/api/calendars", "/api/files"].iter().any(|before| path.starts_with(before))
}

async fn world(server: &TestServer) -> (Person, Objects) {
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(server, &admin.token, "bot").await;
    let other = server.person("other", Role::Viewer).await;
    let objects = Objects::make(server, &admin, &agent.id, &other.id).await;
    (admin, objects)
}

#[tokio::test]
async fn what_is_in_another_environment_is_as_if_it_was_not_there() {
    let server = TestServer::start().await;
    let (admin, objects) = world(&server).await;
    let testing = server.environment(&admin.token, "testing").await;
    let elsewhere = server.person_in("elsewhere", &[(&testing, &["Administrator", "Operator"])]).await;
    let (_, rows) = table();
    let shown: Vec<&str> = rows
        .iter()
        .filter(|row| row.method == "GET" && row.path.ends_with('}') && row.asks != Asks::Agent)
        .map(|row| row.path.as_str())
        .collect();
    let before = objects.look(&server, &admin, &shown).await;
    let (mut failures, mut count) = (Vec::new(), 0);
    let taught = rows.iter().filter(|row| row.by_environment && row.path.contains('{'));
    for row in taught.filter(|row| !is_of_no_environment(&row.path)) {
        let (real, is_real) = objects.real(&row.path);
        let missing = Objects::missing(&row.path, None);
        let there = ask(&server, &elsewhere, row, &objects, &real).await;
        let nowhere = ask(&server, &elsewhere, row, &objects, &missing).await;
        let is_same = there.0 == nowhere.0 && plain(&there.1, &real) == plain(&nowhere.1, &missing);
        // No run left a file.
        let is_real = is_real || row.path.ends_with("{artifactId}");
        if !is_real || !is_same || there.0 != 404 {
            failures.push(format!("{} {}: {there:?}, and of nothing {nowhere:?}", row.method, row.path));
        }
        count += 1;
    }
    let after = objects.look(&server, &admin, &shown).await;
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(before, after, "a refused request changed something");
    assert!(count >= 60, "{count}");
    // Nor is anything of it listed.
    for row in rows.iter().filter(|row| row.by_environment && row.method == "GET" && !row.path.contains('{'))
    {
        let (status, said) = ask(&server, &elsewhere, row, &objects, &row.path).await;
        assert_eq!(status, 200, "{}", row.path);
        let items = said["items"].as_array().unwrap();
        match row.path.as_str() {
            "/api/calendars" => assert_eq!(items.len(), 1),
            "/api/environments" => assert_eq!((items.len(), &items[0]["id"]), (1, &json!(testing))),
            path => assert!(items.is_empty(), "{path}: {said}"),
        }
    }
}

#[tokio::test]
async fn what_is_in_their_environment_is_as_for_an_administrator() {
    let server = TestServer::start().await;
    let (admin, objects) = world(&server).await;
    let production = server.environment(&admin.token, "production").await;
    let here = server.person_in("here", &[(&production, &["Administrator"])]).await;
    let (_, rows) = table();
    let mut count = 0;
    for row in rows.iter().filter(|row| row.by_environment && row.method == "GET") {
        let (path, is_real) = objects.real(&row.path);
        let is_list = !row.path.contains('{');
        // Of files each sees their own; the environment that was made is not production.
        if row.path == "/api/environments" || row.path.starts_with("/api/files") || !(is_real || is_list) {
            continue;
        }
        let theirs = ask(&server, &here, row, &objects, &path).await;
        let all = ask(&server, &admin, row, &objects, &path).await;
        let without_age = |said: &Value| {
            let mut said = plain(said, &path);
            for item in said["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                item.remove("heartbeatAgeMs");
            }
            if let Some(said) = said.as_object_mut() {
                // The clock moves on between the two.
                for moving in ["at", "decisions", "dueTimes", "fireTimes"] {
                    said.remove(moving);
                }
            }
            said
        };
        assert_eq!((theirs.0, without_age(&theirs.1)), (all.0, without_age(&all.1)), "{path}");
        count += 1;
    }
    assert!(count >= 35, "{count}");
}

#[test]
fn whatever_a_role_in_an_environment_gives_is_asked_for_by_environment() {
    let (_, rows) = table();
    for permission in Permission::ALL.into_iter().filter(|one| one.scope() == Scope::Environment) {
        let asking = |row: &&Row| row.asks == Asks::Permission(permission);
        assert!(
            rows.iter().filter(asking).any(|row| row.by_environment),
            "{permission:?} is given in environments, and no operation counts it there"
        );
    }
    for row in rows.iter().filter(|row| row.by_environment) {
        let Asks::Permission(permission) = row.asks else { panic!("{} has the mark", row.path) };
        assert_ne!(permission.scope(), Scope::Installation, "{} {}", row.method, row.path);
    }
}
