use openautomate_core::domain::Role;
use reqwest::Method;
use serde_json::Value;

use crate::server::{TestServer, problem};

/// What nobody needs to be signed in for.
const PUBLIC: [(&str, &str); 13] = [
    ("post", "/api/auth/register"),
    ("post", "/api/auth/login"),
    ("post", "/api/auth/refresh"),
    ("post", "/api/auth/password-reset"),
    ("get", "/api/auth/oidc"),
    ("get", "/api/auth/oidc/{name}/start"),
    ("get", "/api/auth/oidc/{name}/callback"),
    ("post", "/api/agents/enrol"),
    ("post", "/api/agents/{id}/challenge"),
    ("post", "/api/agents/{id}/token"),
    ("post", "/api/hooks/{id}"),
    ("get", "/healthz"),
    ("get", "/readyz"),
];

/// What changes nothing of others, so a Viewer may do it.
const OWN: [(&str, &str); 15] = [
    ("post", "/api/api-keys"),
    ("delete", "/api/api-keys/{id}"),
    ("post", "/api/permissions/check"),
    ("post", "/api/auth/logout"),
    ("post", "/api/auth/password"),
    ("delete", "/api/auth/identities/{id}"),
    ("delete", "/api/auth/sessions"),
    ("delete", "/api/auth/sessions/{id}"),
    ("post", "/api/auth/totp"),
    ("post", "/api/auth/totp/confirm"),
    ("post", "/api/auth/totp/recovery-codes"),
    ("post", "/api/auth/totp/disable"),
    ("post", "/api/auth/oidc/{name}/link"),
    ("post", "/api/live/tickets"),
    ("post", "/api/schedules/preview"),
];

/// What Administrators alone read.
const OTHERS: &[&str] = &[
    "/api/users",
    "/api/roles",
    "/api/invitations",
    "/api/audit",
    "/api/audit/checkpoints",
    "/api/audit/export",
    "/api/audit/verify",
];

fn routes() -> Vec<(String, String, Value)> {
    let document = serde_json::to_value(openautomate_http::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut routes = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            routes.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    assert!(routes.len() >= 55, "{}", routes.len());
    routes
}

fn filled(path: &str) -> String {
    let id = uuid::Uuid::now_v7().to_string();
    let path = path.replace("{epoch}", "1");
    path.split('/')
        .map(|part| if part.starts_with('{') { id.as_str() } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.to_uppercase().as_bytes()).unwrap()
}

fn is_in(list: &[(&str, &str)], name: &str, path: &str) -> bool {
    list.contains(&(name, path))
}

#[tokio::test]
async fn a_stranger_gets_nowhere() {
    let server = TestServer::start().await;
    for (name, path, operation) in routes() {
        // The document says the same.
        let open = operation["security"] == serde_json::json!([{}]);
        assert_eq!(open, is_in(&PUBLIC, &name, &path), "{name} {path}");
        let request = server.request(method(&name), &filled(&path)).json(&serde_json::json!({}));
        let response = request.send().await.unwrap();
        if path == "/api/hooks/{id}" {
            // The signature is the proof.
            assert_eq!(response.status(), 404, "there is no such webhook");
        } else if open {
            assert_ne!(response.status(), 401, "{name} {path}");
        } else {
            assert_eq!(response.status(), 401, "{name} {path}");
            problem(response, 401).await;
        }
    }
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let server = TestServer::start().await;
    let viewer = server.person("viewer", Role::Viewer).await;
    for (name, path, operation) in routes() {
        if name == "get" || is_in(&PUBLIC, &name, &path) || is_in(&OWN, &name, &path) {
            continue;
        }
        let request = server.request(method(&name), &filled(&path)).bearer_auth(&viewer.token);
        // No body at all: who may not is told so before anything is read.
        let response = request.send().await.unwrap();
        let for_agents = operation["tags"][0] == "agent link";
        let wanted = if for_agents { 401 } else { 403 };
        if path == "/api/users/{id}" && name == "put" {
            let body = serde_json::json!({"username": "x"});
            let request = server.request(Method::PUT, &filled(&path)).bearer_auth(&viewer.token).json(&body);
            problem(request.send().await.unwrap(), 403).await;
            continue;
        }
        assert_eq!(response.status(), wanted, "{name} {path}");
        problem(response, wanted).await;
    }
}

#[tokio::test]
async fn each_role_reads_what_the_table_says() {
    let server = TestServer::start().await;
    for (role, forbidden) in [
        (Role::Administrator, &[][..]),
        (Role::Operator, OTHERS),
        (Role::Developer, OTHERS),
        (Role::Viewer, &[OTHERS, &["/api/assets"]].concat()),
    ] {
        let person = server.person(&format!("{role:?}"), role).await;
        for (name, path, _) in routes() {
            if name != "get" || path.contains('{') || is_in(&PUBLIC, &name, &path) {
                continue;
            }
            // A connection, which asks for each topic's permission.
            if path == "/api/live" {
                continue;
            }
            let asked = if path == "/api/permissions/explain" { "?permission=ReadAgents" } else { "" };
            let status = server.get(&format!("{path}{asked}"), &person.token).send().await.unwrap().status();
            let wanted = if forbidden.contains(&path.as_str()) { 403 } else { 200 };
            assert_eq!(status, wanted, "{role:?} {path}");
        }
    }
}
