//! A chunk of log lines as it is stored: its lines encoded, those that are there already cut off.

use openautomate_core::domain::{Lease, LogChunk, LogLine, LogRecord};
use openautomate_core::error::Error as CoreError;

use crate::driver::{Columns, Row};
use crate::error::{Error, Result};

/// A chunk with its lines encoded.
#[derive(Clone)]
pub(crate) struct LogPiece {
    pub(crate) lease: Lease,
    pub(crate) first_seq: u64,
    pub(crate) count: u64,
    pub(crate) lines: String,
}

impl LogPiece {
    /// Encodes the lines of a chunk.
    pub(crate) fn of(chunk: &LogChunk) -> Result<Self> {
        Ok(Self {
            lease: chunk.lease,
            first_seq: chunk.first_seq,
            count: chunk.lines.len() as u64,
            lines: encode(&chunk.lines)?,
        })
    }

    /// What of it follows the line `stored`, if there is something and no line between is missing.
    pub(crate) fn following(self, stored: u64) -> Result<Option<Self>> {
        let follows = self.first_seq <= stored + 1 && self.first_seq + self.count > stored + 1;
        if follows { self.after(stored).map(Some) } else { Ok(None) }
    }

    /// The number of its last line.
    pub(crate) fn last_seq(&self) -> u64 {
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

/// The lines of chunks after the line `after`, at most `limit`.
pub(crate) fn records<R: Row>(chunks: &[R], after: u64, limit: usize) -> Result<Vec<LogRecord>> {
    let mut records = Vec::new();
    for row in chunks {
        let columns = Columns::of(row, "log chunk");
        let first = columns.unsigned("first_seq")?;
        let lines: Vec<LogLine> = columns.json("lines")?;
        let numbered = (first..).zip(lines).map(|(seq, line)| LogRecord { seq, line });
        records.extend(numbered.filter(|record| record.seq > after).take(limit - records.len()));
    }
    Ok(records)
}

fn encode(lines: &[LogLine]) -> Result<String> {
    serde_json::to_string(lines).map_err(unencodable)
}

fn unencodable(error: serde_json::Error) -> Error {
    CoreError::internal("store.encode", "log lines can't be written as they are").with_source(error).into()
}
