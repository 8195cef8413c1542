use openautomate_core::domain::Role;
use reqwest::Method;
use serde_json::json;

use crate::server::{TestServer, archive, problem, read, text};

#[tokio::test]
async fn versions_are_published_activated_and_downloaded() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let path = format!("/api/packages/{package}/versions");
    let upload = server
        .request(Method::POST, &format!("{path}?activate=false"))
        .bearer_auth(&admin.token)
        .header("content-type", "application/octet-stream")
        .body(archive("2.0.0"));
    let second = read(upload.send().await.unwrap(), 201).await;
    for field in [
        "id",
        "packageId",
        "versionNumber",
        "filePath",
        "isActive",
        "createdAt",
        "digest",
        "size",
        "manifest",
    ] {
        assert!(!second[field].is_null(), "{field}: {second}");
    }
    assert_eq!((&second["isActive"], &second["versionNumber"]), (&json!(false), &json!("2.0.0")));
    assert_eq!(second["manifest"]["entrypoint"], "main:run");
    let one = format!("{path}/{}", text(&second["id"]));
    let active =
        read(server.post(&format!("{one}/activate"), &admin.token, &json!({})).send().await.unwrap(), 200)
            .await;
    assert_eq!(active["isActive"], true);
    let list = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    let flags: Vec<bool> =
        list["items"].as_array().unwrap().iter().map(|v| v["isActive"].as_bool().unwrap()).collect();
    assert_eq!(flags, [true, false]);

    let content = server.get(&text(&second["filePath"]), &admin.token).send().await.unwrap();
    assert_eq!(content.headers()["etag"].to_str().unwrap(), format!("\"{}\"", text(&second["digest"])));
    assert!(
        content.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"hello-2.0.0.zip\"")
    );
    assert!(content.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(content.bytes().await.unwrap(), archive("2.0.0"));

    let operator = server.person("operator", Role::Operator).await;
    read(server.get(&one, &operator.token).send().await.unwrap(), 200).await;
    problem(server.get(&text(&second["filePath"]), &operator.token).send().await.unwrap(), 403).await;
}

#[tokio::test]
async fn a_package_in_use_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let path = format!("/api/packages/{package}");
    let execution =
        server.post("/api/executions", &admin.token, &json!({"packageName": "HELLO"})).send().await.unwrap();
    let execution = read(execution, 201).await;
    assert_eq!(
        problem(server.delete(&path, &admin.token).send().await.unwrap(), 409).await["code"],
        "package.in_use"
    );
    let cancel = format!("/api/executions/{}/cancel", text(&execution["id"]));
    read(server.post(&cancel, &admin.token, &json!({})).send().await.unwrap(), 202).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
    problem(
        server
            .post("/api/packages", &admin.token, &json!({"name": "hello", "creatorId": "x"}))
            .send()
            .await
            .unwrap(),
        422,
    )
    .await;
}
