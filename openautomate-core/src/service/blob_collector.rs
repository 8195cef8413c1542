//! Removes blobs that nothing refers to: what an interrupted publish left, a replaced artifact, a removed file.
//!
//! Artifacts, archived logs, uploaded files and the contents of objects are named by an id that is used once. One is written first and committed
//! after, within half of the grace period or not at all, so what is older than the grace period and not in the database
//! will never be. Indexes and chunks are shared by versions, those to come too: `blob::retired` says how they are
//! removed without ever losing one. A round may end at any point, and several may go on at once, on several
//! servers: each step is safe by itself.

mod mark;

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::TryStreamExt as _;
use serde::Serialize;

use crate::blob::retired::{restore, retire};
use crate::blob::{BlobName, BlobPrefix, BlobStore, ListedBlob};
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::id::ExecutionId;
use crate::orchestrator::Orchestrator;
use crate::package::signature::PublicKey;
use crate::store::Store;

use mark::Marks;

/// The first round of a server waits, so that one that is started again and again does little else.
const FIRST_AFTER: Duration = Duration::from_secs(600);
/// A blob is removed between one and two grace periods after it was of use; a chunk needs one more.
const ROUNDS_IN_GRACE: u32 = 2;

/// What a round found and did; with a dry run, what it would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionReport {
    /// Blobs that were looked at.
    pub listed: u64,
    /// Indexes and chunks that were replaced by a copy, as nothing refers to them.
    pub retired: u64,
    /// Indexes and chunks that were put back from a copy, as something does.
    pub restored: u64,
    /// Blobs that were removed for good.
    pub removed: u64,
    /// Their sizes together, in bytes.
    pub removed_bytes: u64,
}

/// One round over all blobs.
#[derive(Clone, Copy, Debug)]
pub struct BlobCollection<'a> {
    /// What refers to blobs.
    pub store: &'a dyn Store,
    /// The blobs.
    pub blobs: &'a dyn BlobStore,
    /// Whose the blobs are: the key by which the installation's packages are signed.
    pub owner: PublicKey,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// What is younger is left alone. All servers take the same, or more where they remove.
    pub grace: Duration,
    /// Only looks.
    pub dry_run: bool,
}

impl BlobCollection<'_> {
    /// Removes what nothing refers to. Safe at any time, beside anything that servers do.
    ///
    /// # Errors
    /// `Conflict` with `blob.foreign` if the blobs are another installation's; `NotFound` or `Unavailable` if the
    /// index of a version is gone or damaged: nothing is removed then, as nobody knows what it refers to.
    /// `Unavailable` if the store or the blobs do not answer.
    pub async fn run(self) -> Result<CollectionReport> {
        self.check_owner().await?;
        // In this order: what is old by this time and needed is known to the database when it is asked.
        let old_before = self.old_before();
        let marks = Marks::read(self.store, self.blobs).await?;
        let mut round = Round { collection: self, old_before, marks, report: CollectionReport::default() };
        round.copies().await?;
        round.content(BlobPrefix::Chunks).await?;
        round.content(BlobPrefix::Indexes).await?;
        round.of_executions(BlobPrefix::Artifacts).await?;
        round.of_executions(BlobPrefix::Logs).await?;
        round.files_objects_and_probes().await?;
        Ok(round.report)
    }

    fn old_before(&self) -> Timestamp {
        let grace = TimeDelta::from_std(self.grace).unwrap_or(TimeDelta::MAX);
        self.clock.now().checked_sub_signed(grace).unwrap_or(Timestamp::MIN_UTC)
    }

    /// Two installations that were given one bucket would each take the other's blobs for nobody's.
    async fn check_owner(&self) -> Result<()> {
        let key = BlobName::Owner.key();
        let ours = Bytes::from(self.owner.to_string());
        let Some(mut body) = self.blobs.get(&key).await? else {
            if !self.dry_run {
                self.blobs.put(&key, ours).await?;
            }
            return Ok(());
        };
        let mut found = Vec::new();
        while let Some(piece) = body.stream.try_next().await? {
            found.extend_from_slice(&piece[..piece.len().min(ours.len() + 1)]);
            if found.len() > ours.len() {
                break;
            }
        }
        if found == ours {
            return Ok(());
        }
        let message = "the blobs are another installation's, so none is removed; give each installation a prefix of its own, or delete the object `owner` if they are this one's and its keys were made anew";
        Err(Error::conflict("blob.foreign", message))
    }
}

/// A round under way.
struct Round<'a> {
    collection: BlobCollection<'a>,
    old_before: Timestamp,
    marks: Marks,
    report: CollectionReport,
}

impl Round<'_> {
    fn is_old(&self, blob: &ListedBlob) -> bool {
        blob.written_at < self.old_before
    }

    /// Removes copies that were not missed, and puts those back that are.
    async fn copies(&mut self) -> Result<()> {
        let mut listed = self.collection.blobs.list(&BlobPrefix::Retired);
        while let Some(blob) = listed.try_next().await? {
            self.report.listed += 1;
            let BlobName::Retired { of, .. } = &blob.name else { continue };
            let is_missed = self.marks.refer_to(of) && !self.collection.blobs.contains(&of.key()).await?;
            if is_missed {
                self.report.restored += 1;
                if !self.collection.dry_run && restore(self.collection.blobs, of).await?.is_none() {
                    continue;
                }
            }
            if self.is_old(&blob) {
                self.remove(&blob).await?;
            }
        }
        Ok(())
    }

    /// Replaces indexes or chunks that nothing refers to by copies.
    async fn content(&mut self, prefix: BlobPrefix) -> Result<()> {
        let mut listed = self.collection.blobs.list(&prefix);
        while let Some(blob) = listed.try_next().await? {
            self.report.listed += 1;
            if !self.is_old(&blob) || self.marks.refer_to(&blob.name) {
                continue;
            }
            if self.collection.dry_run
                || retire(self.collection.blobs, &blob.name, self.collection.clock).await?
            {
                self.report.retired += 1;
            }
        }
        Ok(())
    }

    /// Removes what executions left, or the archives of their logs, that no execution has.
    async fn of_executions(&mut self, prefix: BlobPrefix) -> Result<()> {
        let mut listed = self.collection.blobs.list(&prefix);
        let mut of: Option<(ExecutionId, Vec<BlobName>)> = None;
        while let Some(blob) = listed.try_next().await? {
            self.report.listed += 1;
            let (BlobName::Artifact(execution, _) | BlobName::Log(execution, _)) = blob.name else {
                continue;
            };
            if !self.is_old(&blob) {
                continue;
            }
            // Those of an execution come one after the other: the database is asked once.
            let known = match of.take_if(|(last, _)| *last == execution) {
                Some(known) => of.insert(known),
                None => of.insert((execution, self.named(&prefix, execution).await?)),
            };
            if !known.1.contains(&blob.name) {
                self.remove(&blob).await?;
            }
        }
        Ok(())
    }

    /// What the database knows of an execution.
    async fn named(&self, prefix: &BlobPrefix, execution: ExecutionId) -> Result<Vec<BlobName>> {
        let store = self.collection.store;
        if *prefix == BlobPrefix::Logs {
            let ids = store.log_archives(execution).await?;
            return Ok(ids.into_iter().map(|id| BlobName::Log(execution, id)).collect());
        }
        let rows = store.artifacts(execution).await?;
        Ok(rows.into_iter().map(|row| BlobName::Artifact(execution, row.id)).collect())
    }

    /// Removes uploaded files and contents of objects that the database does not know, and what probes left behind. A file that was removed
    /// there is the pruner's.
    async fn files_objects_and_probes(&mut self) -> Result<()> {
        for prefix in [BlobPrefix::InputFiles, BlobPrefix::Objects, BlobPrefix::Probes] {
            let mut listed = self.collection.blobs.list(&prefix);
            while let Some(blob) = listed.try_next().await? {
                self.report.listed += 1;
                let is_needed = match blob.name {
                    _ if !self.is_old(&blob) => true,
                    BlobName::Object(bucket, id) => {
                        let row = self.collection.store.object_by_id(id).await?;
                        row.is_some_and(|row| row.bucket_id == bucket)
                    }
                    BlobName::InputFile(file) => self.collection.store.file(file).await?.is_some(),
                    _ => false,
                };
                if !is_needed {
                    self.remove(&blob).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove(&mut self, blob: &ListedBlob) -> Result<()> {
        if !self.collection.dry_run {
            self.collection.blobs.delete(&blob.name.key()).await?;
        }
        self.report.removed += 1;
        self.report.removed_bytes += blob.size;
        Ok(())
    }
}

/// The loop that collects, one blob after the other.
#[derive(Debug)]
pub struct BlobCollector {
    orchestrator: Orchestrator,
}

impl BlobCollector {
    /// A collector of this orchestrator's blobs.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped; does nothing where the operator keeps all blobs.
    pub async fn run(self) {
        if self.orchestrator.settings().keep_all_blobs {
            return;
        }
        let mut rest = FIRST_AFTER;
        loop {
            tokio::time::sleep(rest).await;
            match self.collect().await {
                Ok(report) => tracing::info!(?report, "blobs that nothing refers to were collected"),
                Err(error) => {
                    let source = std::error::Error::source(&error);
                    tracing::warn!(%error, source, "blobs could not be collected; trying again later");
                }
            }
            rest = self.orchestrator.settings().blob_grace / ROUNDS_IN_GRACE;
        }
    }

    /// One round.
    ///
    /// # Errors
    /// As [`BlobCollection::run`].
    pub async fn collect(&self) -> Result<CollectionReport> {
        let collection = BlobCollection {
            store: self.orchestrator.store(),
            blobs: self.orchestrator.blobs(),
            owner: self.orchestrator.package_key(),
            clock: self.orchestrator.clock(),
            grace: self.orchestrator.settings().blob_grace,
            dry_run: false,
        };
        collection.run().await
    }
}
