//! The files that runs leave.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Map;

use super::TransportFixture;
use super::file::all;
use super::world::{World, noise, soon};
use crate::blob::{BlobKey, BlobStore as _};
use crate::domain::{Artifact, Lease};
use crate::error::ErrorKind;
use crate::orchestrator::Settings;
use crate::transport::ArtifactUpload;

/// A text file to keep under this name.
pub(super) fn upload(lease: Lease, name: &str, path: PathBuf) -> ArtifactUpload {
    ArtifactUpload { lease, name: name.to_owned(), content_type: "text/plain".to_owned(), path }
}

impl<F: TransportFixture> World<F> {
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    async fn content(&self, artifact: &Artifact) -> Vec<u8> {
        let key = BlobKey::artifact(artifact.execution_id, artifact.id);
        all(self.blobs.get(&key).await.unwrap().unwrap().stream).await
    }
}

/// A file is kept with its name, its type and every byte, once the call returns.
pub async fn whole<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let content = noise(3_000_001);
    let path = world.file("x", &content);
    agent.transport.put_artifact(upload(lease, "report.txt", path)).await.unwrap();
    let kept = world.artifacts(lease.execution).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].name.as_str(), kept[0].content_type.as_str()), ("report.txt", "text/plain"));
    assert_eq!((kept[0].size, kept[0].epoch), (content.len() as u64, lease.epoch));
    assert!(world.content(&kept[0]).await == content);
}

/// A file of no bytes is one, too.
pub async fn empty<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    agent.transport.put_artifact(upload(lease, "empty.txt", world.file("x", b""))).await.unwrap();
    assert_eq!(world.artifacts(lease.execution).await[0].size, 0);
}

/// Names are any that a file may have.
pub async fn names<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.file("x", b"seven");
    let names = ["a b&c=ä?#%.csv", "100%25.txt", "Überweisung 07 (Kopie).pdf", "請求書.pdf", "+-_.~!'()"];
    for name in names {
        agent.transport.put_artifact(upload(lease, name, path.clone())).await.unwrap();
    }
    let kept = world.artifacts(lease.execution).await;
    assert_eq!(kept.iter().map(|artifact| artifact.name.as_str()).collect::<Vec<_>>(), names);
}

/// The same name again replaces the file.
pub async fn replaces<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    for content in [&b"one"[..], b"twice"] {
        let path = world.file("x", content);
        agent.transport.put_artifact(upload(lease, "report.txt", path)).await.unwrap();
    }
    let kept = world.artifacts(lease.execution).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(world.content(&kept[0]).await, b"twice");
}

/// A large file goes through as a stream.
pub async fn large<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let content = noise(64 * 1024 * 1024);
    let path = world.file("x", &content);
    let putting = agent.transport.put_artifact(upload(lease, "model.bin", path));
    // The connection goes on beside it.
    let (put, ()) = tokio::join!(putting, connection.beat());
    put.unwrap();
    assert!(world.content(&world.artifacts(lease.execution).await[0]).await == content);
}

/// A lease that ended, or never was, keeps nothing.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    connection.finish(lease, Map::new()).await;
    let path = world.file("x", b"seven");
    for lease in [lease, Lease { epoch: lease.epoch + 1, ..lease }] {
        let refused = agent.transport.put_artifact(upload(lease, "report.txt", path.clone())).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::StaleLease);
    }
    assert!(world.artifacts(lease.execution).await.is_empty());
}

/// A file over the limit is `QuotaExceeded`; one at the limit is kept.
pub async fn too_large<F: TransportFixture>() {
    const MOST: usize = 1_000_000;
    let world = World::<F>::with(Settings { max_artifact_bytes: MOST as u64, ..Settings::default() }).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.file("large", &noise(MOST + 1));
    let refused = agent.transport.put_artifact(upload(lease, "large.bin", path)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded, "{refused}");
    let path = world.file("fits", &noise(MOST));
    agent.transport.put_artifact(upload(lease, "fits.bin", path)).await.unwrap();
    assert_eq!(world.artifacts(lease.execution).await.len(), 1);
}

/// A name that is no plain file name is `Invalid`.
pub async fn bad_name<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.file("x", b"seven");
    for name in ["", "..", "../up.txt", "a/b.txt", "a\\b.txt", "a\nb.txt", "a\0b"] {
        let refused = agent.transport.put_artifact(upload(lease, name, path.clone())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{name:?}: {refused}");
    }
    assert!(world.artifacts(lease.execution).await.is_empty());
}

/// A file that can't be read is `Invalid`, and nothing is kept.
pub async fn unreadable<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.folder.path().join("nowhere");
    let refused = agent.transport.put_artifact(upload(lease, "report.txt", path)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(world.artifacts(lease.execution).await.is_empty());
}

/// Nothing is kept of an upload that is dropped, and it can be done again.
pub async fn dropped<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let path = world.file("x", &noise(32 * 1024 * 1024));
    world.blobs.hold(true);
    for round in 0..5_u64 {
        let putting = agent.transport.put_artifact(upload(lease, "report.bin", path.clone()));
        let _ = tokio::time::timeout(Duration::from_millis(2 * round), putting).await;
    }
    let putting = agent.transport.put_artifact(upload(lease, "report.bin", path.clone()));
    let waits = soon("the upload begins", world.blobs.is_waiting());
    tokio::select! {
        put = putting => panic!("it is kept though it can't be: {put:?}"),
        () = waits => {}
    }
    world.blobs.hold(false);
    connection.beat().await;
    assert!(world.artifacts(lease.execution).await.is_empty());
    agent.transport.put_artifact(upload(lease, "report.bin", path)).await.unwrap();
    assert_eq!(world.artifacts(lease.execution).await.len(), 1);
}
