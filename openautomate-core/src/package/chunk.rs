//! Content-defined chunks: the pieces in which the content of packages is kept and moved.
//!
//! Where a chunk ends depends on the bytes before its end and on nothing else (FastCDC, Xia et al. 2020), so
//! that a change in one place leaves the chunks elsewhere as they were, and versions that differ little share
//! nearly all of them. A chunk is named by the SHA-256 of its content and is kept and sent as a zstd frame.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use fastcdc::v2020::FastCDC;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

const MIN_BYTES: usize = 16 * 1024;
const AVERAGE_BYTES: usize = 64 * 1024;
/// No chunk is larger, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// No frame of a chunk is larger, in bytes: what does not compress grows by a few bytes.
pub const MAX_PACKED_BYTES: usize = MAX_BYTES + 4 * 1024;
/// The default of zstd, and a good bargain between time and size.
const ZSTD_LEVEL: i32 = 3;

/// SHA-256 of a chunk's content; shown and written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChunkHash([u8; 32]);

impl ChunkHash {
    /// The name of some content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// Its first eight bytes.
    pub(crate) fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkHash({self})")
    }
}

impl FromStr for ChunkHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if is_lower => Ok(Self(bytes)),
            _ => Err(Error::invalid("chunk.hash", "the name of a chunk is not 64 lower-case hex digits")),
        }
    }
}

impl TryFrom<String> for ChunkHash {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ChunkHash> for String {
    fn from(hash: ChunkHash) -> Self {
        hash.to_string()
    }
}

/// A piece of content, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its name.
    pub hash: ChunkHash,
    /// The size of its content in bytes; at least 1.
    pub size: u32,
    /// The zstd frame.
    pub packed: Bytes,
}

impl Chunk {
    /// Packs a piece of content of at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// `Internal` if zstd fails, which wants memory alone.
    pub fn pack(content: &[u8]) -> Result<Self> {
        let packed = zstd::bulk::compress(content, ZSTD_LEVEL).map_err(|error| {
            Error::internal("chunk.pack", "a chunk of a package can't be compressed").with_source(error)
        })?;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        Ok(Self { hash: ChunkHash::of(content), size, packed: packed.into() })
    }
}

/// The content of a packed chunk, if it is the one that is named. Takes at most [`MAX_BYTES`] of memory,
/// whatever the frame says of itself.
///
/// # Errors
/// `Unavailable` with `chunk.damaged`: what came or was kept is not that chunk; fetch it again.
pub fn unpack(hash: &ChunkHash, packed: &[u8]) -> Result<Vec<u8>> {
    let content = zstd::bulk::decompress(packed, MAX_BYTES).ok();
    content.filter(|content| ChunkHash::of(content) == *hash).ok_or_else(|| {
        Error::unavailable("chunk.damaged", "a chunk of the package is not the one that was published")
    })
}

/// Cuts content that comes bit by bit into chunks.
#[derive(Debug, Default)]
pub struct Chunker {
    buffer: Vec<u8>,
}

impl Chunker {
    /// Takes more content and gives the chunks that are complete by now.
    ///
    /// # Errors
    /// As [`Chunk::pack`], and those of `sink`.
    pub fn push(&mut self, mut content: &[u8], sink: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        while !content.is_empty() {
            let taken = content.len().min(MAX_BYTES - self.buffer.len());
            self.buffer.extend_from_slice(&content[..taken]);
            content = &content[taken..];
            // A cut looks no further than this, so it is the same however the content came.
            if self.buffer.len() == MAX_BYTES {
                self.cut(sink)?;
            }
        }
        Ok(())
    }

    /// Gives the rest.
    ///
    /// # Errors
    /// As [`Chunker::push`].
    pub fn finish(mut self, sink: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        while !self.buffer.is_empty() {
            self.cut(sink)?;
        }
        Ok(())
    }

    fn cut(&mut self, sink: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        let (_, end) =
            FastCDC::new(&self.buffer, MIN_BYTES, AVERAGE_BYTES, MAX_BYTES).cut(0, self.buffer.len());
        sink(Chunk::pack(&self.buffer[..end])?)?;
        self.buffer.drain(..end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that don't repeat, the same each time.
    fn noise(length: usize, mut state: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend_from_slice(&(state ^ (state >> 29)).to_be_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    fn chunks(pieces: &[&[u8]]) -> Vec<Chunk> {
        let (mut chunker, mut found) = (Chunker::default(), Vec::new());
        let mut sink = |chunk| {
            found.push(chunk);
            Ok(())
        };
        for piece in pieces {
            chunker.push(piece, &mut sink).unwrap();
        }
        chunker.finish(&mut sink).unwrap();
        found
    }

    #[test]
    fn chunks_put_together_are_the_content() {
        for length in [0, 1, MIN_BYTES, MAX_BYTES, MAX_BYTES + 1, 1_000_000] {
            let content = noise(length, 7);
            let found = chunks(&[&content]);
            let together: Vec<u8> =
                found.iter().flat_map(|chunk| unpack(&chunk.hash, &chunk.packed).unwrap()).collect();
            assert_eq!(together, content, "{length}");
            assert!(found.iter().all(|chunk| chunk.size > 0 && chunk.packed.len() <= MAX_PACKED_BYTES));
        }
    }

    #[test]
    fn a_small_change_touches_few_chunks() {
        let mut content = noise(8 * 1024 * 1024, 7);
        let before = chunks(&[&content]);
        content.splice(4_000_000..4_000_010, *b"one line more, and longer\n");
        let after = chunks(&[&content]);
        let known: std::collections::HashSet<_> = before.iter().map(|chunk| chunk.hash).collect();
        let new = after.iter().filter(|chunk| !known.contains(&chunk.hash)).count();
        assert!(before.len() > 60, "{}", before.len());
        assert!((1..=3).contains(&new), "{new} of {}", after.len());
    }

    #[test]
    fn what_is_not_the_chunk_is_refused() {
        let chunk = Chunk::pack(b"content").unwrap();
        let other = Chunk::pack(b"other").unwrap();
        let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 3).unwrap();
        let cut = &chunk.packed[..chunk.packed.len() - 1];
        for bad in [&other.packed[..], &bomb, cut, b"", b"garbage"] {
            assert_eq!(unpack(&chunk.hash, bad).unwrap_err().code(), "chunk.damaged");
        }
    }

    #[test]
    fn names_are_lower_case_hex() {
        let hash = ChunkHash::of(b"");
        assert_eq!(hash.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hash.to_string().parse::<ChunkHash>().unwrap(), hash);
        for bad in ["", "../../etc/passwd", &"AB".repeat(32), &"g".repeat(64), &"é".repeat(32)] {
            assert!(bad.parse::<ChunkHash>().is_err(), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn cuts_do_not_depend_on_how_the_content_came(
            length in 0_usize..1_200_000, seed in any::<u64>(), step in 1_usize..400_000,
        ) {
            let content = noise(length, seed);
            let pieces: Vec<&[u8]> = content.chunks(step).collect();
            prop_assert_eq!(chunks(&pieces), chunks(&[&content]));
        }
    }
}
