//! The log lines of an attempt on disk, until the server has acknowledged them.
//!
//! One line of JSON a log line, appended; lines are never changed. Numbers are given here, from 1. What is
//! waiting to be sent is read back from the file, so a server that is away for hours costs disk and no memory.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use openautomate_core::domain::{Lease, LogChunk, LogLevel, LogLine, LogStream};

use crate::error::{Error, Result};

/// How much of a log is kept; then one line says so and the rest is dropped.
pub(crate) const MAX_LOG_BYTES: u64 = 100 * 1024 * 1024;
const MAX_CHUNK_LINES: usize = 200;
const MAX_CHUNK_BYTES: u64 = 256 * 1024;
/// How much is on its way before an acknowledgement is waited for. Heartbeats queue behind it: on a slow line
/// a larger window would cost the lease.
const MAX_WINDOW_BYTES: u64 = 1024 * 1024;
const MAX_WINDOW_CHUNKS: usize = 16;

/// A place in the file: just behind line `seq`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    seq: u64,
    offset: u64,
}

/// The spool of one attempt.
#[derive(Debug)]
pub(crate) struct Spool {
    lease: Lease,
    path: PathBuf,
    /// Made with the first line: most runs of some fleets say nothing.
    file: Option<File>,
    written: Mark,
    acknowledged: Mark,
    /// The ends of the chunks that were sent in this connection and are not acknowledged.
    sent: VecDeque<Mark>,
    limit: u64,
    is_full: bool,
    /// Lines that the disk did not take since the last one that it took.
    lost: u64,
    /// The file can't be read back: what is in it is given up, so that the end of the run can be told.
    is_broken: bool,
}

impl Spool {
    /// The spool of an attempt that has said nothing.
    pub(crate) fn new(lease: Lease, path: PathBuf) -> Self {
        Self {
            lease,
            path,
            file: None,
            written: Mark::default(),
            acknowledged: Mark::default(),
            sent: VecDeque::new(),
            limit: MAX_LOG_BYTES,
            is_full: false,
            lost: 0,
            is_broken: false,
        }
    }

    /// Keeps no more than so many bytes.
    pub(crate) fn keep_at_most(&mut self, bytes: u64) {
        self.limit = self.limit.min(bytes);
    }

    /// Opens the spool that an earlier agent wrote; a torn last line, left by a kill, is cut off.
    pub(crate) fn open(lease: Lease, path: PathBuf) -> Result<Self> {
        let mut spool = Self::new(lease, path);
        match OpenOptions::new().read(true).append(true).open(&spool.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("opened", &spool.path)(error)),
            Ok(file) => {
                spool.written = end(&file, &spool.path)?;
                file.set_len(spool.written.offset).map_err(Error::io("cut", &spool.path))?;
                spool.file = Some(file);
            }
        }
        Ok(spool)
    }

    /// Appends lines and gives them their numbers. Beyond the limit one last line says so.
    ///
    /// Lines that the disk does not take are lost; the next one that it takes follows a line that says how
    /// many.
    pub(crate) fn append(&mut self, lines: impl IntoIterator<Item = LogLine>) -> Result<()> {
        let mut buffer = Vec::new();
        let (mut end, mut said, mut is_full) = (self.written, 0, self.is_full);
        for line in lines {
            if is_full {
                break;
            }
            if self.lost > 0 && said == 0 {
                let text =
                    format!("{} lines before this one were lost: the agent's disk took none", self.lost);
                push(&mut buffer, &mut end, &notice(&line, text));
            }
            said += 1;
            if self.written.offset + buffer.len() as u64 + line.text.len() as u64 > self.limit {
                is_full = true;
                let text = "log limit reached, further output is not kept".to_owned();
                push(&mut buffer, &mut end, &notice(&line, text));
            } else {
                push(&mut buffer, &mut end, &line);
            }
        }
        if buffer.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.write(&buffer) {
            self.lost += said;
            return Err(error);
        }
        (self.lost, self.is_full) = (0, is_full);
        self.written = Mark { seq: end.seq, offset: self.written.offset + buffer.len() as u64 };
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new().create(true).read(true).append(true).open(&self.path);
                none.insert(file.map_err(Error::io("opened", &self.path))?)
            }
        };
        file.write_all(bytes).map_err(|error| {
            // Half a line in the middle of the file would make all that follows unreadable.
            if file.set_len(self.written.offset).is_err() {
                self.is_broken = true;
            }
            Error::io("written", &self.path)(error)
        })
    }

    /// The number of the last line; 0 if there is none.
    pub(crate) fn last_seq(&self) -> u64 {
        self.written.seq
    }

    /// Whether the server has every line that can be told.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.is_broken || self.acknowledged.seq == self.written.seq
    }

    /// Whether every line was sent in this connection.
    pub(crate) fn is_sent(&self) -> bool {
        self.is_broken || self.sent_mark().seq == self.written.seq
    }

    /// The highest line that the server has.
    pub(crate) fn acknowledged_seq(&self) -> u64 {
        self.acknowledged.seq
    }

    /// Whether lines are on their way that are not acknowledged.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.sent.is_empty()
    }

    fn sent_mark(&self) -> Mark {
        self.sent.back().copied().unwrap_or(self.acknowledged)
    }

    /// The next lines to send; `None` if there is none or enough is on its way.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<LogChunk>> {
        let from = self.sent_mark();
        let window = from.offset - self.acknowledged.offset;
        let is_due = from.seq < self.written.seq && !self.is_broken;
        if !is_due || window >= MAX_WINDOW_BYTES || self.sent.len() >= MAX_WINDOW_CHUNKS {
            return Ok(None);
        }
        let (lines, end) = self.read_from(from).inspect_err(|_| self.is_broken = true)?;
        self.sent.push_back(end);
        Ok(Some(LogChunk { lease: self.lease, first_seq: from.seq + 1, lines }))
    }

    fn read_from(&self, from: Mark) -> Result<(Vec<LogLine>, Mark)> {
        let mut reader = self.reader_at(from)?;
        let mut lines = Vec::new();
        let mut end = from;
        let mut text = Vec::new();
        while end.seq < self.written.seq
            && lines.len() < MAX_CHUNK_LINES
            && end.offset - from.offset < MAX_CHUNK_BYTES
        {
            text.clear();
            let count = reader.read_until(b'\n', &mut text).map_err(Error::io("read", &self.path))?;
            let line = serde_json::from_slice(&text);
            let malformed =
                |why: serde_json::Error| Error::Malformed { path: self.path.clone(), why: why.to_string() };
            lines.push(line.map_err(malformed)?);
            end = Mark { seq: end.seq + 1, offset: end.offset + count as u64 };
        }
        Ok((lines, end))
    }

    fn reader_at(&self, mark: Mark) -> Result<BufReader<File>> {
        let file = File::open(&self.path).map_err(Error::io("opened", &self.path))?;
        let mut reader = BufReader::new(file);
        reader.seek(SeekFrom::Start(mark.offset)).map_err(Error::io("read", &self.path))?;
        Ok(reader)
    }

    /// Notes how far the server has the lines. After a restart that may be further than was sent since.
    pub(crate) fn acknowledge(&mut self, seq: u64) {
        while let Some(mark) = self.sent.front().copied().filter(|mark| mark.seq <= seq) {
            self.acknowledged = mark;
            self.sent.pop_front();
        }
        if self.sent.is_empty() && self.acknowledged.seq < seq.min(self.written.seq) {
            match self.mark_of(seq.min(self.written.seq)) {
                Ok(mark) => self.acknowledged = mark,
                Err(error) => tracing::debug!(%error, "known log lines are sent again"),
            }
        }
    }

    fn mark_of(&self, seq: u64) -> Result<Mark> {
        let mut reader = self.reader_at(self.acknowledged)?;
        let mut mark = self.acknowledged;
        while mark.seq < seq {
            let count = reader.skip_until(b'\n').map_err(Error::io("read", &self.path))?;
            mark = Mark { seq: mark.seq + 1, offset: mark.offset + count as u64 };
        }
        Ok(mark)
    }

    /// Begins again after a reconnect: what is not acknowledged will be sent again.
    pub(crate) fn rewind(&mut self) {
        self.sent.clear();
    }

    /// Closes the file, so that it can be removed on any system.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }
}

/// The end of the last whole line.
fn end(file: &File, path: &Path) -> Result<Mark> {
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0)).map_err(Error::io("read", path))?;
    let mut mark = Mark::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line).map_err(Error::io("read", path))?;
        if count == 0 || !line.ends_with(b"\n") || serde_json::from_slice::<LogLine>(&line).is_err() {
            return Ok(mark);
        }
        mark = Mark { seq: mark.seq + 1, offset: mark.offset + count as u64 };
    }
}

/// A line of the agent's own, at the time of another.
fn notice(beside: &LogLine, text: String) -> LogLine {
    LogLine::new(beside.time, LogLevel::Warning, LogStream::System, text)
}

fn push(buffer: &mut Vec<u8>, end: &mut Mark, line: &LogLine) {
    // A LogLine is text and numbers; encoding it can't fail.
    if serde_json::to_writer(&mut *buffer, line).is_ok() {
        buffer.push(b'\n');
        end.seq += 1;
    }
}

#[cfg(test)]
mod tests;
