//! Moves the log lines of executions that ended long ago from the database into blobs, one an attempt.
//!
//! First the blob is written, under a name that is used once; then one commit takes the lines out of the database and
//! says where they are. Whatever stops in between leaves the lines where they were, and a blob that the collector
//! removes. Several servers may do it at once: the commit of one of them counts, and the others leave theirs. Readers
//! never see a difference ([`Orchestrator::read_log`]).
//!
//! Lines that come after all that (an agent was away for weeks) are stored as ever, and the next pass archives the whole
//! log anew. The old blob is left to the collector, for the sake of whoever still reads it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use futures_util::{StreamExt as _, stream};

use crate::blob::BlobKey;
use crate::clock::Timestamp;
use crate::domain::{Lease, LogArchive};
use crate::error::{Error, Result};
use crate::id::{ExecutionId, LogArchiveId};
use crate::log_archive::FrameWriter;
use crate::orchestrator::Orchestrator;

/// How often it looks, and how long after a start for the first time.
const EVERY: Duration = Duration::from_secs(600);
/// So many executions are looked at in one question.
const BATCH: u32 = 200;
/// So many lines are read at once.
const PAGE: u32 = 500;

/// The loop that archives.
#[derive(Debug)]
pub struct LogArchiver {
    orchestrator: Orchestrator,
}

impl LogArchiver {
    /// An archiver of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped; does nothing where the operator has no logs archived.
    pub async fn run(self) {
        if self.orchestrator.settings().archive_logs_after.is_none() {
            return;
        }
        loop {
            tokio::time::sleep(EVERY).await;
            match self.archive_due().await {
                Ok(0) => {}
                Ok(archived) => tracing::info!(archived, "logs were archived"),
                Err(error) => {
                    let source = std::error::Error::source(&error);
                    tracing::warn!(%error, source, "logs could not be archived; trying again later");
                }
            }
        }
    }

    /// One pass: archives the lines of every attempt whose execution ended long enough ago. Says of how many.
    ///
    /// # Errors
    /// `Unavailable` if the store or the blobs do not answer.
    pub async fn archive_due(&self) -> Result<u64> {
        let Some(age) = self.orchestrator.settings().archive_logs_after else { return Ok(0) };
        let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
        let Some(ended_by) = self.orchestrator.clock().now().checked_sub_signed(age) else { return Ok(0) };
        let (mut archived, mut after, order) = (0, None, RandomState::new());
        loop {
            let mut found = self.orchestrator.store().archivable_logs(after, ended_by, BATCH).await?;
            // Each server in an order of its own, so that they share the work and are seldom at the same log.
            found.leases.sort_by_cached_key(|lease| order.hash_one(lease));
            for lease in found.leases {
                archived += u64::from(self.archive(lease).await?);
            }
            after = found.next;
            // Ids sort by time: what was asked for later has not ended before.
            if after.is_none_or(|last| asked_at(last).is_some_and(|at| at > ended_by)) {
                return Ok(archived);
            }
        }
    }

    /// Archives the lines that are stored of an attempt by now. False if somebody else was faster, or the log has moved.
    ///
    /// # Errors
    /// `Unavailable` if the store or the blobs do not answer, or if it took too long.
    pub async fn archive(&self, lease: Lease) -> Result<bool> {
        let (store, clock) = (self.orchestrator.store(), self.orchestrator.clock());
        let begun = clock.now();
        let attempts = store.attempts(lease.execution).await?;
        let Some(attempt) = attempts.iter().find(|attempt| attempt.lease == lease) else { return Ok(false) };
        let last_seq = attempt.stored_log_seq;
        let replaced = store.log_archive(lease).await?;
        if replaced.as_ref().map_or(0, |archive| archive.last_seq) >= last_seq {
            return Ok(false);
        }
        let id = LogArchiveId::new();
        let key = BlobKey::log(lease.execution, id);
        let writer = Mutex::new(FrameWriter::default());
        let frames = self.frames(lease, last_seq, &writer);
        let info = self.orchestrator.blobs().put_stream(&key, frames.boxed(), u64::MAX).await?;
        let archive = LogArchive {
            id,
            lease,
            last_seq,
            size: info.size,
            sha256: info.sha256,
            frames: writer.into_inner().unwrap_or_else(PoisonError::into_inner).into_frames(),
            archived_at: clock.now(),
        };
        let taken = (archive.archived_at - begun).to_std().unwrap_or_default();
        if taken > self.orchestrator.settings().blob_deadline() {
            // The blob may count as forgotten by now.
            return Err(Error::unavailable("log.slow", "archiving a log took too long; it is tried again"));
        }
        let is_kept = store.archive_log(archive, replaced.map(|archive| archive.id)).await?;
        if !is_kept {
            self.orchestrator.drop_blob(&key).await;
        }
        Ok(is_kept)
    }

    /// The lines 1 to `last_seq` of an attempt in frames, read page by page.
    fn frames<'a>(
        &'a self,
        lease: Lease,
        last_seq: u64,
        writer: &'a Mutex<FrameWriter>,
    ) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send + 'a {
        stream::try_unfold(0, move |after: u64| async move {
            if after > last_seq {
                return Ok(None);
            }
            let room = u32::try_from(last_seq - after).unwrap_or(u32::MAX).min(PAGE);
            let lines =
                self.orchestrator.read_log(lease, after, room).await.map_err(std::io::Error::other)?;
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            let mut packed = Vec::new();
            for record in &lines {
                packed.extend(writer.push(record).map_err(std::io::Error::other)?.unwrap_or_default());
            }
            let read = lines.last().map_or(after, |record| record.seq);
            if read < last_seq {
                if lines.is_empty() {
                    return Err(std::io::Error::other(format!("line {} is missing", after + 1)));
                }
                return Ok(Some((Bytes::from(packed), read)));
            }
            packed.extend(writer.finish().map_err(std::io::Error::other)?.unwrap_or_default());
            Ok(Some((Bytes::from(packed), last_seq + 1)))
        })
    }
}

/// When an execution was asked for, by its id.
fn asked_at(id: ExecutionId) -> Option<Timestamp> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}
