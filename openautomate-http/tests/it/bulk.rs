use openautomate_core::domain::{RunError, RunResult, RunStatus};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

async fn states(server: &TestServer, token: &str, state: &str) -> usize {
    let list = server.get(&format!("/api/executions?limit=200&state={state}"), token).send().await.unwrap();
    read(list, 200).await["items"].as_array().unwrap().len()
}

async fn post(server: &TestServer, token: &str, path: &str, body: &Value, status: u16) -> Value {
    let answer = server.post(path, token, body).send().await.unwrap();
    if status < 300 { read(answer, status).await } else { problem(answer, status).await }
}

#[tokio::test]
async fn many_are_triggered_or_none() {
    let server = TestServer::start().await;
    let token = server.admin().await.token;
    let package = server.package(&token, "hello").await;
    let bulk = "/api/executions/bulk";
    let items = |count: usize| -> Vec<Value> {
        (0..count).map(|number| json!({"packageId": package, "priority": number})).collect()
    };
    let mut bad = items(3);
    bad[2]["timeoutMs"] = json!(0);
    assert_eq!(
        post(&server, &token, bulk, &json!({"items": bad}), 422).await["errors"][0]["field"],
        "items[2].timeoutMs"
    );
    bad[2] = json!({"packageName": "unheard of"});
    assert_eq!(
        post(&server, &token, bulk, &json!({"items": bad}), 422).await["errors"][0]["field"],
        "items[2].packageName"
    );
    bad[2] = json!({"packageId": uuid::Uuid::now_v7()});
    let missing = post(&server, &token, bulk, &json!({"items": bad}), 404).await;
    assert!(text(&missing["detail"]).starts_with("items[2]: "), "{missing}");
    for wrong in [json!({"items": []}), json!({"items": items(1_001)}), json!({"items": [{"colour": 1}]})] {
        post(&server, &token, bulk, &wrong, 422).await;
    }
    assert_eq!(states(&server, &token, "Pending").await, 0);

    let many = json!({"items": items(100)});
    let send = || server.post(bulk, &token, &many).header("Idempotency-Key", "once").send();
    let made = read(send().await.unwrap(), 201).await;
    assert_eq!(read(send().await.unwrap(), 201).await, made);
    assert_eq!(states(&server, &token, "Pending").await, 100);
    let third = read(
        server.get(&format!("/api/executions/{}", text(&made["ids"][3])), &token).send().await.unwrap(),
        200,
    );
    assert_eq!(third.await["priority"], 3);
    let audit =
        read(server.get("/api/audit?action=execution.enqueue&limit=200", &token).send().await.unwrap(), 200);
    assert_eq!(audit.await["items"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn many_are_cancelled_by_filter() {
    let server = TestServer::start().await;
    let token = server.admin().await.token;
    let (mine, other) = (server.package(&token, "mine").await, server.package(&token, "other").await);
    let agent = FakeAgent::enrol(&server, &token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    post(&server, &token, "/api/executions", &json!({"packageId": mine, "priority": 1}), 201).await;
    let running = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease: running }).await;
    let many = |package: &str| json!({"items": vec![json!({"packageId": package}); 40]});
    post(&server, &token, "/api/executions/bulk", &many(&mine), 201).await;
    post(&server, &token, "/api/executions/bulk", &many(&other), 201).await;

    let cancel = "/api/executions/cancel";
    for wrong in [
        json!({"select": {}}),
        json!({"select": {"state": "Pending"}}),
        json!({"select": {"packageId": mine, "limit": 0}}),
        json!({"select": {"packageId": mine, "ids": []}}),
        json!({"select": {"ids": []}}),
        json!({"select": {"packageId": mine, "state": "Odd"}}),
    ] {
        post(&server, &token, cancel, &wrong, 422).await;
    }
    let some = post(&server, &token, cancel, &json!({"select": {"packageId": mine, "limit": 10}}), 200).await;
    assert_eq!((some["done"].as_array().unwrap().len(), &some["more"]), (10, &json!(true)));
    let rest = post(&server, &token, cancel, &json!({"select": {"packageId": mine}}), 200).await;
    assert_eq!((rest["done"].as_array().unwrap().len(), &rest["more"]), (31, &json!(false)));
    assert_eq!(states(&server, &token, "Cancelled").await, 40);
    while !matches!(connection.next().await.unwrap(), ServerMessage::Cancel { lease } if lease == running) {}
    let none =
        post(&server, &token, cancel, &json!({"select": {"packageId": mine, "state": "Cancelled"}}), 200)
            .await;
    assert_eq!(none, json!({"done": [], "refused": [], "more": false}));
    let unknown = uuid::Uuid::now_v7();
    let unknown = post(&server, &token, cancel, &json!({"select": {"ids": [unknown, unknown]}}), 200).await;
    assert_eq!(
        (unknown["refused"].as_array().unwrap().len(), &unknown["refused"][0]["code"]),
        (1, &json!("resource.not_found"))
    );
}

#[tokio::test]
async fn failures_are_repeated_once() {
    let server = TestServer::start().await;
    let token = server.admin().await.token;
    let package = server.package(&token, "hello").await;
    let agent = FakeAgent::enrol(&server, &token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    for (received, status) in
        [RunStatus::Failed, RunStatus::Failed, RunStatus::TimedOut].into_iter().enumerate()
    {
        post(
            &server,
            &token,
            "/api/executions",
            &json!({"packageId": package, "inputs": {"name": "Ada"}}),
            201,
        )
        .await;
        connection.send(&AgentMessage::Ready { free: 1, ahead: 0, received: received as u64 }).await;
        let lease = connection.assigned().await.lease;
        connection.send(&AgentMessage::Started { lease }).await;
        connection.finish(lease, RunResult::ended(status, RunError::new("Odd", "no")), 0).await;
    }
    let select = json!({"select": {"packageId": package, "state": "Failed"}});
    let retry =
        || server.post("/api/executions/retry", &token, &select).header("Idempotency-Key", "again").send();
    let first = read(retry().await.unwrap(), 200).await;
    assert_eq!(first["done"].as_array().unwrap().len(), 2);
    assert_eq!(read(retry().await.unwrap(), 200).await, first);
    let again = format!("/api/executions/{}", text(&first["done"][0]));
    let again = read(server.get(&again, &token).send().await.unwrap(), 200).await;
    assert_eq!((&again["origin"]["kind"], &again["inputs"]), (&json!("retry"), &json!({"name": "Ada"})));

    // Of an open one there is nothing to repeat yet.
    let open =
        post(&server, &token, "/api/executions/retry", &json!({"select": {"ids": [again["id"]]}}), 200).await;
    assert_eq!(open["refused"][0]["code"], "execution.open");
}
