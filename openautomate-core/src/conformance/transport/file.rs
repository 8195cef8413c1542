//! The uploaded files that inputs name.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Map, json};

use super::TransportFixture;
use super::world::{World, noise, soon};
use crate::domain::Lease;
use crate::error::{ErrorKind, Result};
use crate::id::FileId;

/// All of a stream.
pub(super) async fn all(stream: BoxStream<'static, Result<Bytes>>) -> Vec<u8> {
    let read = stream.try_fold(Vec::new(), async |mut all, piece| {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    soon("the whole stream", read).await.unwrap()
}

/// A file that the inputs name comes byte for byte.
pub async fn whole<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let content = noise(3_000_001);
    let file = world.upload(content.clone()).await;
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    for _ in 0..2 {
        assert!(all(agent.transport.fetch_file(lease, file.id).await.unwrap()).await == content);
    }
}

/// A file of no bytes is one, too.
pub async fn empty<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let file = world.upload(Vec::new()).await;
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    assert!(all(agent.transport.fetch_file(lease, file.id).await.unwrap()).await.is_empty());
}

/// A file that the execution does not use is `NotFound`, also if it is there.
pub async fn unused<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (file, other) = (world.upload(b"seven".to_vec()).await, world.upload(b"eight".to_vec()).await);
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    for unused in [other.id, FileId::new()] {
        let refused = agent.transport.fetch_file(lease, unused).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::NotFound);
    }
}

/// A lease that ended, or never was, opens no file.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let file = world.upload(b"seven".to_vec()).await;
    let (mut connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    connection.finish(lease, Map::new()).await;
    for lease in [lease, Lease { epoch: lease.epoch + 1, ..lease }] {
        let refused = agent.transport.fetch_file(lease, file.id).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::StaleLease);
    }
}

/// A reader that takes its time has the server read no faster: what lies between is bounded.
pub async fn is_read_as_it_is_taken<F: TransportFixture>() {
    /// More than the buffers of any socket.
    const BETWEEN: u64 = 24 * 1024 * 1024;
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let content = noise(48 * 1024 * 1024);
    let file = world.upload(content.clone()).await;
    let (_connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let before = world.blobs.read();
    let mut stream = agent.transport.fetch_file(lease, file.id).await.unwrap();
    let first = soon("a piece", stream.next()).await.unwrap().unwrap();
    // Time for a server that would read on.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ahead = world.blobs.read() - before - first.len() as u64;
    assert!(ahead < BETWEEN, "{ahead} bytes were read ahead");
    let rest = all(stream).await;
    assert!([first.to_vec(), rest].concat() == content);
}

/// A stream that is dropped stands in nobody's way, and is not read to its end for nobody.
pub async fn dropped<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let content = noise(48 * 1024 * 1024);
    let file = world.upload(content.clone()).await;
    let (mut connection, lease) = agent.leased_with(&world, json!({"file": file.id})).await;
    let before = world.blobs.read();
    for _ in 0..3 {
        let mut stream = agent.transport.fetch_file(lease, file.id).await.unwrap();
        soon("a piece", stream.next()).await.unwrap().unwrap();
    }
    connection.beat().await;
    let read = world.blobs.read() - before;
    assert!(read < 3 * content.len() as u64, "all of it was read for nobody");
    assert!(all(agent.transport.fetch_file(lease, file.id).await.unwrap()).await == content);
}
