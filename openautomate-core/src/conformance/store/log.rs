//! Log lines: gapless, in order, without repetition, also when messages come twice or late.

use chrono::TimeDelta;

use super::expect::assert_stale_lease;
use super::sample::{self, World, at, chunk, failed, instant, succeeded};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Lease, LogChunk, LogLevel, LogLine, LogRecord, LogStream, MAX_LINE_BYTES};
use crate::id::ExecutionId;
use crate::store::{FinishAttempt, LogAck};

/// Lines are read as they were sent, with every field, however long.
pub async fn keeps_every_field<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error, LogLevel::Critical];
    let streams = [LogStream::Stdout, LogStream::Stderr, LogStream::Logging, LogStream::System];
    let texts = ["", "plain", "tab\tquote\" back\\slash", "ä € 😀 \u{0}", "a line\nin a line", "  spaces  "];
    let mut lines = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let time = instant() + TimeDelta::microseconds(index as i64);
        let mut line = LogLine::new(time, levels[index % 5], streams[index % 4], *text);
        if index % 2 == 0 {
            line.logger = Some("invoices.reader".to_owned());
            line.source = Some("main.py:42".to_owned());
        }
        lines.push(line);
    }
    lines.push(LogLine::new(at(-86_400), LogLevel::Info, LogStream::Stdout, "x".repeat(MAX_LINE_BYTES)));
    let chunk = LogChunk { lease, first_seq: 1, lines: lines.clone() };
    world.store.append(world.agent.id, &[chunk]).await.unwrap();
    let expected: Vec<_> = (1..).zip(lines).map(|(seq, line)| LogRecord { seq, line }).collect();
    assert_eq!(world.store.read(lease, 0, 100).await.unwrap(), expected);
}

/// Each chunk is acknowledged in order with the highest line stored, and the attempt knows it too.
pub async fn acknowledges_what_is_stored<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, first) = world.running(world.execution()).await;
    let (_, second) = world.running(world.execution()).await;
    let chunks = [chunk(first, 1, 3), chunk(second, 1, 2), chunk(first, 4, 4)];
    let acks = world.store.append(world.agent.id, &chunks).await.unwrap();
    let ack = |lease, stored_seq| LogAck { lease, stored_seq, complete: false };
    assert_eq!(acks, [ack(first, 3), ack(second, 2), ack(first, 4)]);
    for (lease, stored) in [(first, 4), (second, 2)] {
        let attempt = world.store.attempts(lease.execution).await.unwrap().remove(0);
        assert_eq!(attempt.stored_log_seq, stored);
        assert_eq!(seqs(&world, lease).await, (1..=stored).collect::<Vec<_>>());
    }
    assert_eq!(world.store.append(world.agent.id, &[]).await.unwrap(), []);
}

/// Lines do not change the execution's row, so they are in nobody's way.
pub async fn leaves_the_revision<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.execution()).await;
    world.store.append(world.agent.id, &[chunk(lease, 1, 3)]).await.unwrap();
    assert_eq!(world.stored(running.id).await, running);
}

/// Repeated and overlapping chunks add only what is new; the first version of a line stays.
pub async fn repeated_lines_are_kept_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    world.store.append(world.agent.id, &[chunk(lease, 1, 3)]).await.unwrap();
    let other = LogChunk { lease, first_seq: 2, lines: (2..=5).map(|_| sample::line("again")).collect() };
    for (chunk, stored) in
        [(chunk(lease, 1, 3), 3), (chunk(lease, 1, 1), 3), (other, 5), (chunk(lease, 1, 5), 5)]
    {
        let acks = world.store.append(world.agent.id, &[chunk]).await.unwrap();
        assert_eq!(acks, [LogAck { lease, stored_seq: stored, complete: false }]);
    }
    let texts: Vec<_> =
        world.store.read(lease, 0, 10).await.unwrap().into_iter().map(|record| record.line.text).collect();
    assert_eq!(texts, ["line 1", "line 2", "line 3", "again", "again"]);
}

/// A chunk that would leave a gap is not stored; the answer says where to go on; others of the call are kept.
pub async fn a_gap_is_refused<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let chunks = [chunk(lease, 2, 3), chunk(lease, 1, 2), chunk(lease, 4, 9)];
    let acks = world.store.append(world.agent.id, &chunks).await.unwrap();
    assert_eq!(acks.iter().map(|ack| ack.stored_seq).collect::<Vec<_>>(), [0, 2, 2]);
    assert_eq!(seqs(&world, lease).await, [1, 2]);
}

/// Late lines are stored after the attempt ended, was lost, or was followed by another.
pub async fn late_lines_are_kept<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lost) = world.running(world.retried(3)).await;
    world.store.expire(at(61), 10).await.unwrap();
    let acks = world.store.append(world.agent.id, &[chunk(lost, 1, 2)]).await.unwrap();
    assert_eq!(acks, [LogAck { lease: lost, stored_seq: 2, complete: false }]);
    world.store.wake(at(100), 10).await.unwrap();
    let next = world.claim_at(at(100)).await.lease().unwrap();
    world.store.append(world.agent.id, &[chunk(next, 1, 1), chunk(lost, 3, 3)]).await.unwrap();
    world.finish(next, succeeded(), at(101)).await;
    world.store.append(world.agent.id, &[chunk(next, 2, 2)]).await.unwrap();
    assert_eq!(seqs(&world, lost).await, [1, 2, 3]);
    assert_eq!(seqs(&world, next).await, [1, 2]);
}

/// A lease that never was, or another agent's, is stale, and nothing of the call is stored.
pub async fn a_foreign_lease_is_refused<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, mine) = world.running(world.execution()).await;
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let unknown = [Lease { epoch: 2, ..mine }, Lease { execution: ExecutionId::new(), epoch: 1 }];
    for lease in unknown {
        let chunks = [chunk(mine, 1, 2), chunk(lease, 1, 2)];
        assert_stale_lease(world.store.append(world.agent.id, &chunks).await);
    }
    assert_stale_lease(world.store.append(other.id, &[chunk(mine, 1, 2)]).await);
    assert_eq!(seqs(&world, mine).await, [0; 0]);
    assert_eq!(world.store.attempts(mine.execution).await.unwrap()[0].stored_log_seq, 0);
}

/// A log is complete once the finish has told the last line and that line is stored, in either order.
pub async fn completes<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    let append = async |first, last| {
        world.store.append(world.agent.id, &[chunk(lease, first, last)]).await.unwrap()[0].complete
    };
    assert!(!append(1, 2).await);
    let message = FinishAttempt { final_log_seq: 4, ..world.finish_message(lease, failed(), at(2)) };
    world.store.finish(message).await.unwrap();
    assert!(!append(3, 3).await);
    assert!(append(4, 4).await);
    assert!(append(1, 4).await, "a repeated message is told the same");
    assert!(world.store.attempts(lease.execution).await.unwrap()[0].is_log_complete());
}

/// Lines are read in order, after a line, no more than asked.
pub async fn reads_in_order<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(world.execution()).await;
    for first in (1..=250).step_by(50) {
        world.store.append(world.agent.id, &[chunk(lease, first, first + 49)]).await.unwrap();
    }
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let lines = world.store.read(lease, after, 60).await.unwrap();
        let Some(last) = lines.last() else { break };
        assert!(lines.len() == 60 || last.seq == 250);
        after = last.seq;
        read.extend(lines);
    }
    assert!(read.iter().zip(1..).all(|(record, seq)| record.seq == seq), "gapless from 1");
    assert!(read.iter().all(|record| record.line.text == format!("line {}", record.seq)));
    assert_eq!(read.len(), 250);
    assert_eq!(world.store.read(lease, 0, 0).await.unwrap(), []);
    assert_eq!(world.store.read(Lease { epoch: 9, ..lease }, 0, 10).await.unwrap(), []);
}

async fn seqs(world: &World, lease: Lease) -> Vec<u64> {
    let lines = world.store.read(lease, 0, 1_000).await.unwrap();
    lines.into_iter().map(|record| record.seq).collect()
}
