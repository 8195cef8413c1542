//! Reading log lines, wherever they are by now: in the database, or archived in a blob.

use super::Orchestrator;
use crate::domain::{Lease, LogRecord};
use crate::error::{Error, Result};
use crate::log_archive;

/// An archive that is replaced while it is read is looked for again so often.
const LOOKS: usize = 3;

impl Orchestrator {
    /// Lines of an attempt after the line `after`, in order, without a gap; at most `limit`, and fewer only if no more are
    /// stored. Ask [`Orchestrator::authorize`] first.
    ///
    /// # Errors
    /// `Unavailable` if the store or the blobs do not answer, or the archive is missing or damaged.
    pub async fn read_log(&self, lease: Lease, after: u64, limit: u32) -> Result<Vec<LogRecord>> {
        let mut records: Vec<LogRecord> = Vec::new();
        let mut looks = 0;
        loop {
            let from = records.last().map_or(after, |record| record.seq);
            let room = limit.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX));
            if room == 0 {
                return Ok(records);
            }
            // In this order: what is not in the database any more by the first read is in the archive by the second, as
            // one commit takes it from there to here. Numbers are gapless, so a line is found once, wherever it is.
            let stored = self.store().read(lease, from, room).await?;
            if stored.first().is_some_and(|record| record.seq == from + 1) {
                records.extend(stored);
                return Ok(records);
            }
            let Some(archive) = self.store().log_archive(lease).await?.filter(|found| found.last_seq > from)
            else {
                return Ok(records);
            };
            match log_archive::read(self.blobs(), &archive, from, room as usize).await? {
                Some(lines) => records.extend(lines),
                None if looks < LOOKS => looks += 1,
                None => {
                    let message = format!(
                        "the archived log in the blob {} is missing; put it back from a backup",
                        archive.key()
                    );
                    return Err(Error::unavailable("log.missing", message));
                }
            }
        }
    }
}
