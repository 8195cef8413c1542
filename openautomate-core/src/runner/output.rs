//! Turns the bytes that a process writes into lines, whatever it writes.

use crate::clock::{Clock, SystemClock};
use crate::domain::{LogLevel, LogLine, LogStream, MAX_LINE_BYTES};
use crate::runner::process::Source;

/// How much of one stream is taken before the others get their turn.
const FILL: usize = 64 * 1024;

/// Cuts bytes into lines. Holds at most one line of [`MAX_LINE_BYTES`]: the rest of a longer one is dropped
/// as it comes, and the line bears a mark.
///
/// Bytes that are no UTF-8 become U+FFFD; a `CR` before the end of a line is no part of it.
#[derive(Debug, Default)]
pub struct LineAssembler {
    line: Vec<u8>,
}

impl LineAssembler {
    /// An assembler with an empty line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes and gives every line that they complete to `each`.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(String)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            // Two bytes beyond the limit: one for a CR that goes, one so that the cut is noticed.
            let room = (MAX_LINE_BYTES + 2).saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if is_whole {
                each(self.take());
            }
        }
    }

    /// The last line, if it had no end.
    pub fn finish(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let text = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        text
    }
}

/// One output stream of a process.
#[derive(Debug)]
pub(crate) struct Stream {
    source: Source,
    stream: LogStream,
    lines: LineAssembler,
    /// Read, and not yet made lines of.
    pending: Vec<u8>,
    /// How many bytes were made lines of.
    taken: u64,
    /// Whether others than the process that counts its own bytes write to it too.
    is_shared: bool,
    has_ended: bool,
}

impl Stream {
    pub(crate) fn new(source: Source, stream: LogStream) -> Self {
        Self {
            source,
            stream,
            lines: LineAssembler::new(),
            pending: Vec::new(),
            taken: 0,
            is_shared: false,
            has_ended: false,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Waits until there is something to read; for ever after the end. Cancel safe.
    pub(crate) async fn ready(&mut self) {
        if self.has_ended {
            std::future::pending::<()>().await;
        }
        self.source.ready().await;
    }

    /// Reads what there is at this moment, within a bound.
    pub(crate) fn fill(&mut self) {
        let mut buffer = [0; 16 * 1024];
        while !self.has_ended && self.pending.len() < FILL {
            match self.source.read_now(&mut buffer) {
                None => return,
                Some(0) => self.has_ended = true,
                Some(count) => self.pending.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// How much was read altogether.
    pub(crate) fn position(&self) -> u64 {
        self.taken + self.pending.len() as u64
    }

    /// Whether something was read and not yet made lines of.
    pub(crate) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Makes lines of what was read up to a position.
    pub(crate) fn take_to(&mut self, position: u64, lines: &mut Vec<LogLine>) {
        let count = position.saturating_sub(self.taken);
        self.take(usize::try_from(count).unwrap_or(usize::MAX), lines);
    }

    /// Makes lines of all that was read.
    pub(crate) fn take_all(&mut self, lines: &mut Vec<LogLine>) {
        self.take(usize::MAX, lines);
    }

    /// Makes lines of what the process had written when it had written `count` bytes itself.
    ///
    /// Others may write to the same stream: a child, or the process past its own counter. What was taken
    /// before the process says `count` was written before that, so an excess is theirs. From then on the
    /// count says too little, and all that can be read goes first: what was printed before a record stays
    /// before it, and what was printed right after it may come before it too.
    pub(crate) fn take_until(&mut self, count: u64, lines: &mut Vec<LogLine>) {
        self.is_shared |= self.taken > count;
        if self.is_shared {
            self.fill();
            self.take_all(lines);
        }
        while self.taken < count {
            if self.pending.is_empty() {
                self.fill();
            }
            if self.pending.is_empty() {
                return;
            }
            self.take(usize::try_from(count - self.taken).unwrap_or(usize::MAX), lines);
        }
    }

    /// The last line, if it had no end.
    pub(crate) fn finish(&mut self, lines: &mut Vec<LogLine>) {
        self.take_all(lines);
        if let Some(text) = self.lines.finish() {
            lines.push(line(self.stream, text));
        }
    }

    fn take(&mut self, at_most: usize, lines: &mut Vec<LogLine>) {
        let count = at_most.min(self.pending.len());
        let stream = self.stream;
        self.lines.push(&self.pending[..count], |text| lines.push(line(stream, text)));
        self.pending.drain(..count);
        self.taken += count as u64;
    }
}

/// A line of a stream, written now.
pub(crate) fn line(stream: LogStream, text: String) -> LogLine {
    let level = if stream == LogStream::Stderr { LogLevel::Warning } else { LogLevel::Info };
    LogLine::new(SystemClock.now(), level, stream, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut assembler = LineAssembler::new();
        let mut lines = Vec::new();
        for part in parts {
            assembler.push(part, |line| lines.push(line));
        }
        lines.extend(assembler.finish());
        lines
    }

    #[test]
    fn lines_are_put_together() {
        assert_eq!(lines(&[b"on", b"e\ntwo\r", b"\n\nlast"]), ["one", "two", "", "last"]);
        assert_eq!(lines(&[b"\xc3", b"\xa4\n\xff\n"]), ["\u{e4}", "\u{fffd}"]);
        assert_eq!(lines(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_is_whole() {
        let long = vec![b'x'; 3 * MAX_LINE_BYTES];
        let lines = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(lines[0].len(), MAX_LINE_BYTES + 2);
        assert_eq!(lines[1], "next");
        assert!(line(LogStream::Stdout, lines[0].clone()).text.ends_with("[line cut]"));
    }

    #[test]
    fn a_line_of_just_the_limit_is_whole() {
        let mut text = vec![b'x'; MAX_LINE_BYTES];
        text.extend_from_slice(b"\r\n");
        assert_eq!(lines(&[&text])[0].len(), MAX_LINE_BYTES);
    }

    proptest! {
        #[test]
        fn the_cuts_between_reads_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            let parts: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(lines(&parts), lines(&[&bytes]));
        }
    }
}
