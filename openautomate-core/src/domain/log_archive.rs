//! Where the lines of an attempt lie that are no longer in the database.

use serde::{Deserialize, Serialize};

use crate::blob::BlobKey;
use crate::clock::Timestamp;
use crate::domain::Lease;
use crate::id::LogArchiveId;

/// The lines 1 to `last_seq` of an attempt, in one blob that never changes. Lines that come later are in the database
/// again, until all of them are archived anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogArchive {
    /// Which; a part of the blob's name, used once.
    pub id: LogArchiveId,
    /// Whose lines.
    pub lease: Lease,
    /// The number of its last line.
    pub last_seq: u64,
    /// The size of the blob in bytes.
    pub size: u64,
    /// SHA-256 of the blob, in lower-case hex.
    pub sha256: String,
    /// Its frames, in order.
    pub frames: Vec<LogFrame>,
    /// When it was made.
    pub archived_at: Timestamp,
}

impl LogArchive {
    /// Where the blob lies.
    #[must_use]
    pub fn key(&self) -> BlobKey {
        BlobKey::log(self.lease.execution, self.id)
    }
}

/// A run of lines in an archive that is read by itself: a zstd frame. It ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64, u32)", into = "(u64, u64, u32)")]
pub struct LogFrame {
    /// The number of its first line.
    pub first_seq: u64,
    /// Where in the blob it begins, in bytes.
    pub offset: u64,
    /// The size of its content, in bytes.
    pub content: u32,
}

impl From<(u64, u64, u32)> for LogFrame {
    fn from((first_seq, offset, content): (u64, u64, u32)) -> Self {
        Self { first_seq, offset, content }
    }
}

impl From<LogFrame> for (u64, u64, u32) {
    fn from(frame: LogFrame) -> Self {
        (frame.first_seq, frame.offset, frame.content)
    }
}
