//! What an automation says: lines, numbered per lease, gapless and in order.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::Lease;

/// The longest text of one line in bytes; the rest is cut and marked.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// How severe a line is, in the levels of Python's `logging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// Details for the author.
    Debug,
    /// What happens; also every line of stdout.
    Info,
    /// Something to look at; also every line of stderr.
    Warning,
    /// Something failed.
    Error,
    /// The run can't go on.
    Critical,
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Python's `logging`, with its level, logger and source line.
    Logging,
    /// The agent, about the run itself.
    System,
}

/// One line as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When it was written, by the clock of the agent's machine.
    pub time: Timestamp,
    /// How severe it is.
    pub level: LogLevel,
    /// Where it came from.
    pub stream: LogStream,
    /// The text, without its line end, secrets masked. At most [`MAX_LINE_BYTES`].
    pub text: String,
    /// The name of the Python logger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// `file:line` of the call that logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl LogLine {
    /// A line, cut to [`MAX_LINE_BYTES`] at a character border, with a mark where it was cut.
    #[must_use]
    pub fn new(time: Timestamp, level: LogLevel, stream: LogStream, text: impl Into<String>) -> Self {
        const MARK: &str = "… [line cut]";
        let mut text = text.into();
        if text.len() > MAX_LINE_BYTES {
            let mut end = MAX_LINE_BYTES - MARK.len();
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push_str(MARK);
        }
        Self { time, level, stream, text, logger: None, source: None }
    }
}

/// A numbered line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRecord {
    /// 1, 2, 3 … within one lease.
    pub seq: u64,
    /// The line.
    pub line: LogLine,
}

/// A run of lines that an agent sends and a store keeps whole: `lines[0]` has the number `first_seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogChunk {
    /// Whose lines.
    pub lease: Lease,
    /// The number of the first line, from 1.
    pub first_seq: u64,
    /// The lines, never empty.
    pub lines: Vec<LogLine>,
}

impl LogChunk {
    /// The number of the last line.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.lines.len() as u64 - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let line =
            LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, "ä".repeat(MAX_LINE_BYTES));
        assert!(line.text.len() <= MAX_LINE_BYTES && line.text.ends_with("[line cut]"));
    }
}
