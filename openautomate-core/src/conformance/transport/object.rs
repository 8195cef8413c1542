//! Objects of buckets, and assets that are files.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Map;

use super::TransportFixture;
use super::file::all;
use super::world::{World, noise, soon};
use crate::command::asset::PutAssetFile;
use crate::command::bucket::{BucketSettings, CreateBucket};
use crate::domain::{Asset, Bucket, Lease};
use crate::error::ErrorKind;
use crate::id::{AssetId, EnvironmentId, ObjectId};
use crate::secret::Secret;
use crate::transport::ObjectUpload;
use crate::transport::message::PutCondition;

/// Text to keep in the bucket `reports` under this key.
fn upload(lease: Lease, key: &str, path: PathBuf) -> ObjectUpload {
    ObjectUpload {
        lease,
        bucket: "reports".to_owned(),
        key: key.to_owned(),
        content_type: "text/plain".to_owned(),
        condition: PutCondition::Any,
        path,
    }
}

impl<F: TransportFixture> World<F> {
    async fn bucket(&self, environment_id: Option<EnvironmentId>) -> Bucket {
        let settings = BucketSettings { max_object_bytes: 64 << 20, ..BucketSettings::new("reports") };
        let command = CreateBucket { environment_id, settings };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    async fn asset(&self, environment_id: Option<EnvironmentId>, content: &[u8]) -> Asset {
        let command = PutAssetFile {
            environment_id,
            name: "certificate".to_owned(),
            file_name: "client.pem".to_owned(),
            content: Secret::new(content.to_vec()),
            description: String::new(),
            readers: crate::command::asset::AssetReaders::AsBefore,
            create_only: false,
        };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    fn written(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// An object is kept with every byte once the call returns, and comes back as it was.
pub async fn whole<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let bucket = world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    for content in [noise(3_000_001), Vec::new()] {
        let kept =
            agent.transport.put_object(upload(lease, "a/b.bin", world.written("x", &content))).await.unwrap();
        assert_eq!((kept.key.as_str(), kept.size), ("a/b.bin", content.len() as u64));
        let stored = world.orchestrator.store().object(bucket.id, "a/b.bin").await.unwrap().unwrap();
        assert_eq!((stored.id, &stored.sha256, &*stored.content_type), (kept.id, &kept.sha256, "text/plain"));
        let fetched = agent.transport.fetch_object(lease, kept.id).await.unwrap();
        assert!(all(fetched).await == content);
    }
}

/// Keys are any relative path.
pub async fn names<F: TransportFixture>() {
    let world = World::<F>::new().await;
    world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.written("x", b"seven");
    for key in ["a b&c=ä?#%.csv", "100%25/+", "請求/書.pdf", "%2e%2e/x", "a;b=c", "~'()"] {
        let kept = agent.transport.put_object(upload(lease, key, path.clone())).await.unwrap();
        assert_eq!(kept.key, key);
    }
}

/// A key that is no plain relative path is `Invalid`; so is a file that can't be read.
pub async fn bad_key<F: TransportFixture>() {
    let world = World::<F>::new().await;
    world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.written("x", b"seven");
    for key in ["", "/a", "../a", "a//b", "a\\b", "a\nb", "a\0b"] {
        let refused = agent.transport.put_object(upload(lease, key, path.clone())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{key:?}: {refused}");
    }
    let nowhere = world.folder.path().join("nowhere");
    let refused = agent.transport.put_object(upload(lease, "a", nowhere)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

/// What is there is left, or is what it was seen as.
pub async fn conditions<F: TransportFixture>() {
    let world = World::<F>::new().await;
    world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let put = async |content: &[u8], condition| {
        let upload = upload(lease, "a", world.written("x", content));
        agent.transport.put_object(ObjectUpload { condition, ..upload }).await
    };
    let first = put(b"one", PutCondition::Absent).await.unwrap();
    let refused = put(b"two", PutCondition::Absent).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    let second = put(b"two", PutCondition::Sha256(first.sha256.clone())).await.unwrap();
    let refused = put(b"three", PutCondition::Sha256(first.sha256)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    assert_eq!(all(agent.transport.fetch_object(lease, second.id).await.unwrap()).await, b"two");
}

/// What the attempt wrote is written once, also if the answer was lost and it asks again.
pub async fn again<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let bucket = world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let upload =
        ObjectUpload { condition: PutCondition::Absent, ..upload(lease, "a", world.written("x", b"one")) };
    let first = agent.transport.put_object(upload.clone()).await.unwrap();
    assert_eq!(agent.transport.put_object(upload).await.unwrap(), first);
    assert_eq!(world.orchestrator.live_bucket(bucket.id).await.unwrap().object_count, 1);
}

/// An object over the limit is `QuotaExceeded`, and nothing is kept of it.
pub async fn too_large<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let settings = BucketSettings { max_object_bytes: 1_000_000, ..BucketSettings::new("reports") };
    let command = CreateBucket { environment_id: None, settings };
    let bucket = world.orchestrator.execute(&world.admin, command).await.unwrap();
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.written("large", &noise(1_000_001));
    let refused = agent.transport.put_object(upload(lease, "a", path)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded, "{refused}");
    assert_eq!(world.orchestrator.store().object(bucket.id, "a").await.unwrap(), None);
    let path = world.written("fits", &noise(1_000_000));
    agent.transport.put_object(upload(lease, "a", path)).await.unwrap();
}

/// Buckets, objects and assets of other environments are not there.
pub async fn elsewhere<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let there = world.elsewhere().await;
    let foreign = world.bucket(Some(there)).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let path = world.written("x", b"seven");
    let refused = agent.transport.put_object(upload(lease, "a", path.clone())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound, "{refused}");
    let intake = crate::orchestrator::ObjectIntake {
        key: "a".to_owned(),
        content_type: String::new(),
        size: None,
        condition: crate::domain::ObjectCondition::Any,
        body: Box::pin(futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"secret"))])),
    };
    let object = world.orchestrator.put_object(&world.admin, foreign.id, intake).await.unwrap();
    let asset = world.asset(Some(there), b"secret").await;
    for id in [object.id, ObjectId::new()] {
        let refused = agent.transport.fetch_object(lease, id).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::NotFound);
    }
    for id in [asset.id, AssetId::new()] {
        let refused = agent.transport.fetch_asset(lease, id).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::NotFound);
    }
}

/// A lease that ended, or never was, writes and reads nothing.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    world.bucket(None).await;
    let asset = world.asset(None, b"secret").await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let path = world.written("x", b"seven");
    let kept = agent.transport.put_object(upload(lease, "a", path.clone())).await.unwrap();
    connection.finish(lease, Map::new()).await;
    for lease in [lease, Lease { epoch: lease.epoch + 1, ..lease }] {
        let refused = agent.transport.put_object(upload(lease, "b", path.clone())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StaleLease);
        let refused = agent.transport.fetch_object(lease, kept.id).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::StaleLease);
        let refused = agent.transport.fetch_asset(lease, asset.id).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::StaleLease);
    }
}

/// The content of an asset that is a file comes as it was written.
pub async fn asset_files<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let content = noise(1_000_003);
    let asset = world.asset(None, &content).await;
    let agent = world.agent("bot").await;
    let (_connection, lease) = agent.leased(&world).await;
    let fetched = agent.transport.fetch_asset(lease, asset.id).await.unwrap();
    assert!(fetched.is_end_to_end, "who is in between reads it");
    assert!(all(fetched.stream).await == content);
    let empty = world.asset(None, b"").await;
    let fetched = agent.transport.fetch_asset(lease, empty.id).await.unwrap();
    assert!(all(fetched.stream).await.is_empty());
}

/// Nothing is kept of an upload that is dropped, and it can be done again.
pub async fn dropped<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let bucket = world.bucket(None).await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let path = world.written("x", &noise(32 * 1024 * 1024));
    world.blobs.hold(true);
    for round in 0..5_u64 {
        let putting = agent.transport.put_object(upload(lease, "a", path.clone()));
        let _ = tokio::time::timeout(Duration::from_millis(2 * round), putting).await;
    }
    let putting = agent.transport.put_object(upload(lease, "a", path.clone()));
    let waits = soon("the upload begins", world.blobs.is_waiting());
    tokio::select! {
        put = putting => panic!("it is kept though it can't be: {put:?}"),
        () = waits => {}
    }
    world.blobs.hold(false);
    connection.beat().await;
    assert_eq!(world.orchestrator.store().object(bucket.id, "a").await.unwrap(), None);
    agent.transport.put_object(upload(lease, "a", path)).await.unwrap();
}
