use openautomate_core::domain::{RunError, RunResult, RunStatus};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn an_execution_from_trigger_to_end() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let body = json!({"packageId": package, "inputs": {"name": "Ada"}, "priority": 7, "timeoutMs": 60_000});
    let made = server.post("/api/executions", &admin.token, &body).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = read(made, 201).await;
    for field in [
        "botAgentId",
        "packageId",
        "scheduleId",
        "status",
        "startTime",
        "endTime",
        "errorMessage",
        "createdAt",
    ] {
        assert!(made.get(field).is_some(), "{field}: {made}");
    }
    assert_eq!((&made["packageName"], &made["versionNumber"]), (&json!("hello"), &json!("1.0.0")));
    assert_eq!(made["origin"], json!({"kind": "manual", "userId": admin.id}));

    let assignment = connection.take().await;
    assert_eq!(assignment.inputs["name"], "Ada");
    connection.send(&AgentMessage::Started { lease: assignment.lease }).await;
    connection.log(assignment.lease, 1, "Ada").await;
    let running = read(server.get(&location, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&running["status"], &running["state"]), (&json!("Running"), &json!("Running")));
    assert_eq!(running["botAgentId"], json!(agent.id));
    let outputs: Map<_, _> = [("greeting".to_owned(), json!("hello Ada"))].into_iter().collect();
    connection.finish(assignment.lease, RunResult::succeeded(outputs), 1).await;
    let ended = read(server.get(&location, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(ended["status"], "Succeeded");
    assert_eq!(ended["outputs"]["greeting"], "hello Ada");
    assert!(!ended["startTime"].is_null() && !ended["endTime"].is_null());
    assert_eq!(ended["attempts"][0]["state"], "succeeded");
    assert_eq!(
        (&ended["attempts"][0]["logLines"], &ended["attempts"][0]["logComplete"]),
        (&json!(1), &json!(true))
    );
    let attempts =
        read(server.get(&text(&ended["links"]["attempts"]), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(attempts["items"], ended["attempts"]);

    let retry = server.post(&format!("{location}/retry"), &admin.token, &json!({})).send().await.unwrap();
    let again = read(retry, 201).await;
    assert_eq!(again["origin"], json!({"kind": "retry", "userId": admin.id, "of": ended["id"]}));
    assert_eq!(again["inputs"], json!({"name": "Ada"}));
    let list =
        read(server.get("/api/executions?state=Succeeded", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(list["items"][0].get("inputs").is_none());
}

#[tokio::test]
async fn a_cancel_reaches_the_agent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let made =
        server.post("/api/executions", &admin.token, &json!({"packageId": package})).send().await.unwrap();
    let path = format!("/api/executions/{}", text(&read(made, 201).await["id"]));
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    let open = server.post(&format!("{path}/retry"), &admin.token, &json!({})).send().await.unwrap();
    assert_eq!(problem(open, 409).await["code"], "execution.open");
    let cancel = || server.post(&format!("{path}/cancel"), &admin.token, &json!({})).send();
    assert!(!read(cancel().await.unwrap(), 202).await["cancelRequestedAt"].is_null());
    assert!(
        matches!(connection.next().await, Some(ServerMessage::Cancel { lease: cancelled }) if cancelled == lease)
    );
    let error = RunError::new("Cancelled", "stopped on request");
    connection.finish(lease, RunResult::ended(RunStatus::Cancelled, error), 0).await;
    let ended = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&ended["status"], &ended["errorMessage"]),
        (&json!("Cancelled"), &json!("stopped on request"))
    );
    assert_eq!(problem(cancel().await.unwrap(), 409).await["code"], "execution.ended");
}

#[tokio::test]
async fn the_next_time_may_be_different() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let body = json!({"packageId": package, "inputs": {"name": "Ada"}});
    let made = read(server.post("/api/executions", &admin.token, &body).send().await.unwrap(), 201).await;
    let lease = connection.take().await.lease;
    connection.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    read(server.publish(&admin.token, &package, crate::server::archive("2.0.0")).await, 201).await;
    let retry = format!("/api/executions/{}/retry", text(&made["id"]));
    let again = |body: serde_json::Value| server.post(&retry, &admin.token, &body).send();

    let edited = read(again(json!({"inputs": {"name": "Eve"}})).await.unwrap(), 201).await;
    assert_eq!((&edited["inputs"], &edited["versionNumber"]), (&json!({"name": "Eve"}), &json!("1.0.0")));
    let newer = read(again(json!({"activeVersion": true})).await.unwrap(), 201).await;
    assert_eq!((&newer["inputs"], &newer["versionNumber"]), (&json!({"name": "Ada"}), &json!("2.0.0")));
    let plain = server.request(reqwest::Method::POST, &retry).bearer_auth(&admin.token).send().await.unwrap();
    assert_eq!(read(plain, 201).await["inputs"], json!({"name": "Ada"}));
    for wrong in [json!({"inputs": []}), json!({"colour": 1}), json!({"inputs": {"x": "x".repeat(600_000)}})]
    {
        problem(again(wrong).await.unwrap(), 422).await;
    }
}
