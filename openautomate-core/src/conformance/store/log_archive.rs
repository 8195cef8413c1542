//! Archives of log lines: what may be archived, what moves with one, and what stays.

use std::sync::Arc;

use super::sample::{World, at, chunk, hash, instant, succeeded};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Lease, LogArchive, LogFrame};
use crate::id::{ExecutionId, LogArchiveId};
use crate::store::{ArchivableLogs, FinishAttempt};

/// An archive of the first lines of an attempt.
fn archive(lease: Lease, last_seq: u64) -> LogArchive {
    LogArchive {
        id: LogArchiveId::new(),
        lease,
        last_seq,
        size: 1_234,
        sha256: hash().iter().map(|byte| format!("{byte:02x}")).collect(),
        frames: vec![LogFrame { first_seq: 1, offset: 0, content: 5_678 }],
        archived_at: at(1_000),
    }
}

impl World {
    /// An attempt whose execution ended at a second, with lines in chunks of two.
    async fn logged(&self, lines: u64, second: i64) -> Lease {
        let (_, lease) = self.running(self.execution()).await;
        self.say(lease, 1, lines).await;
        let finish = self.finish_message(lease, succeeded(), at(second));
        self.store.finish(FinishAttempt { final_log_seq: lines, ..finish }).await.unwrap();
        lease
    }

    async fn say(&self, lease: Lease, first: u64, last: u64) {
        let chunks: Vec<_> =
            (first..=last).step_by(2).map(|line| chunk(lease, line, (line + 1).min(last))).collect();
        self.store.append(self.agent.id, &chunks).await.unwrap();
    }

    async fn stored_seqs(&self, lease: Lease) -> Vec<u64> {
        let lines = self.store.read(lease, 0, 1_000).await.unwrap();
        lines.into_iter().map(|record| record.seq).collect()
    }

    async fn archivable(&self, second: i64) -> Vec<Lease> {
        let found = self.store.archivable_logs(None, at(second), 100).await.unwrap();
        assert_eq!(found.next, None);
        found.leases
    }
}

/// Attempts are found that have lines and whose execution ended by then.
pub async fn looks_for_what_has_ended<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let ended = world.logged(3, 10).await;
    let later = world.logged(1, 20).await;
    let silent = world.logged(0, 10).await;
    let (_, running) = world.running(world.execution()).await;
    world.say(running, 1, 2).await;
    assert_eq!(world.archivable(9).await, []);
    assert_eq!(world.archivable(10).await, [ended]);
    assert_eq!(world.archivable(20).await, [ended, later]);
    assert!(world.store.archive_log(archive(ended, 3), None).await.unwrap());
    assert_eq!(world.archivable(20).await, [later]);
    assert_eq!(world.stored_seqs(silent).await, [0; 0]);
    // Of an execution that was tried again all attempts are.
    let (_, first) = world.running(world.retried(2)).await;
    world.say(first, 1, 2).await;
    world.store.expire(at(61), 10).await.unwrap();
    world.store.wake(at(100), 10).await.unwrap();
    let second = world.claim_at(at(100)).await.lease().unwrap();
    world.say(second, 1, 2).await;
    // The other one was lost, and is not tried again.
    assert_eq!(world.archivable(500).await, [later, running]);
    world.finish(second, succeeded(), at(101)).await;
    assert_eq!(world.archivable(500).await, [later, running, first, second]);
}

/// Executions are looked at in the order of their ids, so many in a page, whether they have ended or not.
pub async fn looks_page_by_page<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut leases = Vec::new();
    for _ in 0..4 {
        leases.push(world.logged(5, 10).await);
    }
    let (_, running) = world.running(world.execution()).await;
    world.say(running, 1, 1).await;
    let (mut after, mut found) = (None, Vec::new());
    for page in 0.. {
        let ArchivableLogs { leases, next } = world.store.archivable_logs(after, at(10), 2).await.unwrap();
        assert!(leases.len() <= 2 && page < 4);
        found.extend(leases);
        after = next;
        if next.is_none() {
            break;
        }
        assert!(next.is_none_or(|next| found.last().is_none_or(|last| last.execution <= next)));
    }
    assert_eq!(found, leases);
    let beyond = world.store.archivable_logs(Some(running.execution), at(10), 2).await.unwrap();
    assert_eq!(beyond, ArchivableLogs::default());
}

/// With the archive the lines go, those of the attempt and no others.
pub async fn moves_the_lines<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (lease, other) = (world.logged(5, 10).await, world.logged(2, 10).await);
    let archive = archive(lease, 5);
    assert_eq!(world.store.log_archive(lease).await.unwrap(), None);
    assert!(world.store.archive_log(archive.clone(), None).await.unwrap());
    assert_eq!(world.store.log_archive(lease).await.unwrap(), Some(archive.clone()));
    assert_eq!(world.stored_seqs(lease).await, [0; 0]);
    assert_eq!(world.stored_seqs(other).await, [1, 2]);
    assert_eq!(world.store.log_archives(lease.execution).await.unwrap(), [archive.id]);
    assert_eq!(world.store.log_archives(other.execution).await.unwrap(), []);
    let attempt = world.store.attempts(lease.execution).await.unwrap().remove(0);
    assert!(attempt.is_log_complete() && attempt.stored_log_seq == 5);
    // It outlives the server.
    assert_eq!(fixture.peer().await.log_archive(lease).await.unwrap(), Some(archive));
}

/// Nothing moves while the execution goes on, if not that many lines are stored, or if the archive
/// is another one than it replaces.
pub async fn what_moved_meanwhile_is_left<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, running) = world.running(world.execution()).await;
    world.say(running, 1, 2).await;
    let lease = world.logged(4, 10).await;
    let unknown = Lease { execution: ExecutionId::new(), epoch: 1 };
    let refused = [
        (archive(running, 2), None),
        (archive(lease, 5), None),
        (archive(lease, 4), Some(LogArchiveId::new())),
        (archive(unknown, 1), None),
    ];
    for (archive, replaces) in refused {
        assert!(!world.store.archive_log(archive, replaces).await.unwrap());
    }
    assert_eq!(world.store.log_archive(lease).await.unwrap(), None);
    assert_eq!(world.stored_seqs(lease).await, [1, 2, 3, 4]);
    let first = archive(lease, 2);
    assert!(world.store.archive_log(first.clone(), None).await.unwrap());
    assert!(!world.store.archive_log(archive(lease, 4), None).await.unwrap());
    assert_eq!(world.store.log_archive(lease).await.unwrap(), Some(first.clone()));
    assert_eq!(world.stored_seqs(lease).await, [3, 4]);
    let all = archive(lease, 4);
    assert!(world.store.archive_log(all.clone(), Some(first.id)).await.unwrap());
    assert_eq!(world.store.log_archive(lease).await.unwrap(), Some(all));
    assert_eq!(world.stored_seqs(lease).await, [0; 0]);
}

/// Of several servers that archive the same lines one is told that it did.
pub async fn of_two_archives_one_is_kept<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (lease, servers) = (world.logged(6, 10).await, [fixture.store(), fixture.peer().await]);
    let archives: Vec<_> = (0..8)
        .map(|index| {
            let (store, archive) = (Arc::clone(&servers[index % 2]), archive(lease, 6));
            tokio::spawn(async move { (store.archive_log(archive.clone(), None).await.unwrap(), archive) })
        })
        .collect();
    let mut kept = Vec::new();
    for task in archives {
        let (is_kept, archive) = task.await.unwrap();
        kept.extend(is_kept.then_some(archive));
    }
    assert_eq!(kept.len(), 1);
    assert_eq!(world.store.log_archive(lease).await.unwrap(), kept.pop());
}

/// Lines that come after the archive are numbered on, and found again to be archived.
pub async fn late_lines_follow<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let lease = world.logged(4, 10).await;
    assert!(world.store.archive_log(archive(lease, 4), None).await.unwrap());
    // Said again, they are there; a gap is one.
    let acks = world.store.append(world.agent.id, &[chunk(lease, 3, 4), chunk(lease, 6, 7)]).await.unwrap();
    assert!(acks.iter().all(|ack| ack.stored_seq == 4 && ack.complete));
    assert_eq!(world.stored_seqs(lease).await, [0; 0]);
    world.say(lease, 3, 7).await;
    assert_eq!(world.stored_seqs(lease).await, [5, 6, 7]);
    assert_eq!(world.store.read(lease, 5, 1).await.unwrap()[0].seq, 6);
    assert_eq!(world.archivable(10).await, [lease]);
    assert_eq!(world.store.attempts(lease.execution).await.unwrap()[0].stored_log_seq, 7);
}

/// An archive is read as it was written.
pub async fn keeps_every_field<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let lease = world.logged(3, 10).await;
    let frames = (0..2_000)
        .map(|number| LogFrame { first_seq: number * 1_000 + 1, offset: number << 33, content: u32::MAX })
        .collect();
    let size = i64::MAX.cast_unsigned();
    let archive = LogArchive { frames, size, archived_at: instant(), ..archive(lease, 3) };
    assert!(world.store.archive_log(archive.clone(), None).await.unwrap());
    assert_eq!(world.store.log_archive(lease).await.unwrap(), Some(archive));
}
