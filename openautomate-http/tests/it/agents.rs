use openautomate_core::domain::Role;
use serde_json::{Value, json};

use crate::server::{TestServer, problem, read, text};

fn example() -> Value {
    json!({"name": "Finance-Bot-01", "machineName": "FINANCE-PC-01", "ipAddress": "192.168.1.100"})
}

/// The example of the design, field by field.
#[tokio::test]
async fn registering_answers_as_the_design_says() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let response = server.post("/api/agents/register", &admin.token, &example()).send().await.unwrap();
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let agent = read(response, 201).await;
    let mut fields: Vec<&str> = agent.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let wanted =
        ["id", "ipAddress", "lastHeartbeat", "machineName", "name", "ownerId", "registeredAt", "status"];
    assert_eq!(fields, wanted);
    assert_eq!(agent["name"], "Finance-Bot-01");
    assert_eq!(agent["machineName"], "FINANCE-PC-01");
    assert_eq!(agent["ipAddress"], "192.168.1.100");
    assert_eq!(agent["status"], "Active");
    assert_eq!(agent["ownerId"], json!(admin.id));
    assert!(uuid::Uuid::parse_str(&text(&agent["id"])).is_ok());
    for field in ["registeredAt", "lastHeartbeat"] {
        let time = text(&agent[field]);
        assert!(time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(&time).is_ok(), "{time}");
    }
    assert_eq!(location, format!("/api/agents/{}", text(&agent["id"])));
    let shown = read(server.get(&location, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&shown["connected"], &shown["enrolled"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn a_change_takes_the_state_that_was_seen() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let response = server.post("/api/agents/register", &admin.token, &example()).send().await.unwrap();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let path = format!("/api/agents/{}", text(&read(response, 201).await["id"]));
    let drain = json!({"status": "Draining", "labels": ["sap", "gpu"]});
    let put = |tag: &str| server.put(&path, &admin.token, &drain).header("if-match", tag.to_owned()).send();
    let changed = put(&tag).await.unwrap();
    let newer = changed.headers()["etag"].to_str().unwrap().to_owned();
    let changed = read(changed, 200).await;
    assert_eq!((&changed["status"], &changed["labels"]), (&json!("Draining"), &json!(["gpu", "sap"])));
    assert_ne!(tag, newer);
    assert_eq!(problem(put(&tag).await.unwrap(), 412).await["code"], "revision.mismatch");
    problem(put("nonsense").await.unwrap(), 422).await;
    let by_body = json!({"name": "Bot-2", "revision": 0});
    problem(server.put(&path, &admin.token, &by_body).send().await.unwrap(), 412).await;
    read(put("*").await.unwrap(), 200).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn addresses_are_for_those_who_manage_agents() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let viewer = server.person("viewer", Role::Viewer).await;
    read(server.post("/api/agents/register", &admin.token, &example()).send().await.unwrap(), 201).await;
    let list = read(server.get("/api/agents", &viewer.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"][0]["name"], "Finance-Bot-01");
    assert!(list["items"][0].get("ipAddress").is_none());
}
