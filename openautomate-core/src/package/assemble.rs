//! Putting the files of a version together from its chunks.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::archive::platform;
use super::chunk::ChunkHash;
use super::index::{IndexFile, PackageIndex};
use super::staging::{Staging, write_failed};
use crate::error::{Error, Result};

/// Writes the files of an index into `dest`, a folder that does not exist yet; its parent does.
///
/// `content` gives the content of a chunk; it is asked for them in order. The files appear at once: a crash
/// leaves at most a folder `.NAME.partial-ID` beside `dest`. They are not synced to disk one by one: after a
/// power cut, put together again what was put together just before. It blocks.
///
/// # Errors
/// Those of `content`; `Conflict` if `dest` exists; `Unavailable` with `chunk.damaged` if a chunk has another
/// size than the index says; `Internal` if the disk refuses.
pub fn assemble(
    index: &PackageIndex,
    dest: &Path,
    content: impl FnMut(&ChunkHash) -> Result<Vec<u8>>,
) -> Result<()> {
    let staging = Staging::beside(dest)?;
    let mut reader = ContentReader::new(index, content);
    for file in index.files() {
        let path = staging.place(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(write_failed)?;
        }
        let mut target = File::create_new(&path).map_err(write_failed)?;
        reader.copy(file, &mut target, write_failed)?;
        if file.executable {
            platform::make_executable(&target).map_err(write_failed)?;
        }
    }
    staging.publish()
}

/// Reads the files of an index one after the other out of its chunks.
pub(super) struct ContentReader<'a, F> {
    chunks: std::slice::Iter<'a, super::index::IndexChunk>,
    content: F,
    /// What is left of the chunk that was begun.
    rest: Vec<u8>,
    /// How much of `rest` was used.
    used: usize,
}

impl<'a, F: FnMut(&ChunkHash) -> Result<Vec<u8>>> ContentReader<'a, F> {
    pub(super) fn new(index: &'a PackageIndex, content: F) -> Self {
        Self { chunks: index.chunks().iter(), content, rest: Vec::new(), used: 0 }
    }

    /// Writes the next file. The files must be asked for in the order of the index.
    pub(super) fn copy(
        &mut self,
        file: &IndexFile,
        target: &mut dyn Write,
        failed: impl Fn(std::io::Error) -> Error,
    ) -> Result<()> {
        let mut left = file.size;
        while left > 0 {
            if self.used == self.rest.len() {
                self.next_chunk()?;
            }
            let fresh = &self.rest[self.used..];
            let count = usize::try_from(left).map_or(fresh.len(), |left| left.min(fresh.len()));
            target.write_all(&fresh[..count]).map_err(&failed)?;
            self.used += count;
            left -= count as u64;
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<()> {
        let damaged =
            || Error::unavailable("chunk.damaged", "the chunks of the package are not those it has");
        let chunk = self.chunks.next().ok_or_else(damaged)?;
        self.rest = (self.content)(&chunk.hash)?;
        self.used = 0;
        if self.rest.len() == chunk.size as usize { Ok(()) } else { Err(damaged()) }
    }
}
