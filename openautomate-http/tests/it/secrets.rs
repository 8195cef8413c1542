use openautomate_core::domain::Role;
use serde_json::{Value, json};

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

#[tokio::test]
async fn a_value_is_what_it_says() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let put = async |body: Value, status: u16| {
        let answer = server.put("/api/assets", &admin.token, &body).send().await.unwrap();
        read(answer, status).await
    };
    let settings = json!({"url": "https://erp.example", "retries": 3});
    let made = put(json!({"name": "erp", "kind": "plain", "format": "json", "value": settings}), 200).await;
    assert_eq!((&made["format"], &made["value"]), (&json!("json"), &Value::Null));
    let path = format!("/api/assets/{}", text(&made["id"]));
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["value"], settings);

    let credential =
        |value: Value| json!({"name": "sap", "kind": "secret", "format": "credential", "value": value});
    let made = put(credential(json!({"username": "robot", "password": "hunter2-and-more"})), 200).await;
    let path = format!("/api/assets/{}", text(&made["id"]));
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert!(shown.get("value").is_none() && !shown.to_string().contains("hunter2"), "{shown}");
    for wrong in [
        credential(json!("hunter2-and-more")),
        credential(json!({"username": "robot"})),
        credential(json!({"username": "robot", "password": "hunter2-and-more", "host": "x"})),
        credential(json!({"username": "", "password": "hunter2-and-more"})),
        json!({"name": "x", "kind": "secret", "value": {"text": "hunter2-and-more"}}),
    ] {
        let refused = put(wrong, 422).await;
        assert_eq!(refused["errors"][0]["field"], "value");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
    let open = json!({"name": "x", "kind": "plain", "format": "credential",
        "value": {"username": "robot", "password": "hunter2-and-more"}});
    assert_eq!(put(open, 422).await["errors"][0]["field"], "kind");
}

#[tokio::test]
async fn a_file_goes_in_and_never_comes_out() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let put = async |query: &str, content: Vec<u8>| {
        let request = server.request(reqwest::Method::PUT, &format!("/api/assets/file?{query}"));
        request.bearer_auth(&admin.token).body(content).send().await.unwrap()
    };
    let made = read(put("name=cert&fileName=client.pfx", b"hunter2-in-a-file".to_vec()).await, 200).await;
    assert_eq!((&made["format"], &made["kind"]), (&json!("file"), &json!("secret")));
    assert_eq!((&made["fileName"], &made["fileSize"]), (&json!("client.pfx"), &json!(17)));
    let path = format!("/api/assets/{}", text(&made["id"]));
    let shown = server.get(&path, &admin.token).send().await.unwrap().text().await.unwrap();
    let list = server.get("/api/assets", &admin.token).send().await.unwrap().text().await.unwrap();
    let audit =
        server.get("/api/audit?action=asset.put", &admin.token).send().await.unwrap().text().await.unwrap();
    for answer in [&shown, &list, &audit] {
        assert!(answer.contains("client.pfx") && !answer.contains("hunter2"), "{answer}");
    }
    let database = std::fs::read(server.dir.path().join("openautomate.db")).unwrap_or_default();
    assert!(!database.windows(7).any(|window| window == b"hunter2"), "it is kept in the clear");
    let again = put("name=cert&fileName=a&createOnly=true", b"x".to_vec()).await;
    assert_eq!(problem(again, 409).await["code"], "name.taken");
    let replaced = read(put("name=CERT&fileName=other.pem", b"x".to_vec()).await, 200).await;
    assert_eq!((&replaced["id"], &replaced["revision"]), (&made["id"], &json!(1)));
    for (query, field) in [("name=x&fileName=..%2Fup", "fileName"), ("name=&fileName=a", "name")] {
        let refused = problem(put(query, b"x".to_vec()).await, 422).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    read(put("name=most&fileName=a", vec![7; 10 * 1024 * 1024]).await, 200).await;
    problem(put("name=more&fileName=a", vec![7; 10 * 1024 * 1024 + 1]).await, 413).await;
    // It may become something else that is secret, and loses its content then.
    let text = json!({"name": "cert", "kind": "secret", "value": "a text"});
    let text = read(server.put("/api/assets", &admin.token, &text).send().await.unwrap(), 200).await;
    assert_eq!((&text["format"], text.get("fileName")), (&json!("text"), None));
    let inline = json!({"name": "x", "kind": "secret", "format": "file", "value": "a"});
    let inline = server.put("/api/assets", &admin.token, &inline).send().await.unwrap();
    assert_eq!(problem(inline, 422).await["errors"][0]["field"], "format");
    let developer = server.person("dora", Role::Developer).await;
    let request = server.request(reqwest::Method::PUT, "/api/assets/file?name=a&fileName=a");
    problem(request.bearer_auth(&developer.token).body("x").send().await.unwrap(), 403).await;
}
