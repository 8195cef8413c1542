//! The content of versions: indexes and chunks.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde_json::Map;
use sha2::{Digest as _, Sha256};

use super::TransportFixture;
use super::world::{World, noise, soon};
use crate::domain::Lease;
use crate::error::{Error, ErrorKind, Result};
use crate::id::VersionId;
use crate::package::chunk::{ChunkHash, unpack};
use crate::transport::{MAX_CHUNKS, PackageGrant};

pub(super) fn assert_index(index: &[u8], digest: &str) {
    assert_eq!(hex::encode(Sha256::digest(index)), digest);
}

pub(super) fn hashes(index: &[u8]) -> Vec<ChunkHash> {
    let index: serde_json::Value = serde_json::from_slice(index).unwrap();
    let chunks = index["chunks"].as_array().unwrap().iter();
    chunks.map(|chunk| chunk["hash"].as_str().unwrap().parse().unwrap()).collect()
}

type Chunks = Result<BoxStream<'static, Result<Bytes>>>;

/// Every chunk, checked against the one that was asked for.
async fn assert_chunks(chunks: Chunks, asked: &[ChunkHash]) -> usize {
    let chunks: Vec<_> = soon("the chunks", chunks.unwrap().collect()).await;
    assert_eq!(chunks.len(), asked.len());
    let content = chunks.into_iter().zip(asked).map(|(chunk, hash)| unpack(hash, &chunk.unwrap()).unwrap());
    content.map(|content| content.len()).sum()
}

fn kind_of(chunks: Chunks) -> ErrorKind {
    chunks.err().expect("it is refused").kind()
}

/// A lease opens the index of its own version, byte for byte.
pub async fn index_by_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    world.publish("1.1.0", b"another", None).await;
    let index = agent.transport.fetch_index(PackageGrant::Lease(lease)).await.unwrap();
    assert_index(&index, &world.version.digest);
}

/// An agent may fetch what is deployed where it works, without a lease and without a connection.
pub async fn index_by_deployment<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let index = agent.transport.fetch_index(PackageGrant::Deployment(world.version.id)).await.unwrap();
    assert_index(&index, &world.version.digest);
}

/// Chunks come in the order in which they are asked for, also if one is asked for twice.
pub async fn chunks_in_order<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let version = world.publish("1.1.0", &noise(2_000_000), None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let grant = PackageGrant::Lease(lease);
    let index = agent.transport.fetch_index(grant).await.unwrap();
    assert_index(&index, &version.digest);
    let mut asked = hashes(&index);
    assert!(asked.len() > 5);
    asked.reverse();
    asked.push(asked[0]);
    assert_chunks(agent.transport.fetch_chunks(grant, &asked).await, &asked).await;
}

/// A deployment opens the chunks of its version as a lease does.
pub async fn chunks_by_deployment<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let grant = PackageGrant::Deployment(world.version.id);
    let asked = hashes(&agent.transport.fetch_index(grant).await.unwrap());
    assert_chunks(agent.transport.fetch_chunks(grant, &asked).await, &asked).await;
}

/// As many chunks as may be asked for at once, which are some megabytes.
pub async fn a_large_version<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let size = 24 * 1024 * 1024;
    let version = world.publish("1.1.0", &noise(size), None).await;
    let agent = world.agent("bot").await;
    let grant = PackageGrant::Deployment(version.id);
    let asked = hashes(&agent.transport.fetch_index(grant).await.unwrap());
    assert!(asked.len() > MAX_CHUNKS);
    let mut got = 0;
    for some in asked.chunks(MAX_CHUNKS) {
        got += assert_chunks(agent.transport.fetch_chunks(grant, some).await, some).await;
    }
    assert!(got > size);
}

/// Nothing asked for is nothing given.
pub async fn no_chunks<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let grant = PackageGrant::Deployment(world.version.id);
    assert_eq!(assert_chunks(agent.transport.fetch_chunks(grant, &[]).await, &[]).await, 0);
}

/// More than may be asked for at once is `Invalid`.
pub async fn too_many_chunks<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let grant = PackageGrant::Deployment(world.version.id);
    let one = hashes(&agent.transport.fetch_index(grant).await.unwrap())[0];
    let many = vec![one; MAX_CHUNKS + 1];
    assert_eq!(kind_of(agent.transport.fetch_chunks(grant, &many).await), ErrorKind::Invalid);
    assert_chunks(agent.transport.fetch_chunks(grant, &many[1..]).await, &many[1..]).await;
}

/// A grant opens no chunk of another version, though it is there.
pub async fn foreign_chunks<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let elsewhere = world.elsewhere().await;
    let other = world.publish("1.1.0", &noise(100_000), Some(elsewhere)).await;
    let index = crate::package::keep::read_index(&world.blobs, &other.digest).await.unwrap();
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let own = hashes(&agent.transport.fetch_index(PackageGrant::Lease(lease)).await.unwrap());
    let foreign = hashes(&index).into_iter().find(|hash| !own.contains(hash)).unwrap();
    for grant in [PackageGrant::Lease(lease), PackageGrant::Deployment(world.version.id)] {
        let asked = [own[0], foreign];
        assert_eq!(kind_of(agent.transport.fetch_chunks(grant, &asked).await), ErrorKind::NotFound);
    }
}

/// What is deployed elsewhere, or not at all, is `NotFound`.
pub async fn undeployed<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let elsewhere = world.elsewhere().await;
    let other = world.publish("1.1.0", b"other", Some(elsewhere)).await;
    let agent = world.agent("bot").await;
    for version in [other.id, VersionId::new()] {
        let grant = PackageGrant::Deployment(version);
        assert_eq!(agent.transport.fetch_index(grant).await.unwrap_err().kind(), ErrorKind::NotFound);
        let chunks = agent.transport.fetch_chunks(grant, &[ChunkHash::of(b"x")]).await;
        assert_eq!(kind_of(chunks), ErrorKind::NotFound);
    }
}

/// A lease that ended, or never was, opens nothing.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let asked = hashes(&agent.transport.fetch_index(PackageGrant::Lease(lease)).await.unwrap());
    let later = Lease { epoch: lease.epoch + 1, ..lease };
    connection.finish(lease, Map::new()).await;
    let stale = |error: Error| assert_eq!(error.kind(), ErrorKind::StaleLease);
    for lease in [lease, later] {
        let grant = PackageGrant::Lease(lease);
        stale(agent.transport.fetch_index(grant).await.unwrap_err());
        stale(agent.transport.fetch_chunks(grant, &asked).await.err().unwrap());
    }
}

/// A stream that is dropped, and a request that is dropped at any point, stand in nobody's way.
pub async fn dropped_chunks<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let version = world.publish("1.1.0", &noise(4_000_000), None).await;
    let agent = world.agent("bot").await;
    let grant = PackageGrant::Deployment(version.id);
    let asked = hashes(&agent.transport.fetch_index(grant).await.unwrap());
    for round in 0..10_u64 {
        let mut stream = agent.transport.fetch_chunks(grant, &asked).await.unwrap();
        let first = soon("a chunk", stream.next()).await.unwrap().unwrap();
        unpack(&asked[0], &first).unwrap();
        drop(stream);
        let dropped = agent.transport.fetch_chunks(grant, &asked);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(300 * round), dropped).await;
    }
    assert_chunks(agent.transport.fetch_chunks(grant, &asked).await, &asked).await;
}
