use std::time::Duration;

use futures_util::StreamExt as _;
use openautomate_core::domain::{Lease, RunResult};
use openautomate_core::orchestrator::Settings;
use openautomate_core::service::LogArchiver;
use openautomate_core::transport::AgentMessage;
use serde_json::{Map, Value, json};

use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{Person, TestServer, problem, read, text};

async fn running(server: &TestServer, admin: &Person) -> (Connection, Lease, String) {
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(server, Vec::new()).await;
    let made =
        server.post("/api/executions", &admin.token, &json!({"packageId": package})).send().await.unwrap();
    let path = format!("/api/executions/{}/logs", text(&read(made, 201).await["id"]));
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    (connection, lease, path)
}

/// The next line of a JSON-lines answer.
async fn line(response: &mut reqwest::Response, rest: &mut Vec<u8>) -> Option<Value> {
    loop {
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            return Some(serde_json::from_slice(&line).unwrap());
        }
        rest.extend_from_slice(&response.chunk().await.unwrap()?);
    }
}

#[tokio::test]
async fn a_log_is_followed_line_by_line_to_its_end() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (mut connection, lease, path) = running(&server, &admin).await;
    connection.log(lease, 1, "one").await;
    let mut live = server.get(&format!("{path}?follow=true"), &admin.token).send().await.unwrap();
    assert_eq!(live.headers()["content-type"], "application/x-ndjson");
    let mut rest = Vec::new();
    let first = line(&mut live, &mut rest).await.unwrap();
    assert_eq!((&first["attempt"], &first["seq"], &first["text"]), (&json!(1), &json!(1), &json!("one")));
    assert_eq!((&first["level"], &first["stream"]), (&json!("info"), &json!("stdout")));
    // Each line comes while the run goes on.
    for (seq, word) in [(2, "two"), (3, "three")] {
        connection.log(lease, seq, word).await;
        assert_eq!(line(&mut live, &mut rest).await.unwrap()["text"], word);
    }
    connection.finish(lease, RunResult::succeeded(Map::new()), 3).await;
    assert_eq!(line(&mut live, &mut rest).await, None);

    // Afterwards the whole is there, by pages and as text and as events.
    let page = read(server.get(&format!("{path}?limit=2"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&page["next"], &page["complete"]), (&json!("1.2"), &json!(false)));
    let page =
        read(server.get(&format!("{path}?limit=2&after=1.2"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&page["items"][0]["text"], &page["next"], &page["complete"]),
        (&json!("three"), &json!(null), &json!(true))
    );
    let text_of = |query: &str, accept: &'static str| {
        server.get(&format!("{path}{query}"), &admin.token).header("accept", accept).send()
    };
    for query in ["?follow=true", ""] {
        let plain = text_of(query, "text/plain").await.unwrap().text().await.unwrap();
        let words: Vec<&str> = plain.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(words, ["one", "two", "three"]);
    }
    let events = text_of("?follow=true&after=1.1", "text/event-stream").await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let events = events.text().await.unwrap();
    assert!(
        events.contains("id: 1.2") && events.contains("id: 1.3") && !events.contains("id: 1.1"),
        "{events}"
    );
    problem(server.get(&format!("{path}?after=x"), &admin.token).send().await.unwrap(), 422).await;
    problem(server.get(&format!("{path}?limit=5001"), &admin.token).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn a_stop_ends_the_streams_unfinished() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (mut connection, lease, path) = running(&server, &admin).await;
    connection.log(lease, 1, "one").await;
    let live = server.get(&format!("{path}?follow=true"), &admin.token).send().await.unwrap();
    let mut chunks = live.bytes_stream();
    chunks.next().await.unwrap().unwrap();
    server.options.stop.cancel();
    // An error, not an end: nobody takes it for the whole log.
    assert!(chunks.next().await.unwrap().is_err());
}

#[tokio::test]
async fn an_archived_log_is_answered_as_before() {
    let settings = Settings { archive_logs_after: Some(Duration::ZERO), ..Settings::default() };
    let server = TestServer::with(settings, |_| {}).await;
    let admin = server.admin().await;
    let (mut connection, lease, path) = running(&server, &admin).await;
    for seq in 1..=25 {
        connection.log(lease, seq, &format!("line {seq}")).await;
    }
    connection.finish(lease, RunResult::succeeded(Map::new()), 25).await;
    let answers = async || {
        let mut answers = Vec::new();
        for query in [
            "",
            "?limit=10",
            "?limit=10&after=1.10",
            "?limit=5&after=20",
            "?after=25",
            "?follow=true&after=7",
        ] {
            for accept in ["application/json", "text/plain", "text/event-stream"] {
                let request = server.get(&format!("{path}{query}"), &admin.token).header("accept", accept);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200);
                answers.push((answer.headers()["content-type"].clone(), answer.text().await.unwrap()));
            }
        }
        answers
    };
    let before = answers().await;
    assert_eq!(LogArchiver::new(server.orchestrator.clone()).archive_due().await.unwrap(), 1);
    assert_eq!(server.orchestrator.store().read(lease, 0, 100).await.unwrap(), []);
    assert_eq!(answers().await, before);
}
