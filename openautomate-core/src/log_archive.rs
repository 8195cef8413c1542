//! How log lines lie in a blob: frames of zstd, one after the other, each of some hundred lines.
//!
//! A frame is read by itself, so a page in the middle of a long log is some 50 KiB and not the whole of it. Which frame
//! holds which lines stands in the database ([`LogArchive::frames`]), with the size of its content, so that reading one
//! takes no more memory than writing it did. The lines are in the encoding of the database: a list in JSON.

use bytes::Bytes;

use crate::blob::BlobStore;
use crate::domain::{LogArchive, LogFrame, LogLine, LogRecord};
use crate::error::{Error, Result};

/// A frame ends after the line with which its content reaches so many bytes,
const FRAME_BYTES: usize = 256 * 1024;
/// or so many lines.
const FRAME_LINES: u64 = 1_000;
/// So much of a blob is read at once, unless one frame is larger.
const READ_BYTES: u64 = 4 * 1024 * 1024;
/// The default of zstd, and a good bargain between time and size.
const ZSTD_LEVEL: i32 = 3;

/// Makes frames of lines.
#[derive(Debug, Default)]
pub(crate) struct FrameWriter {
    frames: Vec<LogFrame>,
    offset: u64,
    content: Vec<u8>,
    first_seq: u64,
    lines: u64,
}

impl FrameWriter {
    /// Takes the next line; gives a frame if one is full.
    ///
    /// # Errors
    /// `Internal` if the line can't be encoded, or zstd fails, which wants memory alone.
    pub(crate) fn push(&mut self, record: &LogRecord) -> Result<Option<Bytes>> {
        if self.lines == 0 {
            self.first_seq = record.seq;
        }
        self.content.push(if self.lines == 0 { b'[' } else { b',' });
        serde_json::to_writer(&mut self.content, &record.line).map_err(unwritable)?;
        self.lines += 1;
        if self.content.len() >= FRAME_BYTES || self.lines >= FRAME_LINES { self.finish() } else { Ok(None) }
    }

    /// The last frame, if there are lines left for one.
    ///
    /// # Errors
    /// `Internal` if zstd fails.
    pub(crate) fn finish(&mut self) -> Result<Option<Bytes>> {
        if self.lines == 0 {
            return Ok(None);
        }
        self.content.push(b']');
        let packed = compress(&self.content).map_err(unwritable)?;
        let content = u32::try_from(self.content.len()).map_err(unwritable)?;
        self.frames.push(LogFrame { first_seq: self.first_seq, offset: self.offset, content });
        self.offset += packed.len() as u64;
        self.content.clear();
        self.lines = 0;
        Ok(Some(packed.into()))
    }

    /// The frames that were made.
    pub(crate) fn into_frames(self) -> Vec<LogFrame> {
        self.frames
    }
}

fn compress(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    // What was damaged in the storage shows when it is read.
    compressor.include_checksum(true)?;
    compressor.compress(content)
}

fn unwritable(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("log.archive", "log lines can't be archived as they are").with_source(source)
}

/// Lines of an archive after the line `after`, at most `limit`; fewer where they are long, but one at least if there is
/// one. `None` if the blob is not there.
///
/// # Errors
/// `Unavailable` if the blobs do not answer, or the archive is damaged.
pub(crate) async fn read(
    blobs: &dyn BlobStore,
    archive: &LogArchive,
    after: u64,
    limit: usize,
) -> Result<Option<Vec<LogRecord>>> {
    let last = archive.last_seq.min(after.saturating_add(limit as u64));
    let frames = &archive.frames;
    let before = |seq: u64| frames.partition_point(|frame| frame.first_seq <= seq);
    let (first, mut end) = (before(after.saturating_add(1)).saturating_sub(1), before(last));
    if last <= after || end <= first {
        return Ok(Some(Vec::new()));
    }
    let end_of = |index: usize| frames.get(index + 1).map_or(archive.size, |next| next.offset);
    let start = frames[first].offset;
    while end > first + 1 && end_of(end - 1).saturating_sub(start) > READ_BYTES {
        end -= 1;
    }
    let Some(bytes) = blobs.get_range(&archive.key(), start..end_of(end - 1)).await? else { return Ok(None) };
    let mut records = Vec::new();
    for (index, frame) in frames.iter().enumerate().take(end).skip(first) {
        let part = |offset: u64| usize::try_from(offset.checked_sub(start)?).ok();
        let packed = part(frame.offset).zip(part(end_of(index))).and_then(|(from, to)| bytes.get(from..to));
        let lines = packed.and_then(|packed| unpack(frame, packed)).ok_or_else(|| damaged(archive))?;
        let next = frames.get(index + 1).map_or(archive.last_seq + 1, |next| next.first_seq);
        if frame.first_seq + lines.len() as u64 != next {
            return Err(damaged(archive));
        }
        let numbered = (frame.first_seq..).zip(lines).map(|(seq, line)| LogRecord { seq, line });
        records.extend(numbered.filter(|record| (after + 1..=last).contains(&record.seq)));
    }
    Ok(Some(records))
}

fn unpack(frame: &LogFrame, packed: &[u8]) -> Option<Vec<LogLine>> {
    let size = frame.content as usize;
    let content = zstd::bulk::decompress(packed, size).ok().filter(|content| content.len() == size)?;
    serde_json::from_slice(&content).ok()
}

fn damaged(archive: &LogArchive) -> Error {
    let message =
        format!("the archived log in the blob {} is damaged; put it back from a backup", archive.key());
    Error::unavailable("log.damaged", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::ObjectBlobStore;
    use crate::clock::{Clock as _, SystemClock};
    use crate::domain::{Lease, LogLevel, LogStream};
    use crate::id::{ExecutionId, LogArchiveId};

    fn record(seq: u64, text: String) -> LogRecord {
        LogRecord { seq, line: LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text) }
    }

    async fn archived(blobs: &ObjectBlobStore, records: &[LogRecord]) -> LogArchive {
        let (mut writer, mut blob) = (FrameWriter::default(), Vec::new());
        for record in records {
            blob.extend(writer.push(record).unwrap().unwrap_or_default());
        }
        blob.extend(writer.finish().unwrap().unwrap_or_default());
        let archive = LogArchive {
            id: LogArchiveId::new(),
            lease: Lease { execution: ExecutionId::new(), epoch: 1 },
            last_seq: records.len() as u64,
            size: blob.len() as u64,
            sha256: String::new(),
            frames: writer.into_frames(),
            archived_at: SystemClock.now(),
        };
        blobs.put(&archive.key(), blob.into()).await.unwrap();
        archive
    }

    #[tokio::test]
    async fn pages_from_any_line_are_what_was_written() {
        let blobs = ObjectBlobStore::memory();
        // Short lines fill frames by their number, long ones by their size.
        let text = |seq: u64| if seq < 2_500 { format!("line {seq}") } else { "x".repeat(60_000) };
        let records: Vec<_> = (1..=2_530).map(|seq| record(seq, text(seq))).collect();
        let archive = archived(&blobs, &records).await;
        assert!((5..=12).contains(&archive.frames.len()), "{:?}", archive.frames);
        for (after, limit) in [(0, 1), (0, 999), (999, 2), (1_000, 1), (500, 1_700), (2_498, 40), (2_529, 9)]
        {
            let (mut found, mut from) = (Vec::new(), after);
            while found.len() < limit {
                let page = read(&blobs, &archive, from, limit - found.len()).await.unwrap().unwrap();
                let Some(last) = page.last() else { break };
                from = last.seq;
                found.extend(page);
            }
            let end = records.len().min(usize::try_from(after).unwrap() + limit);
            assert_eq!(found, records[usize::try_from(after).unwrap()..end], "{limit} after {after}");
        }
        for (after, limit) in [(2_530, 10), (u64::MAX, 10), (7, 0)] {
            assert_eq!(read(&blobs, &archive, after, limit).await.unwrap(), Some(Vec::new()));
        }
    }

    #[tokio::test]
    async fn what_is_missing_or_damaged_is_told_apart() {
        let blobs = ObjectBlobStore::memory();
        let records: Vec<_> = (1..=10).map(|seq| record(seq, "text".into())).collect();
        let archive = archived(&blobs, &records).await;
        let gone = LogArchive { id: LogArchiveId::new(), ..archive.clone() };
        assert_eq!(read(&blobs, &gone, 0, 5).await.unwrap(), None);
        let size = usize::try_from(archive.size).unwrap();
        let mut wrong = vec![
            LogArchive { last_seq: 11, ..archive.clone() },
            LogArchive { size: archive.size - 1, ..archive.clone() },
        ];
        wrong[1].frames[0].content += 1;
        for archive in &wrong {
            assert_eq!(read(&blobs, archive, 0, 5).await.unwrap_err().code(), "log.damaged");
        }
        for content in [vec![0; size], vec![0; size / 2], Vec::new()] {
            blobs.put(&archive.key(), content.into()).await.unwrap();
            assert!(read(&blobs, &archive, 0, 5).await.is_err());
        }
    }
}
