//! How connections and requests end.

use futures_util::StreamExt as _;
use serde_json::json;

use super::TransportFixture;
use super::artifact::upload;
use super::world::{World, noise, soon};
use crate::domain::AgentFacts;
use crate::error::{Error, ErrorKind};
use crate::transport::{AgentMessage, Hello, PROTOCOL_VERSION, PackageGrant, ServerMessage};

/// An agent that lets go of its end is gone for the orchestrator, after what it had said.
pub async fn by_the_agent<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (connection, lease) = agent.leased(&world).await;
    let mut events = world.orchestrator.subscribe();
    connection.log(lease, 1, "the last word").await;
    drop(connection);
    world.connected(agent.id, false).await;
    soon("the last word", async {
        while world.orchestrator.store().read(lease, 0, 1).await.unwrap().is_empty() {
            let _ = events.recv().await;
        }
    })
    .await;
}

/// An orchestrator that ends a connection says why, and then nothing more.
pub async fn by_the_orchestrator<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    // A second hello is against the rules.
    let facts = AgentFacts::default();
    let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 1, leases: Vec::new(), sealing: None };
    connection.say(AgentMessage::Hello(hello)).await;
    assert_eq!(connection.ended().await, Some(ErrorKind::Invalid));
    world.connected(agent.id, false).await;
}

/// The next connection of an agent ends the one before.
pub async fn the_next_connection<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let (agent, other) = (world.agent("bot").await, world.agent("other").await);
    let mut others = other.connect().await;
    let mut first = agent.connect().await;
    let mut second = agent.connect().await;
    assert_eq!(first.ended().await, Some(ErrorKind::Conflict));
    second.beat().await;
    others.beat().await;
    assert!(world.orchestrator.is_connected(agent.id));
}

/// A cut line ends the connection for both sides; the next one is like the first.
pub async fn a_cut_line<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    if !world.fixture.cut().await {
        return;
    }
    assert_eq!(connection.ended().await, None);
    world.connected(agent.id, false).await;
    let mut again = agent.connect_with(vec![lease]).await;
    again.beat().await;
    again.log(lease, 1, "still mine").await;
    let answer = again.next().await;
    assert!(matches!(answer, ServerMessage::LogAck { stored_seq: 1, .. }), "{answer:?}");
}

/// A fetch that a cut breaks off ends early or with an error, never as if it were whole; it can be done again.
pub async fn a_cut_fetch<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let content = noise(48 * 1024 * 1024);
    let file = world.upload(content.clone()).await;
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let mut stream = agent.transport.fetch_file(lease, file.id).await.unwrap();
    let mut got = soon("a piece", stream.next()).await.unwrap().unwrap().len();
    if !world.fixture.cut().await {
        return;
    }
    let rest = async {
        while let Some(Ok(piece)) = stream.next().await {
            got += piece.len();
        }
    };
    soon("the end of the stream", rest).await;
    assert!(got < content.len(), "everything was on its way already");
    let again = agent.transport.fetch_file(lease, file.id).await.unwrap();
    assert!(super::file::all(again).await == content);
}

/// Nothing is kept of an upload that a cut breaks off; it can be done again.
pub async fn a_cut_upload<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.folder.path().join("report.bin");
    std::fs::write(&path, noise(32 * 1024 * 1024)).unwrap();
    world.blobs.hold(true);
    let uploading = tokio::spawn({
        let (transport, path) = (agent.transport.clone(), path.clone());
        async move { transport.put_artifact(upload(lease, "report.bin", path)).await }
    });
    soon("the upload begins", world.blobs.is_waiting()).await;
    if !world.fixture.cut().await {
        world.blobs.hold(false);
        return soon("the upload", uploading).await.unwrap().unwrap();
    }
    let failed = soon("the upload fails", uploading).await.unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Unavailable, "{failed}");
    world.blobs.hold(false);
    assert!(world.artifacts(lease.execution).await.is_empty());
    agent.transport.put_artifact(upload(lease, "report.bin", path)).await.unwrap();
    assert_eq!(world.artifacts(lease.execution).await[0].size, 32 * 1024 * 1024);
}

/// A server that stops says so; the agent may come back.
pub async fn a_server_that_stops<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    world.orchestrator.shutdown().await;
    assert_eq!(connection.ended().await, Some(ErrorKind::Unavailable));
}

/// A server that is gone ends the connection, and everything that is asked of it is `Unavailable`.
pub async fn a_server_that_is_gone<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let file = world.upload(b"seven".to_vec()).await;
    let (mut connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let grant = PackageGrant::Lease(lease);
    let hashes = super::content::hashes(&agent.transport.fetch_index(grant).await.unwrap());
    let has_line = world.fixture.cut().await;
    world.fixture.stop().await;
    connection.ended().await;
    let gone = |error: Error| assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    gone(soon("an answer", agent.transport.connect()).await.unwrap_err());
    if !has_line {
        return;
    }
    gone(soon("an answer", agent.transport.fetch_index(grant)).await.unwrap_err());
    gone(soon("an answer", agent.transport.fetch_chunks(grant, &hashes)).await.err().unwrap());
    gone(soon("an answer", agent.transport.fetch_file(lease, file.id)).await.err().unwrap());
    let path = world.folder.path().join("report.txt");
    std::fs::write(&path, "seven").unwrap();
    let upload = upload(lease, "report.txt", path);
    gone(soon("an answer", agent.transport.put_artifact(upload)).await.unwrap_err());
}
