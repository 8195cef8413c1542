//! What a connection does while it holds.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::TransportFixture;
use super::artifact::upload;
use super::content::assert_index;
use super::world::{World, noise, soon};
use crate::conformance::store::sample::line;
use crate::domain::{Lease, LogChunk};
use crate::id::ExecutionId;
use crate::transport::{AgentMessage, PackageGrant, ServerMessage};

/// An agent says hello and is welcomed; the orchestrator knows it as connected.
pub async fn greets<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    assert!(world.orchestrator.is_connected(agent.id));
    connection.beat().await;
}

/// A hundred assignments come in the order in which they were asked for.
pub async fn keeps_order<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut asked = Vec::new();
    for number in 0..100 {
        let text = json!({"text": number.to_string()});
        asked.push(world.enqueue(agent.id, text.as_object().unwrap().clone()).await);
    }
    let mut connection = agent.connect().await;
    connection.ready(100).await;
    for (number, execution) in asked.into_iter().enumerate() {
        let assignment = connection.assignment().await;
        assert_eq!(assignment.lease.execution, execution, "assignment {number}");
        assert_eq!(assignment.inputs["text"], number.to_string());
    }
}

/// Two thousand numbered lines are stored without a gap; each is acknowledged once, and nothing else is said.
pub async fn arrives_once<F: TransportFixture>() {
    const LINES: u64 = 2_000;
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let sender = connection.link.sender.clone();
    let speaks = async {
        for seq in 1..=LINES {
            let chunk = LogChunk { lease, first_seq: seq, lines: vec![line(&format!("line {seq}"))] };
            sender.send(AgentMessage::Logs { chunks: vec![chunk] }).await.unwrap();
        }
    };
    let hears = async {
        let mut acknowledged = BTreeSet::new();
        for _ in 1..=LINES {
            let ack = connection.next().await;
            let ServerMessage::LogAck { stored_seq, .. } = ack else { panic!("{ack:?}") };
            // A line that was lost on the way, came twice or overtook another is answered with a number that was
            // there before. The orchestrator answers several at once, so the order is open here.
            assert!(acknowledged.insert(stored_seq), "{stored_seq} is acknowledged again");
        }
        assert_eq!(acknowledged.last(), Some(&LINES));
    };
    tokio::join!(speaks, hears);
    connection.beat().await;
    let stored = world.orchestrator.store().read(lease, LINES - 1, 10).await.unwrap();
    assert_eq!(stored.iter().map(|record| record.line.text.as_str()).collect::<Vec<_>>(), ["line 2000"]);
}

/// Messages of half a megabyte come whole, each way.
pub async fn large_messages<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let text: String = noise(500_000).iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    let execution = world.enqueue(agent.id, json!({"text": text}).as_object().unwrap().clone()).await;
    let mut connection = agent.connect().await;
    connection.ready(1).await;
    let assignment = connection.assignment().await;
    assert!(assignment.inputs["text"] == text, "the inputs were changed on the way");
    let outputs = json!({"text": text}).as_object().unwrap().clone();
    connection.finish(assignment.lease, outputs).await;
    let stored = world.orchestrator.store().execution(execution).await.unwrap().unwrap();
    assert!(stored.outputs.unwrap()["text"] == text, "the outputs were changed on the way");
}

/// An agent that does not listen is not sent more and more: in the end it can say no more itself. Once it listens,
/// it hears the answer to all that it had said.
pub async fn a_slow_agent_slows_the_server<F: TransportFixture>() {
    /// More than the channels and what lies between them hold; without bounds all would be taken.
    const MESSAGES: u64 = 20_000;
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    // Stale ones, so that the answer is as large as the question.
    let leases: Vec<_> = (0..50).map(|epoch| Lease { execution: ExecutionId::new(), epoch }).collect();
    let mut said = 0;
    loop {
        let beat = AgentMessage::Heartbeat { leases: leases.clone(), usage: None };
        match tokio::time::timeout(Duration::from_secs(1), connection.link.sender.send(beat)).await {
            Ok(sent) => sent.expect("the connection holds"),
            Err(_) => break,
        }
        said += 1;
        assert!(said < MESSAGES, "whatever the agent says is taken, though it hears nothing");
    }
    for _ in 0..said {
        let answer = connection.next().await;
        assert!(matches!(answer, ServerMessage::Renewed { stale, .. } if stale.len() == leases.len()));
    }
    connection.beat().await;
}

/// Every method may be called by several tasks at once, and beside a connection.
pub async fn side_by_side<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let path = world.folder.path().join("report.txt");
    std::fs::write(&path, noise(300_000)).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (transport, path) = (agent.transport.clone(), path.clone());
            tokio::spawn(async move {
                let name = format!("report-{number}.txt");
                let upload = upload(lease, &name, path);
                let index = transport.fetch_index(PackageGrant::Lease(lease));
                let (index, kept) = tokio::join!(index, transport.put_artifact(upload));
                kept.unwrap();
                index.unwrap()
            })
        })
        .collect();
    for _ in 0..20 {
        connection.beat().await;
    }
    for task in tasks {
        let index = soon("the index", task).await.unwrap();
        assert_index(&index, &world.version.digest);
    }
    assert_eq!(world.artifacts(lease.execution).await.len(), 8);
}

/// A connect that is dropped at any point leaves nothing that stands in the way of the next.
pub async fn a_dropped_connect<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    for round in 0..20_u32 {
        let mut connecting = agent.transport.connect();
        for _ in 0..round {
            tokio::select! {
                biased;
                _ = &mut connecting => break,
                () = tokio::time::sleep(Duration::from_micros(200)) => {}
            }
        }
    }
    let mut connection = agent.connect().await;
    connection.beat().await;
}
