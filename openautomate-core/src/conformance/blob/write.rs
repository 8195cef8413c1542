//! Writing and deleting whole blobs.

use std::sync::Arc;

use bytes::Bytes;

use super::sample::{MIB, assert_content, content, key, pieces, read};
use crate::blob::BlobKey;
use crate::conformance::fixture::BlobFixture;
use crate::id::{ArtifactId, ExecutionId, FileId};
use crate::package::chunk::ChunkHash;

/// What was put is there, byte by byte, whatever its size.
pub async fn round_trip<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    for length in [0, 1, 300_000, 6 * MIB] {
        let (key, content) = (key(), content(length, 7));
        store.put(&key, content.clone()).await.unwrap();
        assert!(store.contains(&key).await.unwrap());
        assert_content(read(&*store, &key).await.unwrap().as_deref(), &content);
    }
}

/// Each key has a blob of its own, of whatever kind it is.
pub async fn keys_are_apart<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let digest = "ab".repeat(32);
    let execution = ExecutionId::new();
    let keys = [
        BlobKey::index(&digest).unwrap(),
        BlobKey::chunk(&digest.parse::<ChunkHash>().unwrap()),
        BlobKey::artifact(execution, ArtifactId::new()),
        BlobKey::artifact(execution, ArtifactId::new()),
        BlobKey::input_file(FileId::new()),
    ];
    for key in &keys {
        store.put(key, Bytes::from(key.to_string())).await.unwrap();
    }
    for key in &keys {
        assert_content(read(&*store, key).await.unwrap().as_deref(), key.as_str().as_bytes());
    }
    store.delete(&keys[2]).await.unwrap();
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(store.contains(key).await.unwrap(), at != 2, "{key}");
    }
}

/// The last write is what is read; the same again changes nothing.
pub async fn replaces<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let key = key();
    for content in ["one", "one", "another, longer", ""] {
        store.put(&key, Bytes::from(content)).await.unwrap();
        assert_content(read(&*store, &key).await.unwrap().as_deref(), content.as_bytes());
    }
}

/// Of several writers under one key at once, one is read whole.
pub async fn at_once<F: BlobFixture>(fixture: F) {
    let key = key();
    let contents: Vec<Bytes> = (1..=6).map(|seed| content(400_000 + usize::from(seed), seed)).collect();
    let stores = [fixture.store(), fixture.peer().await];
    let mut writers = tokio::task::JoinSet::new();
    for (at, content) in contents.iter().cloned().enumerate() {
        let (store, key) = (Arc::clone(&stores[at % 2]), key.clone());
        writers.spawn(async move { store.put(&key, content).await });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap().unwrap();
        let found = read(&*stores[0], &key).await.unwrap().unwrap();
        assert!(contents.iter().any(|content| *content == found), "a mixture of {} bytes", found.len());
    }
}

/// What was deleted is gone; what is not there is deleted as well.
pub async fn delete<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let key = key();
    store.delete(&key).await.unwrap();
    store.put(&key, Bytes::from_static(b"gone soon")).await.unwrap();
    for _ in 0..2 {
        store.delete(&key).await.unwrap();
        assert!(!store.contains(&key).await.unwrap());
        assert_eq!(read(&*store, &key).await.unwrap(), None);
    }
    store.put(&key, Bytes::from_static(b"again")).await.unwrap();
    assert_content(read(&*store, &key).await.unwrap().as_deref(), b"again");
}

/// What was written is there after a stop and a start.
pub async fn reopened<F: BlobFixture>(fixture: F) {
    let (put, streamed) = (key(), key());
    let long = content(6 * MIB, 3);
    let store = fixture.store();
    store.put(&put, Bytes::from_static(b"kept")).await.unwrap();
    store.put_stream(&streamed, pieces(vec![long.clone()]), u64::MAX).await.unwrap();
    drop(store);
    let fixture = fixture.reopen().await;
    let store = fixture.store();
    assert_content(read(&*store, &put).await.unwrap().as_deref(), b"kept");
    assert_content(read(&*store, &streamed).await.unwrap().as_deref(), &long);
}

/// Another server sees a write, and a delete, as soon as it returned.
pub async fn a_peer_sees_it<F: BlobFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let key = key();
    for round in 0..5_u8 {
        store.put(&key, content(1_000, round)).await.unwrap();
        assert_content(read(&*peer, &key).await.unwrap().as_deref(), &content(1_000, round));
        peer.delete(&key).await.unwrap();
        assert!(!store.contains(&key).await.unwrap());
    }
}
