use openautomate_core::changes::{Changes, Record};
use openautomate_core::domain::{ApiKey, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, problem, read, text};

impl TestServer {
    /// A key of a person with these scopes: its id and its text.
    pub(crate) async fn api_key(&self, person: &Person, scopes: &[&str]) -> (String, String) {
        let body = json!({"name": "nightly", "scopes": scopes});
        let made = self.post("/api/api-keys", &person.token, &body).send().await.unwrap();
        let made = read(made, 201).await;
        (text(&made["id"]), text(&made["key"]))
    }

    /// Changes a key behind the API's back.
    pub(crate) async fn change_key(&self, id: &str, change: impl FnOnce(&mut ApiKey)) {
        let store = self.orchestrator.store();
        let mut key = store.api_key(id.parse().unwrap()).await.unwrap().unwrap();
        change(&mut key);
        store.commit(Changes::none().update(Record::ApiKey(key))).await.unwrap();
    }
}

async fn listed(server: &TestServer, token: &str, query: &str) -> Vec<Value> {
    let list = server.get(&format!("/api/api-keys{query}"), token).send().await.unwrap();
    read(list, 200).await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_as_a_hash() {
    let server = TestServer::start().await;
    let ada = server.person("ada", Role::Developer).await;
    let body = json!({"name": "nightly", "scopes": ["ReadExecutions", "RunExecutions"], "expiresInDays": 1});
    let made = server.post("/api/api-keys", &ada.token, &body).send().await.unwrap();
    assert!(made.headers()["location"].to_str().unwrap().starts_with("/api/api-keys/"));
    let made = read(made, 201).await;
    let key = text(&made["key"]);
    assert!(key.starts_with(&format!("oa_pat_{}_", text(&made["hint"]))), "{made}");
    assert_eq!(key.len(), 59);
    let life = made["expiresAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        - made["createdAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(life, chrono::TimeDelta::days(1));
    let list = listed(&server, &ada.token, "").await;
    assert_eq!(list.len(), 1);
    assert!(list[0].get("key").is_none() && list[0].get("tokenHash").is_none(), "{list:?}");
    // Nowhere in the files of the database, and its random part neither.
    for file in ["openautomate.db", "openautomate.db-wal"] {
        let bytes = std::fs::read(server.dir.path().join(file)).unwrap_or_default();
        let random = &key.as_bytes()[16..];
        assert!(!bytes.windows(random.len()).any(|window| window == random), "{file}");
    }
    let (_, by_default) = server.api_key(&ada, &[]).await;
    assert_ne!(by_default, key);
    let newest = listed(&server, &ada.token, "?limit=1").await.remove(0);
    let stored = server.orchestrator.store().api_key(text(&newest["id"]).parse().unwrap()).await.unwrap();
    let stored = stored.unwrap();
    assert_eq!(stored.expires_at - stored.created_at, chrono::TimeDelta::days(90));
}

#[tokio::test]
async fn what_a_key_is_for_is_checked() {
    let server = TestServer::start().await;
    let viewer = server.person("viewer", Role::Viewer).await;
    for (body, field) in [
        (json!({"name": "", "scopes": []}), "name"),
        (json!({"name": "x", "scopes": ["RunExecutions"]}), "scopes"),
        (json!({"name": "x", "scopes": ["Everything"]}), "scopes[0]"),
        (json!({"name": "x", "scopes": [], "expiresInDays": 0}), "expiresInDays"),
        (json!({"name": "x", "scopes": [], "expiresInDays": 366}), "expiresInDays"),
        (json!({"name": "x", "scopes": [], "expiresInDays": 4_294_967_295_u32}), "expiresInDays"),
    ] {
        let refused = server.post("/api/api-keys", &viewer.token, &body).send().await.unwrap();
        let told = problem(refused, 422).await;
        assert_eq!(told["field"], field, "{told}");
    }
    let more = json!({"name": "x", "scopes": [], "userId": viewer.id});
    problem(server.post("/api/api-keys", &viewer.token, &more).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn a_key_does_what_both_its_scopes_and_its_person_may() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.person("ada", Role::Developer).await;
    let (_, key) = server.api_key(&ada, &["WritePackages", "ReadExecutions"]).await;
    let get = async |path: &str| server.get(path, &key).send().await.unwrap().status().as_u16();
    assert_eq!(get("/api/executions").await, 200);
    assert_eq!(get("/api/packages").await, 403, "the person may, the key may not");
    assert_eq!(get("/api/users").await, 403, "neither may");
    let made = server.post("/api/packages", &key, &json!({"name": "hello"})).send().await.unwrap();
    let package = read(made, 201).await;
    let me = read(server.get("/api/auth/me", &key).send().await.unwrap(), 200).await;
    assert_eq!(me["id"], *ada.id);
    assert_eq!(me["permissions"], json!(["WritePackages", "ReadExecutions"]));
    // The audit says who it was, and by which key.
    let query = format!("/api/audit?objectId={}", text(&package["id"]));
    let entries = read(server.get(&query, &admin.token).send().await.unwrap(), 200).await;
    let entry = &entries["items"][0];
    let id = listed(&server, &ada.token, "").await[0]["id"].clone();
    assert_eq!((&entry["actor"]["name"], &entry["detail"]["apiKeyId"]), (&json!("ada"), &id), "{entries}");
    // The person may less now, and so may the key: at once, and it stays a key.
    let demoted = server.put(&format!("/api/users/{}", ada.id), &admin.token, &json!({"roles": ["Viewer"]}));
    read(demoted.send().await.unwrap(), 200).await;
    problem(server.post("/api/packages", &key, &json!({"name": "more"})).send().await.unwrap(), 403).await;
    assert_eq!(get("/api/executions").await, 200);
}

#[tokio::test]
async fn a_key_manages_nothing_of_what_people_may() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let other = server.person("other", Role::Viewer).await;
    let all: Vec<String> =
        openautomate_core::permission::Permission::ALL.iter().map(|one| format!("{one:?}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (id, key) = server.api_key(&admin, &all).await;
    let user = format!("/api/users/{}", other.id);
    for (method, path, body) in [
        (Method::POST, "/api/api-keys".to_owned(), json!({"name": "more", "scopes": []})),
        (Method::GET, "/api/api-keys".to_owned(), json!({})),
        (Method::DELETE, format!("/api/api-keys/{id}"), json!({})),
        (Method::POST, "/api/auth/password".to_owned(), json!({"currentPassword": "x", "newPassword": "y"})),
        (Method::POST, "/api/auth/logout".to_owned(), json!({})),
        (Method::POST, "/api/live/tickets".to_owned(), json!({})),
        (Method::PUT, user.clone(), json!({"roles": ["Administrator"]})),
        (Method::PUT, user.clone(), json!({"disabled": true})),
        (Method::PUT, user.clone(), json!({"email": "thief@example.org"})),
        (Method::PUT, format!("/api/users/{}", admin.id), json!({"email": "thief@example.org"})),
        (Method::DELETE, user.clone(), json!({})),
        (
            Method::POST,
            "/api/users/invitations".to_owned(),
            json!({"email": "x@example.org", "roles": ["Administrator"]}),
        ),
        (Method::POST, "/api/roles".to_owned(), json!({"name": "r", "permissions": ["ReadAudit"]})),
    ] {
        let answer =
            server.request(method.clone(), &path).bearer_auth(&key).json(&body).send().await.unwrap();
        problem(answer, 403).await;
    }
    // What only looks is for a key too.
    assert_eq!(server.get("/api/users", &key).send().await.unwrap().status(), 200);
    assert_eq!(server.get(&user, &key).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_key_is_taken_from_the_header_alone() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (_, key) = server.api_key(&admin, &["ReadAgents"]).await;
    assert_eq!(server.get("/api/agents", &key).send().await.unwrap().status(), 200);
    for query in ["access_token", "token", "apiKey", "api_key", "key", "authorization"] {
        let request = server.request(Method::GET, &format!("/api/agents?{query}={key}"));
        problem(request.send().await.unwrap(), 401).await;
    }
    let cookie = server.request(Method::GET, "/api/agents").header("cookie", format!("session={key}"));
    problem(cookie.send().await.unwrap(), 401).await;
    // Mistyped, cut off, of another kind, as another scheme.
    let last = if key.ends_with('A') { 'B' } else { 'A' };
    let mistyped = format!("{}{last}", &key[..key.len() - 1]);
    for wrong in [&mistyped, &key[..40], &key[7..], "oa_pat_", &format!("{key}A"), &key.to_uppercase()] {
        problem(server.get("/api/agents", wrong).send().await.unwrap(), 401).await;
    }
    let basic = server.request(Method::GET, "/api/agents").header("authorization", format!("Basic {key}"));
    problem(basic.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn keys_are_ones_own_business_and_of_those_who_manage_people() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (ada, eve) =
        (server.person("ada", Role::Developer).await, server.person("eve", Role::Operator).await);
    let (id, key) = server.api_key(&ada, &["ReadAgents"]).await;
    assert!(listed(&server, &eve.token, "").await.is_empty());
    let hers = format!("?userId={}", ada.id);
    problem(server.get(&format!("/api/api-keys{hers}"), &eve.token).send().await.unwrap(), 403).await;
    let path = format!("/api/api-keys/{id}");
    problem(server.delete(&path, &eve.token).send().await.unwrap(), 404).await;
    assert_eq!(server.get("/api/agents", &key).send().await.unwrap().status(), 200);
    assert_eq!(listed(&server, &admin.token, &hers).await[0]["id"], *id);
    for _ in 0..2 {
        assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    }
    problem(server.get("/api/agents", &key).send().await.unwrap(), 401).await;
    assert!(listed(&server, &ada.token, "").await[0]["revokedAt"].is_string());
    let missing = format!("/api/api-keys/{}", uuid::Uuid::now_v7());
    problem(server.delete(&missing, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute_and_an_end_is_an_end() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (id, key) = server.api_key(&admin, &["ReadAgents"]).await;
    let last = async || listed(&server, &admin.token, "").await[0]["lastUsedAt"].clone();
    assert_eq!(last().await, Value::Null);
    let ask = async || server.get("/api/agents", &key).send().await.unwrap().status().as_u16();
    assert_eq!(ask().await, 200);
    let first = last().await;
    assert!(first.is_string());
    for _ in 0..3 {
        assert_eq!(ask().await, 200);
    }
    assert_eq!(last().await, first, "it was noted within the minute");
    let made_before = server.orchestrator.store().api_key(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(made_before.revision, 0, "a use is no change");
    server.change_key(&id, |key| key.expires_at = key.created_at + chrono::TimeDelta::milliseconds(1)).await;
    assert_eq!(ask().await, 401);
}

#[tokio::test]
async fn nobody_has_keys_without_number() {
    let server = TestServer::start().await;
    let ada = server.person("ada", Role::Viewer).await;
    let body = json!({"name": "one of many", "scopes": []});
    let mut first = Value::Null;
    for _ in 0..50 {
        first = read(server.post("/api/api-keys", &ada.token, &body).send().await.unwrap(), 201).await;
    }
    let told = problem(server.post("/api/api-keys", &ada.token, &body).send().await.unwrap(), 409).await;
    assert_eq!(told["code"], "apiKey.too_many");
    let path = format!("/api/api-keys/{}", text(&first["id"]));
    assert_eq!(server.delete(&path, &ada.token).send().await.unwrap().status(), 204);
    read(server.post("/api/api-keys", &ada.token, &body).send().await.unwrap(), 201).await;
}
