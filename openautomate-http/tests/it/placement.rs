use openautomate_core::domain::{RunResult, Usage};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn pools_are_made_filled_emptied_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({"name": "finance", "description": "beside the SAP client"});
    let made = server.post("/api/agent-pools", &admin.token, &body).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let pool = read(made, 201).await;
    assert_eq!(pool["name"], "finance");
    problem(
        server.post("/api/agent-pools", &admin.token, &json!({"name": "Finance"})).send().await.unwrap(),
        409,
    )
    .await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let path = format!("/api/agents/{}", agent.id);
    let put = |body: Value| server.put(&path, &admin.token, &body).send();
    let changed = read(put(json!({"poolIds": [pool["id"]]})).await.unwrap(), 200).await;
    assert_eq!(changed["poolIds"], json!([pool["id"]]));
    problem(server.delete(&location, &admin.token).send().await.unwrap(), 409).await;
    read(put(json!({"poolIds": []})).await.unwrap(), 200).await;
    let renamed = server.put(&location, &admin.token, &json!({"name": "billing"})).send().await.unwrap();
    assert_eq!(read(renamed, 200).await["revision"], 1);
    let list = read(server.get("/api/agent-pools", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"][0]["name"], "billing");
    assert_eq!(server.delete(&location, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&location, &admin.token).send().await.unwrap(), 404).await;
    problem(put(json!({"poolIds": [pool["id"]]})).await.unwrap(), 422).await;
}

#[tokio::test]
async fn what_holds_an_execution_back_is_told_as_data_and_as_a_sentence() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let body = json!({"packageId": package, "options": {"concurrency": {"key": "sap", "limit": 1}}});
    let enqueue = || server.post("/api/executions", &admin.token, &body).send();
    let first = read(enqueue().await.unwrap(), 201).await;
    assert_eq!(first["concurrency"], json!({"key": "sap", "limit": 1}));
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    let second = read(enqueue().await.unwrap(), 201).await;
    let path = format!("/api/executions/{}/explain", text(&second["id"]));
    let told = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    let limit = told["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == "limit");
    let limit = limit.unwrap_or_else(|| panic!("{told}"));
    assert_eq!(
        (&limit["scope"], &limit["key"], &limit["heldBy"]),
        (&json!("key"), &json!("sap"), &json!([first["id"]]))
    );
    assert!(text(&limit["message"]).contains("with the key sap"), "{limit}");
    assert_eq!(told["ahead"], 0);
    connection.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    connection.send(&AgentMessage::Ready { free: 1, ahead: 0, received: 1 }).await;
    let next = connection.assigned().await.lease;
    assert_eq!(json!(next.execution), second["id"]);
    let told = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&told["reasons"][0]["kind"], &told["reasons"][0]["agentId"]),
        (&json!("leased"), &json!(agent.id))
    );
    let nothing = format!("/api/executions/{}/explain", uuid::Uuid::now_v7());
    problem(server.get(&nothing, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn how_busy_a_machine_was_is_shown_minute_by_minute() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let usage = Some(Usage { cpu_permille: 250, memory_used_bytes: 5_000_000_000 });
    connection.send(&AgentMessage::Heartbeat { leases: Vec::new(), usage }).await;
    while !matches!(connection.next().await, Some(ServerMessage::Renewed { .. })) {}
    let path = format!("/api/agents/{}/usage", agent.id);
    let told = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    let point = &told["items"][0];
    assert_eq!((&point["cpu"], &point["memoryUsedBytes"]), (&json!(0.25), &json!(5_000_000_000_u64)));
    let later = format!("{path}?since=2099-01-01T00:00:00Z");
    let told = read(server.get(&later, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(told["items"], json!([]));
}

#[tokio::test]
async fn settings_that_would_not_be_kept_are_refused_by_name() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    for (field, options) in [
        ("os", json!({"os": "beos"})),
        ("python", json!({"python": "three"})),
        ("pool", json!({"pool": "nowhere"})),
        ("concurrency", json!({"concurrency": {"key": "x", "limit": 0}})),
        ("retry", json!({"retry": {"backoffFactor": 0.5}})),
        ("queueTimeoutMs", json!({"queueTimeoutMs": 0})),
    ] {
        let body = json!({"packageId": package, "options": options});
        let told =
            problem(server.post("/api/executions", &admin.token, &body).send().await.unwrap(), 422).await;
        assert!(told.to_string().contains(field), "{field}: {told}");
    }
    let unknown = json!({"packageId": package, "options": {"gpu": true}});
    problem(server.post("/api/executions", &admin.token, &unknown).send().await.unwrap(), 422).await;
    let environments = read(server.get("/api/environments", &admin.token).send().await.unwrap(), 200).await;
    let environment = format!("/api/environments/{}", text(&environments["items"][0]["id"]));
    let limited = json!({"maxConcurrent": 3});
    let changed = read(server.put(&environment, &admin.token, &limited).send().await.unwrap(), 200).await;
    assert_eq!(changed["maxConcurrent"], 3);
    let too_many = json!({"maxConcurrent": 4_000_000_000_u32});
    problem(server.put(&environment, &admin.token, &too_many).send().await.unwrap(), 422).await;
    let free = json!({"maxConcurrent": 0});
    let changed = read(server.put(&environment, &admin.token, &free).send().await.unwrap(), 200).await;
    assert_eq!(changed["maxConcurrent"], Value::Null);
}

/// Each key is sent ten times at once, and some of the callers go before they are answered; then each is asked once
/// more. (Each key's answer is one execution, and there are no others.)
#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_one_execution_though_answers_are_cut_off() {
    const KEYS: usize = 60;
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({"packageId": package});
    let post = |key: usize| {
        let request = server.post("/api/executions", &admin.token, &body);
        request.header("idempotency-key", format!("key-{key}"))
    };
    let mut tasks = tokio::task::JoinSet::new();
    for key in 0..KEYS {
        for number in 0..10_u64 {
            let request = post(key);
            tasks.spawn(async move {
                let sent = request.send();
                if number % 3 == 0 {
                    // Whether it was carried out nobody knows.
                    let _ = tokio::time::timeout(std::time::Duration::from_millis(number), sent).await;
                    return None;
                }
                Some((key, text(&read(sent.await.unwrap(), 201).await["id"])))
            });
        }
    }
    let mut answers = std::collections::BTreeMap::new();
    while let Some(answer) = tasks.join_next().await {
        let Some((key, id)) = answer.unwrap() else { continue };
        assert_eq!(*answers.entry(key).or_insert_with(|| id.clone()), id);
    }
    for key in 0..KEYS {
        let id = text(&read(post(key).send().await.unwrap(), 201).await["id"]);
        assert_eq!(*answers.entry(key).or_insert_with(|| id.clone()), id);
    }
    let distinct: std::collections::BTreeSet<_> = answers.values().collect();
    assert_eq!(distinct.len(), KEYS);
    let list = read(server.get("/api/executions?limit=200", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), KEYS);
}
