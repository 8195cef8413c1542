//! V1: no answer to anybody holds a secret, whatever is asked.

use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::domain::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, read, text};

const CANARY: &str = "canary-7f3a91-open-sesame";

/// Every route of the document, with ids of things that are there.
fn routes(ids: &[(&str, String)], fallback: &str) -> Vec<(Method, String)> {
    let document = serde_json::to_value(openautomate_http::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let known = ids.iter().find(|(prefix, _)| path.starts_with(prefix));
            let id = known.map_or(fallback, |(_, id)| id.as_str());
            let path = path.replace("{epoch}", "1").replace("{id}", id);
            let path: Vec<_> =
                path.split('/').map(|part| if part.starts_with('{') { fallback } else { part }).collect();
            routes.push((Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path.join("/")));
        }
    }
    // What removes comes last, so that everything is there as long as it can be.
    routes.sort_by_key(|(method, _)| *method == Method::DELETE);
    routes
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "p").await;
    let post = async |path: &str, body: Value| {
        read(server.post(path, &admin.token, &body).send().await.unwrap(), 201).await
    };
    let secret = post("/api/assets", json!({"name": "s", "kind": "secret", "value": CANARY})).await;
    let value = json!({"username": "robot", "password": CANARY});
    post("/api/assets", json!({"name": "c", "kind": "secret", "format": "credential", "value": value})).await;
    let value = json!({"deep": [CANARY]});
    post("/api/assets", json!({"name": "j", "kind": "secret", "format": "json", "value": value})).await;
    let file =
        server.request(Method::PUT, "/api/assets/file?name=f&fileName=f.pem").bearer_auth(&admin.token);
    assert_eq!(file.body(CANARY).send().await.unwrap().status(), 200);
    let package_id = package.parse().unwrap();
    let actor = openautomate_core::permission::Actor::system();
    let execution = server.orchestrator.execute(&actor, EnqueueExecution::new(package_id)).await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let mut tokens = vec![("nobody", None), ("agent", Some(agent.token.clone()))];
    tokens.push(("Administrator", Some(admin.token.clone())));
    for (name, role) in
        [("Operator", Role::Operator), ("Developer", Role::Developer), ("Viewer", Role::Viewer)]
    {
        tokens.push((name, Some(server.person(name, role).await.token)));
    }
    let mut ids = vec![("/api/assets", text(&secret["id"])), ("/api/packages", package)];
    ids.push(("/api/agents", agent.id.clone()));
    if let Ok(execution) = execution {
        ids.push(("/api/executions", execution.id.to_string()));
    }
    let fallback = uuid::Uuid::now_v7().to_string();
    // In every encoding in which an answer could hold it.
    let forms = [CANARY.to_owned(), hex::encode(CANARY), base64(CANARY)];
    let (mut asked, mut answered) = (0, 0);
    for (who, token) in &tokens {
        for (method, path) in routes(&ids, &fallback) {
            if path == "/api/live"
                || path == "/api/auth/logout"
                || (*who == "Administrator" && method == Method::DELETE)
            {
                // A connection; the end of the session; what the next one asks for.
                continue;
            }
            let mut request = server.request(method.clone(), &path);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if method == Method::POST || method == Method::PUT {
                request = request.json(&json!({}));
            }
            let response = request.send().await.unwrap();
            answered += usize::from(response.status().is_success());
            let headers = format!("{:?}", response.headers());
            let mut body = response;
            let mut content = Vec::new();
            // Some follow what happens and do not end.
            while let Ok(Ok(Some(piece))) =
                tokio::time::timeout(std::time::Duration::from_secs(2), body.chunk()).await
            {
                content.extend_from_slice(&piece);
            }
            let content = format!("{headers}{}", String::from_utf8_lossy(&content));
            for form in &forms {
                assert!(!content.contains(form.as_str()), "{who} {method} {path}: {content}");
            }
            asked += 1;
        }
    }
    assert!(asked > 600 && answered > 100, "{asked} {answered}");
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
