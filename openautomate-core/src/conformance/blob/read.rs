//! Reading blobs.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::sample::{MIB, assert_content, content, key, pieces, read};
use crate::blob::{BlobBody, BlobKey, BlobStore};
use crate::conformance::fixture::BlobFixture;

/// More than the buffers between a storage and a reader hold.
const LONG: usize = 24 * MIB;

/// What is not there is not there, and that is no error.
pub async fn missing<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    for key in [key(), BlobKey::index(&"0f".repeat(32)).unwrap()] {
        assert!(!store.contains(&key).await.unwrap());
        assert!(store.get(&key).await.unwrap().is_none());
    }
}

/// A range is exactly what stands there, of small and of large blobs; of what is not there there is none.
pub async fn ranges<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let (key, whole) = (key(), content(LONG, 7));
    assert!(store.get_range(&key, 0..1).await.unwrap().is_none());
    store.put_stream(&key, pieces(vec![whole.clone()]), u64::MAX).await.unwrap();
    for (from, to) in [(0, 1), (0, LONG), (LONG - 1, LONG), (MIB + 3, 9 * MIB - 5)] {
        let found = store.get_range(&key, from as u64..to as u64).await.unwrap().unwrap();
        assert_content(Some(&found), &whole.slice(from..to));
    }
}

/// Who asks for more than there is gets nothing of it.
pub async fn a_range_beyond_the_end<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let key = key();
    store.put(&key, Bytes::from_static(b"twelve bytes")).await.unwrap();
    for range in [0..13, 11..13, 12..13, 100..200] {
        let error = store.get_range(&key, range).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unavailable);
    }
}

/// A blob comes in pieces, so a large one needs no large memory.
pub async fn in_pieces<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let (key, whole) = (key(), content(LONG, 5));
    store.put_stream(&key, pieces(vec![whole.clone()]), u64::MAX).await.unwrap();
    let body = store.get(&key).await.unwrap().unwrap();
    let most = if fixture.keeps_in_memory() { LONG } else { 4 * MIB };
    let (size, mut found) = (body.size, Vec::new());
    let mut stream = body.stream;
    while let Some(piece) = stream.next().await {
        let piece = piece.unwrap();
        assert!(piece.len() <= most, "a piece of {} bytes", piece.len());
        found.extend_from_slice(&piece);
    }
    assert_eq!(size, LONG as u64);
    assert_content(Some(&found), &whole);
}

/// A reader that gives up takes nothing with it.
pub async fn given_up<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let (key, whole) = (key(), content(LONG, 5));
    store.put(&key, whole.clone()).await.unwrap();
    for _ in 0..5 {
        let mut body = store.get(&key).await.unwrap().unwrap();
        body.stream.next().await.unwrap().unwrap();
    }
    assert_content(read(&*store, &key).await.unwrap().as_deref(), &whole);
}

/// Reads the rest of a blob whose first piece was read before `change`; it is what the reader began with, or an error.
async fn changed_meanwhile(store: Arc<dyn BlobStore>, change: impl AsyncFn(&BlobKey)) {
    let (key, whole) = (key(), content(LONG, 5));
    store.put(&key, whole.clone()).await.unwrap();
    let BlobBody { size, mut stream } = store.get(&key).await.unwrap().unwrap();
    let first = stream.next().await.unwrap().unwrap();
    change(&key).await;
    let rest = stream.try_fold(first.to_vec(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    if let Ok(found) = rest.await {
        assert_eq!(size, LONG as u64);
        assert_content(Some(&found), &whole);
    }
}

/// A reader never gets a mixture of what it began with and what came after.
pub async fn replaced_meanwhile<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let peer = fixture.peer().await;
    changed_meanwhile(Arc::clone(&store), async |key| {
        peer.put(key, content(LONG, 99)).await.unwrap();
    })
    .await;
    changed_meanwhile(store, async |key| {
        peer.put(key, Bytes::from_static(b"short")).await.unwrap();
    })
    .await;
}

/// A reader of what is deleted meanwhile gets all of it, or an error.
pub async fn deleted_meanwhile<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let peer = fixture.peer().await;
    changed_meanwhile(store, async |key| peer.delete(key).await.unwrap()).await;
}
