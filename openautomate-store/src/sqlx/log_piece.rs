//! A chunk of log lines as it is stored: its lines encoded, those that are there already cut off.

use openautomate_core::domain::{Lease, LogChunk, LogLine};
use openautomate_core::error::Error as CoreError;

use super::error::{Error, Result};

/// A chunk with its lines encoded.
#[derive(Clone)]
pub(super) struct LogPiece {
    pub(super) lease: Lease,
    pub(super) first_seq: u64,
    pub(super) count: u64,
    pub(super) lines: String,
}

impl LogPiece {
    /// Encodes the lines of a chunk.
    pub(super) fn of(chunk: &LogChunk) -> Result<Self> {
        Ok(Self {
            lease: chunk.lease,
            first_seq: chunk.first_seq,
            count: chunk.lines.len() as u64,
            lines: encode(&chunk.lines)?,
        })
    }

    /// What of it follows the line `stored`, if there is something and no line between is missing.
    pub(super) fn following(self, stored: u64) -> Result<Option<Self>> {
        let follows = self.first_seq <= stored + 1 && self.first_seq + self.count > stored + 1;
        if follows { self.after(stored).map(Some) } else { Ok(None) }
    }

    /// The number of its last line.
    pub(super) fn last_seq(&self) -> u64 {
        self.first_seq + self.count - 1
    }

    /// Without the lines up to `stored`.
    fn after(mut self, stored: u64) -> Result<Self> {
        let repeated = stored + 1 - self.first_seq;
        if repeated > 0 {
            let lines: Vec<LogLine> = serde_json::from_str(&self.lines).map_err(unencodable)?;
            let skip = usize::try_from(repeated).unwrap_or(usize::MAX);
            self.lines = encode(lines.get(skip..).unwrap_or_default())?;
            self.first_seq += repeated;
            self.count -= repeated;
        }
        Ok(self)
    }
}

fn encode(lines: &[LogLine]) -> Result<String> {
    serde_json::to_string(lines).map_err(unencodable)
}

fn unencodable(error: serde_json::Error) -> Error {
    CoreError::internal("store.encode", "log lines can't be written as they are").with_source(error).into()
}
