//! Triggers that look at work queues and at folders of agents, through the API.

use std::time::Duration;

use openautomate_core::domain::{WatchProblem, WatchState};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

async fn holds(server: &TestServer, token: &str, trigger: &Value) -> Vec<Value> {
    let path = format!("/api/triggers/{}/explain", text(&trigger["id"]));
    read(server.get(&path, token).send().await.unwrap(), 200).await["holds"].as_array().unwrap().clone()
}

async fn executions(server: &TestServer, token: &str) -> Vec<Value> {
    let list = read(server.get("/api/executions", token).send().await.unwrap(), 200).await;
    list["items"].as_array().unwrap().clone()
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn items_of_a_queue_start_executions() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let made = server.post("/api/queues", &admin.token, &json!({"name": "invoices"})).send().await.unwrap();
    let queue = text(&read(made, 201).await["id"]);
    let body = json!({
        "name": "work it off", "packageId": package, "mapping": {"name": "/queueName"},
        "source": {"kind": "workQueue", "queueId": queue, "minItems": 2, "itemsPerExecution": 2, "maxRunning": 3},
    });
    let trigger = read(server.post("/api/triggers", &admin.token, &body).send().await.unwrap(), 201).await;
    assert_eq!(
        trigger["source"],
        json!({"kind": "workQueue", "queueId": queue, "minItems": 2, "maxAgeMs": null, "itemsPerExecution": 2,
               "maxRunning": 3, "minPauseMs": 0})
    );
    assert!(trigger.get("secret").is_none() && trigger.get("hookPath").is_none());
    let items = format!("/api/queues/{queue}/items");
    let add = async || {
        read(server.post(&items, &admin.token, &json!({"payload": 1})).send().await.unwrap(), 201).await;
    };
    add().await;
    let held = holds(&server, &admin.token, &trigger).await;
    assert_eq!((held.len(), &held[0]["kind"], &held[0]["ready"]), (1, &json!("notEnough"), &json!(1)));
    for _ in 0..2 {
        add().await;
    }
    until("two executions", async || executions(&server, &admin.token).await.len() == 2).await;
    assert_eq!(
        holds(&server, &admin.token, &trigger).await,
        [json!({"kind": "full", "open": 2, "wanted": 2})]
    );
    let first = &executions(&server, &admin.token).await[0];
    assert_eq!(first["origin"], json!({"kind": "trigger", "triggerId": trigger["id"]}));
    let path = format!("/api/executions/{}", text(&first["id"]));
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["inputs"], json!({"name": "invoices"}));
    let firings = format!("/api/triggers/{}/firings", text(&trigger["id"]));
    let firings = read(server.get(&firings, &admin.token).send().await.unwrap(), 200).await;
    let fired = firings["items"].as_array().unwrap();
    // In one look at the queue, or in two.
    assert!(
        fired.len() == 2 && fired.iter().all(|one| text(&one["key"]).ends_with(".1") || one["key"] == "1.2")
    );
    assert!(fired.iter().all(|one| one["executionId"].is_string()), "{fired:?}");
}

#[tokio::test]
async fn what_would_not_work_is_refused_at_save() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let nowhere = uuid::Uuid::now_v7();
    let folder = |change: Value| {
        let mut source = json!({"kind": "fileArrival", "agentId": agent.id, "folder": "/srv/in"});
        source.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        source
    };
    for (source, field) in [
        (json!({"kind": "workQueue", "queueId": nowhere}), "source.queueId"),
        (json!({"kind": "workQueue", "queueId": nowhere, "minItems": 0}), "source.minItems"),
        (json!({"kind": "workQueue", "queueId": nowhere, "maxRunning": 5_000}), "source.maxRunning"),
        (json!({"kind": "workQueue", "queueId": nowhere, "colour": "red"}), "source"),
        (json!({"kind": "workQueue"}), "source"),
        (folder(json!({"agentId": nowhere})), "source.agentId"),
        (folder(json!({"label": "scanner"})), "source.agentId"),
        (folder(json!({"agentId": null, "poolId": nowhere})), "source.poolId"),
        (folder(json!({"folder": "in"})), "source.folder"),
        (folder(json!({"pattern": "a/b"})), "source.pattern"),
        (folder(json!({"settleMs": 5})), "source.settleMs"),
        (folder(json!({"pass": "path", "after": "remove"})), "source.after"),
        (folder(json!({"after": "burn"})), "source"),
    ] {
        let body = json!({"name": "bad", "packageId": package, "source": source});
        let refused =
            problem(server.post("/api/triggers", &admin.token, &body).send().await.unwrap(), 422).await;
        assert!(text(&refused["field"]).starts_with(field), "{source}: {refused}");
    }
    let absent = server.get(&format!("/api/triggers/{nowhere}/explain"), &admin.token).send().await.unwrap();
    problem(absent, 404).await;
}

/// An agent tells of a file.
async fn tell(
    server: &TestServer,
    agent: &FakeAgent,
    trigger: &Value,
    name: &str,
    content: &str,
) -> Response {
    let (trigger, size) = (text(&trigger["id"]), content.len());
    let path =
        format!("/api/agents/{}/triggers/{trigger}/files?name={name}&size={size}&modifiedUs=7", agent.id);
    let request = server.request(Method::PUT, &path).bearer_auth(&agent.token);
    request.body(content.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn a_file_that_arrives_makes_one_execution() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let stranger = FakeAgent::enrol(&server, &admin.token, "stranger").await;
    let body = json!({
        "name": "inbox", "packageId": package, "mapping": {"name": "/path"},
        "source": {"kind": "fileArrival", "agentId": agent.id, "folder": "/srv/in", "pattern": "*.csv", "pass": "path",
                   "maxPerHour": 2},
    });
    let trigger = read(server.post("/api/triggers", &admin.token, &body).send().await.unwrap(), 201).await;
    assert_eq!(trigger["source"]["settleMs"], 2_000);
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let folders = loop {
        if let Some(ServerMessage::Watch { folders }) = connection.next().await {
            break folders;
        }
    };
    assert_eq!((folders.len(), folders[0].folder.as_str()), (1, "/srv/in"));
    let silent = holds(&server, &admin.token, &trigger).await;
    assert_eq!((silent.len(), &silent[0]["kind"]), (1, &json!("silent")));
    let id = folders[0].trigger;
    let problem_of = WatchProblem { code: "outsideRoots".into(), message: "ask the operator".into() };
    let states = vec![WatchState { trigger: id, problem: Some(problem_of) }];
    connection.send(&AgentMessage::Watches { states }).await;
    until("the problem is shown", async || {
        let held = holds(&server, &admin.token, &trigger).await;
        held.len() == 1 && held[0]["kind"] == "watch" && held[0]["code"] == "outsideRoots"
    })
    .await;
    let states = vec![WatchState { trigger: id, problem: None }];
    connection.send(&AgentMessage::Watches { states }).await;
    until("the problem is over", async || holds(&server, &admin.token, &trigger).await.is_empty()).await;
    let first = read(tell(&server, &agent, &trigger, "a.csv", "x").await, 200).await;
    assert_eq!(read(tell(&server, &agent, &trigger, "a.csv", "x").await, 200).await, first);
    assert_eq!(executions(&server, &admin.token).await.len(), 1);
    problem(tell(&server, &stranger, &trigger, "b.csv", "x").await, 403).await;
    problem(tell(&server, &agent, &trigger, "b.txt", "x").await, 422).await;
    read(tell(&server, &agent, &trigger, "b.csv", "x").await, 200).await;
    let flood = problem(tell(&server, &agent, &trigger, "c.csv", "x").await, 429).await;
    assert_eq!(flood["code"], "trigger.rate");
    let path = format!("/api/executions/{}", text(&first["executionId"]));
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&shown["inputs"], &shown["origin"]["kind"]),
        (&json!({"name": "/srv/in/a.csv"}), &json!("trigger"))
    );
}
