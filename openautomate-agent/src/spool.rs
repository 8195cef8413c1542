//! An attempt on disk, until the server has acknowledged it: what was assigned, the log lines, how it ended.
//!
//! One file, one line of JSON each, appended; lines are never changed. The numbers of log lines are given here,
//! from 1. What is waiting to be sent is read back from the file, so a server that is away for hours costs disk
//! and no memory. To make and remove files is what costs a short run most, so there is no second one.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use openautomate_core::domain::{Lease, LogChunk, LogLevel, LogLine, LogStream, RunResult};
use openautomate_core::transport::Assignment;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How much of a log is kept; then one line says so and the rest is dropped.
pub(crate) const MAX_LOG_BYTES: u64 = 100 * 1024 * 1024;
const MAX_CHUNK_LINES: usize = 200;
const MAX_CHUNK_BYTES: u64 = 256 * 1024;
/// How much is on its way before an acknowledgement is waited for. Heartbeats queue behind it: on a slow line
/// a larger window would cost the lease.
const MAX_WINDOW_BYTES: u64 = 1024 * 1024;
const MAX_WINDOW_CHUNKS: usize = 16;

/// The first line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Begin<A> {
    assignment: A,
}

/// The last line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct End<R> {
    result: R,
}

/// What an earlier agent left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) spool: Spool,
    /// How the run ended, if it did.
    pub(crate) result: Option<RunResult>,
}

/// A place in the file: just behind log line `seq`.
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
    file: Option<File>,
    /// Where the log lines begin.
    begin: u64,
    written: Mark,
    acknowledged: Mark,
    /// The ends of the chunks that were sent in this connection and are not acknowledged.
    sent: VecDeque<Mark>,
    limit: u64,
    is_full: bool,
    /// The last line is there: nothing may follow it.
    has_ended: bool,
    /// Lines that the disk did not take since the last one that it took.
    lost: u64,
    /// The file can't be read back: what is in it is given up, so that the end of the run can be told.
    is_broken: bool,
}

impl Spool {
    /// The spool of an attempt of which nothing is on disk.
    pub(crate) fn new(lease: Lease, path: PathBuf) -> Self {
        Self {
            lease,
            path,
            file: None,
            begin: 0,
            written: Mark::default(),
            acknowledged: Mark::default(),
            sent: VecDeque::new(),
            limit: MAX_LOG_BYTES,
            is_full: false,
            has_ended: false,
            lost: 0,
            is_broken: false,
        }
    }

    /// Keeps no more than so many bytes.
    pub(crate) fn keep_at_most(&mut self, bytes: u64) {
        self.limit = self.limit.min(bytes);
    }

    /// Keeps the assignment, as the first line. It outlives the program; a loss of power, once the system has
    /// written it.
    pub(crate) fn begin(&mut self, assignment: &Assignment) -> Result<()> {
        let bytes = self.encode(&Begin { assignment })?;
        self.write(&bytes)?;
        self.begin = bytes.len() as u64;
        self.written.offset = self.begin;
        self.acknowledged = self.written;
        Ok(())
    }

    /// Keeps how it ended, as the last line. It outlives the program; a loss of power after [`sync`](crate::disk::sync).
    pub(crate) fn end(&mut self, result: &RunResult) -> Result<()> {
        let bytes = self.encode(&End { result })?;
        self.write(&bytes)?;
        self.has_ended = true;
        Ok(())
    }

    fn encode(&self, line: &impl Serialize) -> Result<Vec<u8>> {
        let malformed =
            |why: serde_json::Error| Error::Malformed { path: self.path.clone(), why: why.to_string() };
        let mut bytes = serde_json::to_vec(line).map_err(malformed)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whose it is.
    pub(crate) fn lease(&self) -> Lease {
        self.lease
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens what an earlier agent wrote, if it holds a whole assignment; a torn last line, left by a kill, is
    /// cut off.
    pub(crate) fn open(path: PathBuf) -> Result<Option<Left>> {
        let file = OpenOptions::new().read(true).append(true).open(&path);
        let file = file.map_err(Error::io("opened", &path))?;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let count = reader.read_until(b'\n', &mut line).map_err(Error::io("read", &path))?;
        // Without its end a line is torn, even if it can be read.
        let begin = line.strip_suffix(b"\n").map(serde_json::from_slice::<Begin<Assignment>>);
        let Some(Ok(Begin { assignment })) = begin else { return Ok(None) };
        let mut spool = Self::new(assignment.lease, path);
        spool.begin = count as u64;
        spool.acknowledged.offset = spool.begin;
        let (written, result) = rest(&mut reader, spool.acknowledged, &spool.path)?;
        spool.written = written;
        spool.has_ended = result.is_some();
        if !spool.has_ended {
            file.set_len(written.offset).map_err(Error::io("cut", &spool.path))?;
        }
        spool.file = Some(file);
        Ok(Some(Left { spool, result }))
    }

    /// Appends lines and gives them their numbers. Beyond the limit one last line says so. After the end there are
    /// none any more.
    ///
    /// Lines that the disk does not take are lost; the next one that it takes follows a line that says how
    /// many.
    pub(crate) fn append(&mut self, lines: impl IntoIterator<Item = LogLine>) -> Result<()> {
        let mut buffer = Vec::new();
        let (mut end, mut said, mut is_full) = (self.written, 0, self.is_full);
        for line in lines {
            if is_full || self.has_ended {
                break;
            }
            if self.lost > 0 && said == 0 {
                let text =
                    format!("{} lines before this one were lost: the agent's disk took none", self.lost);
                push(&mut buffer, &mut end, &notice(&line, text));
            }
            said += 1;
            if self.written.offset - self.begin + buffer.len() as u64 + line.text.len() as u64 > self.limit {
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

    fn reader_at(&self, mark: Mark) -> Result<BufReader<Reading<'_>>> {
        let mut reader = BufReader::new(match &self.file {
            // What is appended goes to the end of the file, wherever it was read last.
            Some(file) => Reading::Open(file),
            None => Reading::Again(File::open(&self.path).map_err(Error::io("opened", &self.path))?),
        });
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

    /// Closes the file: what ended may wait for a server for hours.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Removes the file.
    pub(crate) fn remove(&mut self) -> Result<()> {
        self.close();
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("removed", &self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// The file that is open, or the same one opened again.
enum Reading<'a> {
    Open(&'a File),
    Again(File),
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Open(file) => file.read(buffer),
            Self::Again(file) => file.read(buffer),
        }
    }
}

impl Seek for Reading<'_> {
    fn seek(&mut self, place: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::Open(file) => file.seek(place),
            Self::Again(file) => file.seek(place),
        }
    }
}

/// The end of the last whole log line, and the result that may follow it.
fn rest(reader: &mut impl BufRead, from: Mark, path: &Path) -> Result<(Mark, Option<RunResult>)> {
    let mut mark = from;
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line).map_err(Error::io("read", path))?;
        if count == 0 || !line.ends_with(b"\n") {
            return Ok((mark, None));
        }
        if serde_json::from_slice::<LogLine>(&line).is_err() {
            let end = serde_json::from_slice::<End<RunResult>>(&line);
            return Ok((mark, end.ok().map(|end| end.result)));
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
