//! What the connection of one agent may take: it is not trusted more than it has to be.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::domain::{Lease, LogChunk, LogLevel, LogLine, LogStream, RunResult};
use openautomate_core::id::ExecutionId;
use openautomate_core::orchestrator::Settings;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{Person, TestServer, read, text};

const PATIENCE: Duration = Duration::from_secs(60);
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

async fn is_connected(server: &TestServer, admin: &Person, agent: &FakeAgent) -> bool {
    let path = format!("/api/agents/{}", agent.id);
    read(server.get(&path, &admin.token).send().await.unwrap(), 200).await["connected"] == true
}

/// Waits until the server has let it go.
async fn let_go(server: &TestServer, admin: &Person, agent: &FakeAgent) {
    let gone = async {
        while is_connected(server, admin, agent).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the connection goes on");
}

/// An execution that this agent runs, which was given so many before in this connection.
async fn running(
    server: &TestServer,
    admin: &Person,
    package: &str,
    (connection, before): (&mut Connection, u64),
) -> Lease {
    let made = server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
    let id = text(&read(made.await.unwrap(), 201).await["id"]);
    connection.free(1, before).await;
    let lease = tokio::time::timeout(PATIENCE, connection.assigned()).await.expect("it is assigned").lease;
    assert_eq!(lease.execution.to_string(), id);
    connection.send(&AgentMessage::Started { lease }).await;
    lease
}

fn line(length: usize) -> LogLine {
    LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, "x".repeat(length))
}

#[tokio::test]
async fn a_message_may_take_four_mebibytes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let lease = running(&server, &admin, &package, (&mut connection, 0)).await;
    // As long as may be: padded with blanks, which JSON allows.
    let logs =
        AgentMessage::Logs { chunks: vec![LogChunk { lease, first_seq: 1, lines: vec![line(60_000); 60] }] };
    let padded = |length: usize| {
        let bare = serde_json::to_string(&logs).unwrap();
        format!("{bare}{}", " ".repeat(length - bare.len()))
    };
    connection.socket.send(Message::text(padded(MAX_MESSAGE))).await.unwrap();
    let stored = connection.next().await;
    assert!(matches!(stored, Some(ServerMessage::LogAck { stored_seq: 60, .. })), "{stored:?}");
    // The end of the connection may come before all of it is sent.
    let _ = connection.socket.send(Message::text(padded(MAX_MESSAGE + 1))).await;
    let end = async { while connection.next().await.is_some() {} };
    tokio::time::timeout(PATIENCE, end).await.expect("it is ended");
    let_go(&server, &admin, &agent).await;
    // It comes back with its lease, and goes on.
    let (mut connection, welcome) = agent.connect(&server, vec![lease]).await;
    assert!(welcome.stale.is_empty());
    connection.finish(lease, RunResult::succeeded(Map::new()), 60).await;
}

#[tokio::test]
async fn one_that_floods_holds_up_no_other() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let loud = FakeAgent::enrol(&server, &admin.token, "loud").await;
    let quiet = FakeAgent::enrol(&server, &admin.token, "quiet").await;
    let (connection, _) = loud.connect(&server, Vec::new()).await;
    let (mut other, _) = quiet.connect(&server, Vec::new()).await;
    let (mut sink, mut stream) = connection.socket.split();
    let stale: Vec<_> = (0..50).map(|_| Lease { execution: ExecutionId::new(), epoch: 1 }).collect();
    let said = [
        AgentMessage::Heartbeat { leases: stale.clone(), usage: None },
        AgentMessage::Started { lease: stale[0] },
        AgentMessage::Logs {
            chunks: vec![LogChunk { lease: stale[1], first_seq: 1, lines: vec![line(1_000)] }],
        },
        AgentMessage::Ready { free: 0, ahead: 0, received: 0 },
    ]
    .map(|message| Message::text(serde_json::to_string(&message).unwrap()));
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&sent);
    let flood = tokio::spawn(async move {
        for message in said.iter().cycle() {
            if sink.send(message.clone()).await.is_err() {
                return;
            }
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    // What it is answered, it takes.
    let answers = tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
    let begun = std::time::Instant::now();
    let mut runs = 0;
    // Both go on for a while beside each other.
    while runs < 20 || sent.load(std::sync::atomic::Ordering::Relaxed) < 2_000 {
        assert!(begun.elapsed() < PATIENCE, "{runs} runs beside {sent:?} messages");
        let lease = running(&server, &admin, &package, (&mut other, runs)).await;
        other.log(lease, 1, "one").await;
        other.finish(lease, RunResult::succeeded(Map::new()), 1).await;
        runs += 1;
    }
    assert!(!flood.is_finished(), "it is slowed down, not cut off");
    flood.abort();
    answers.abort();
}

#[tokio::test]
async fn one_that_takes_nothing_is_dropped() {
    let hasty = |options: &mut openautomate_http::HttpOptions| options.send_limit = Duration::from_secs(1);
    let server = TestServer::with(Settings::default(), hasty).await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (connection, _) = agent.connect(&server, Vec::new()).await;
    // Each of these is answered with as much as it says, and nobody reads the answers.
    let stale = (0..2_000).map(|_| Lease { execution: ExecutionId::new(), epoch: 1 }).collect();
    let heartbeat = Message::text(
        serde_json::to_string(&AgentMessage::Heartbeat { leases: stale, usage: None }).unwrap(),
    );
    let (mut sink, _stream) = connection.socket.split();
    let talking = tokio::spawn(async move { while sink.send(heartbeat.clone()).await.is_ok() {} });
    tokio::time::timeout(PATIENCE, talking).await.expect("it is dropped").unwrap();
    let_go(&server, &admin, &agent).await;
    let (mut again, _) = agent.connect(&server, Vec::new()).await;
    again.send(&AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).await;
    assert!(matches!(again.next().await, Some(ServerMessage::Renewed { .. })));
}

#[tokio::test]
async fn what_is_not_of_the_form_ends_the_connection_and_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let good = serde_json::to_value(AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).unwrap();
    let kind = good["type"].clone();
    let lease = json!({"execution": ExecutionId::new(), "epoch": 1});
    let bad = [
        json!(null),
        json!([]),
        json!({}),
        json!({"type": "Ready"}),
        json!({"type": kind, "free": -1, "ahead": 0, "received": 0}),
        json!({"type": kind, "free": "1", "ahead": 0, "received": 0}),
        json!({"type": kind, "free": 1.5, "ahead": 0, "received": 0}),
        json!({"type": kind, "free": 4_294_967_296_u64, "ahead": 0, "received": 0}),
        json!({"type": "started", "lease": {"execution": "../../etc/passwd", "epoch": 1}}),
        json!({"type": "started", "lease": {"execution": ExecutionId::new(), "epoch": -1}}),
        json!({"type": "logs", "chunks": {"lease": lease}}),
        json!({"type": "logs", "chunks": [{"lease": lease, "firstSeq": 1, "lines": ["text"]}]}),
        json!({"type": "heartbeat", "leases": "all"}),
    ];
    for message in bad {
        let (mut connection, _) = agent.connect(&server, Vec::new()).await;
        connection.socket.send(Message::text(message.to_string())).await.unwrap();
        let bye = tokio::time::timeout(PATIENCE, connection.next()).await.expect("it is answered");
        let is_bye =
            matches!(&bye, Some(ServerMessage::Bye { kind: openautomate_core::ErrorKind::Invalid, .. }));
        assert!(is_bye, "{message}: {bye:?}");
        assert!(connection.next().await.is_none(), "{message}");
    }
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    connection.send(&AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).await;
    assert!(matches!(connection.next().await, Some(ServerMessage::Renewed { .. })));
}
