use openautomate_core::domain::Role;
use serde_json::json;

use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let secret =
        json!({"name": "sap-password", "kind": "secret", "value": "hunter2-and-more", "description": "SAP"});
    let made = server.post("/api/assets", &admin.token, &secret).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = read(made, 201).await;
    problem(server.post("/api/assets", &admin.token, &secret).send().await.unwrap(), 409).await;
    let replaced = read(server.put("/api/assets", &admin.token, &secret).send().await.unwrap(), 200).await;
    assert_eq!(replaced["id"], made["id"]);
    let plain = json!({"name": "sap-url", "kind": "plain", "value": "https://sap.internal"});
    let plain = read(server.post("/api/assets", &admin.token, &plain).send().await.unwrap(), 201).await;
    let shown = read(
        server.get(&format!("/api/assets/{}", text(&plain["id"])), &admin.token).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(shown["value"], "https://sap.internal");
    let shown = server.get(&location, &admin.token).send().await.unwrap().text().await.unwrap();
    let list = server.get("/api/assets", &admin.token).send().await.unwrap().text().await.unwrap();
    let audit = server.get("/api/audit", &admin.token).send().await.unwrap().text().await.unwrap();
    for answer in [&shown, &list, &audit] {
        assert!(!answer.contains("hunter2"), "{answer}");
    }
    assert!(!list.contains("sap.internal"));
    let open = json!({"name": "sap-password", "kind": "plain", "value": "x"});
    problem(server.put("/api/assets", &admin.token, &open).send().await.unwrap(), 409).await;
    let viewer = server.person("viewer", Role::Viewer).await;
    problem(server.get("/api/assets", &viewer.token).send().await.unwrap(), 403).await;
    assert_eq!(server.delete(&location, &admin.token).send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_audit_tells_who_and_is_whole() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({"name": "p"});
    let made = server
        .post("/api/packages", &admin.token, &body)
        .header("x-request-id", "trace-1")
        .send()
        .await
        .unwrap();
    let id = text(&read(made, 201).await["id"]);
    let path = format!("/api/audit?objectId={id}");
    let entry = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await["items"][0].clone();
    assert_eq!(entry["action"], "package.create");
    assert_eq!(entry["actor"], json!({"kind": "user", "id": admin.id, "name": "admin"}));
    assert_eq!((&entry["requestId"], &entry["ipAddress"]), (&json!("trace-1"), &json!("127.0.0.1")));
    openautomate_core::service::AuditSealer::new(server.orchestrator.clone()).seal().await.unwrap();
    let report = read(server.get("/api/audit/verify", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&report["ok"], &report["firstBad"]), (&json!(true), &json!(null)));
    assert_eq!(report["verified"], report["head"]["sequence"]);
    assert!(report["verified"].as_u64().unwrap() >= 3);
    let filtered =
        read(server.get("/api/audit?action=nothing.at_all", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(filtered["items"], json!([]));
}
