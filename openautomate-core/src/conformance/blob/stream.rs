//! Writing blobs as they come.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::sample::{MIB, assert_content, content, key, pieces, read};
use crate::blob::{BlobInfo, BlobKey};
use crate::conformance::fixture::BlobFixture;
use crate::conformance::store::expect::assert_code;
use crate::error::ErrorKind;

/// How long a store may take to clear away what a dropped write left.
const PATIENCE: Duration = Duration::from_secs(10);

async fn nothing_is_left<F: BlobFixture>(fixture: &F, key: &BlobKey) {
    assert_eq!(read(&*fixture.store(), key).await.unwrap(), None);
    let end = Instant::now() + PATIENCE;
    while fixture.leftovers().await > 0 {
        assert!(Instant::now() < end, "{} unfinished writes are left", fixture.leftovers().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A stream of odd pieces, longer than one part of any service, is written whole; its size and hash are told.
pub async fn whole<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let piece = content(1_000_003, 1);
    for count in [1, 11] {
        let key = key();
        let whole = piece.repeat(count);
        let body = pieces(vec![piece.clone(); count]);
        // As many bytes as may be are not too many.
        let info = store.put_stream(&key, body, whole.len() as u64).await.unwrap();
        let sha256 = hex::encode(Sha256::digest(&whole));
        assert_eq!(info, BlobInfo { size: whole.len() as u64, sha256 });
        assert_content(read(&*store, &key).await.unwrap().as_deref(), &whole);
    }
    assert_eq!(fixture.leftovers().await, 0);
}

/// A stream without content makes a blob without content.
pub async fn no_content<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    for body in [vec![], vec![Bytes::new(), Bytes::new()]] {
        let key = key();
        let info = store.put_stream(&key, pieces(body), 0).await.unwrap();
        assert_eq!(info, BlobInfo { size: 0, sha256: hex::encode(Sha256::digest(b"")) });
        assert_content(read(&*store, &key).await.unwrap().as_deref(), b"");
    }
}

/// The last stream is what is read, whatever was there.
pub async fn replaces<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let key = key();
    for (seed, length) in [(1, 7 * MIB), (2, 10), (3, 6 * MIB)] {
        let content = content(length, seed);
        store.put_stream(&key, pieces(vec![content.clone()]), u64::MAX).await.unwrap();
        assert_content(read(&*store, &key).await.unwrap().as_deref(), &content);
    }
}

/// Nobody sees a blob before it is whole.
pub async fn unseen_while_written<F: BlobFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let key = key();
    let (watched, seen) = (key.clone(), Arc::clone(&store));
    let body = stream::iter(0..12_u8).then(move |at| {
        let (watched, seen, peer) = (watched.clone(), Arc::clone(&seen), Arc::clone(&peer));
        async move {
            assert!(!seen.contains(&watched).await.unwrap(), "after {at} MiB");
            assert!(peer.get(&watched).await.unwrap().is_none(), "after {at} MiB");
            Ok(content(MIB, at))
        }
    });
    store.put_stream(&key, body.boxed(), u64::MAX).await.unwrap();
    assert_eq!(read(&*store, &key).await.unwrap().unwrap().len(), 12 * MIB);
}

/// One byte too many, in the first part or in a later one, and nothing is kept.
pub async fn too_large<F: BlobFixture>(fixture: F) {
    for count in [1, 7] {
        let key = key();
        let body = pieces(vec![content(MIB, 7); count]);
        let written = fixture.store().put_stream(&key, body, (count * MIB) as u64 - 1).await;
        assert_code(written, ErrorKind::QuotaExceeded, "blob.too_large");
        nothing_is_left(&fixture, &key).await;
    }
}

/// A stream that breaks off, in the first part or in a later one, leaves nothing.
pub async fn interrupted<F: BlobFixture>(fixture: F) {
    for count in [0, 1, 7] {
        let key = key();
        let broken = stream::iter([Err(io::ErrorKind::ConnectionReset.into())]);
        let body = pieces(vec![content(MIB, 7); count]).chain(broken).boxed();
        let written = fixture.store().put_stream(&key, body, u64::MAX).await;
        assert_code(written, ErrorKind::Unavailable, "blob.interrupted");
        nothing_is_left(&fixture, &key).await;
    }
}

/// A write that is dropped in the middle leaves nothing, with parts that were sent and without.
pub async fn dropped<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    for count in [1, 12] {
        let key = key();
        let (asked, mut came) = tokio::sync::mpsc::channel(1);
        let endless = stream::once(async move {
            // The pieces before were taken, and the writer waits for more.
            let _ = asked.send(()).await;
            std::future::pending().await
        });
        let body = pieces(vec![content(MIB, 7); count]).chain(endless).boxed();
        tokio::select! {
            written = store.put_stream(&key, body, u64::MAX) => panic!("it ended: {written:?}"),
            _ = came.recv() => {}
        }
        nothing_is_left(&fixture, &key).await;
    }
}

/// A write that fails leaves what was there before.
pub async fn a_failure_keeps_the_old<F: BlobFixture>(fixture: F) {
    let store = fixture.store();
    let key = key();
    store.put(&key, Bytes::from_static(b"the old")).await.unwrap();
    for count in [1, 7] {
        let broken = stream::iter([Err(io::ErrorKind::ConnectionReset.into())]);
        let body = pieces(vec![content(MIB, 7); count]).chain(broken).boxed();
        store.put_stream(&key, body, u64::MAX).await.unwrap_err();
        store.put_stream(&key, pieces(vec![content(MIB, 7); count]), 5).await.unwrap_err();
        assert_content(read(&*store, &key).await.unwrap().as_deref(), b"the old");
    }
}

/// A stream of 160 MiB takes no 80 MiB of memory.
pub async fn bounded_memory<F: BlobFixture>(fixture: F) {
    const COUNT: u64 = 160;
    if fixture.keeps_in_memory() {
        return;
    }
    let store = fixture.store();
    let key = key();
    let (before, most) = (resident(), Arc::new(AtomicU64::new(0)));
    let seen = Arc::clone(&most);
    let body = stream::iter(0..COUNT).map(move |at| {
        seen.fetch_max(resident(), Ordering::Relaxed);
        Ok(content(MIB, at.to_le_bytes()[0]))
    });
    let info = store.put_stream(&key, body.boxed(), COUNT * MIB as u64).await.unwrap();
    assert_eq!(info.size, COUNT * MIB as u64);
    let taken = most.load(Ordering::Relaxed).saturating_sub(before);
    assert!(taken < 80 * MIB as u64, "{taken} bytes");
    store.delete(&key).await.unwrap();
}

/// The memory of this process in bytes; 0 where the system does not show it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
