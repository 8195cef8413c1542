//! Whom the server takes for an agent.

use serde_json::json;

use super::TransportFixture;
use super::artifact::upload;
use super::world::{World, soon};
use crate::domain::AgentStatus;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{AgentLink, PackageGrant};

fn refusal(connected: Result<AgentLink>) -> ErrorKind {
    connected.expect_err("it is refused").kind()
}

fn is_no_identity(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden)
}

/// Who can't prove to be an agent gets nothing, and changes nothing for the agent.
pub async fn impostors<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let file = world.upload(b"seven".to_vec()).await;
    let (mut connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let impostor = world.fixture.impostor(agent.id).await;
    assert!(is_no_identity(refusal(soon("a refusal", impostor.connect()).await)));
    // In one process an unknown agent holds no lease; elsewhere it is not even asked what it wants.
    let refused = |error: Error| is_no_identity(error.kind()) || error.kind() == ErrorKind::StaleLease;
    let grant = PackageGrant::Lease(lease);
    let hashes = super::content::hashes(&agent.transport.fetch_index(grant).await.unwrap());
    assert!(refused(impostor.fetch_index(grant).await.unwrap_err()));
    assert!(refused(impostor.fetch_chunks(grant, &hashes).await.err().unwrap()));
    assert!(refused(impostor.fetch_file(lease, file.id).await.err().unwrap()));
    let path = world.folder.path().join("forged.txt");
    std::fs::write(&path, "forged").unwrap();
    assert!(refused(impostor.put_artifact(upload(lease, "forged.txt", path)).await.unwrap_err()));
    assert!(world.artifacts(lease.execution).await.is_empty());
    connection.beat().await;
}

/// A disabled agent is cut off, and refused when it comes back.
pub async fn disabled<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    world.set_status(agent.id, AgentStatus::Disabled).await;
    assert!(connection.ended().await.is_some(), "no reason is given");
    assert_eq!(refusal(soon("a refusal", agent.transport.connect()).await), ErrorKind::Forbidden);
}

/// A deleted agent is cut off, and refused when it comes back.
pub async fn deleted<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let mut connection = agent.connect().await;
    world.delete(agent.id).await;
    assert!(connection.ended().await.is_some(), "no reason is given");
    assert!(is_no_identity(refusal(soon("a refusal", agent.transport.connect()).await)));
}

/// An agent that was disabled for a while connects again.
pub async fn enabled_again<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    world.set_status(agent.id, AgentStatus::Disabled).await;
    assert_eq!(refusal(soon("a refusal", agent.transport.connect()).await), ErrorKind::Forbidden);
    world.set_status(agent.id, AgentStatus::Active).await;
    agent.connect().await.beat().await;
}

/// The lease of one agent is worth nothing in the hands of another.
pub async fn another_agents_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let (agent, other) = (world.agent("bot").await, world.agent("other").await);
    let file = world.upload(b"seven".to_vec()).await;
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let grant = PackageGrant::Lease(lease);
    let hashes = super::content::hashes(&agent.transport.fetch_index(grant).await.unwrap());
    let stale = |error: Error| assert_eq!(error.kind(), ErrorKind::StaleLease);
    stale(other.transport.fetch_index(grant).await.unwrap_err());
    stale(other.transport.fetch_chunks(grant, &hashes).await.err().unwrap());
    stale(other.transport.fetch_file(lease, file.id).await.err().unwrap());
    let path = world.folder.path().join("report.txt");
    std::fs::write(&path, "other").unwrap();
    stale(other.transport.put_artifact(upload(lease, "report.txt", path)).await.unwrap_err());
    assert!(world.artifacts(lease.execution).await.is_empty());
}
