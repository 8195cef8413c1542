//! Reading archives that come from outside, and making them.
//!
//! An archive is refused whole, with the reason, or taken whole; it is never repaired, and nothing is left
//! behind of one that is refused.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use super::chunk::{Chunk, Chunker};
use super::entrypoint::{Entrypoint, MAX_SOURCE_BYTES};
use super::foreign::{self, Files, Metadata};
use super::index::{IndexChunk, IndexFile, PackageIndex};
use super::manifest::{self, Manifest, Openness};
use super::{inputs, shown};
use crate::error::{Error, Result};

mod directory;
pub(super) mod name;
mod pack;
pub(super) mod platform;
#[cfg(test)]
mod tests;

use directory::Entry;
pub use pack::pack;

const MANIFEST: &str = "pyproject.toml";
const BUFFER: usize = 64 * 1024;

/// What an archive may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of the archive itself.
    pub packed_bytes: u64,
    /// The bytes of all files unpacked.
    pub unpacked_bytes: u64,
    /// The number of files and folders.
    pub entries: usize,
    /// The bytes of one path.
    pub path_bytes: usize,
    /// The names in one path.
    pub depth: usize,
    /// Unpacked to packed bytes, of each file and of the whole; looked at above one mebibyte only.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packed_bytes: 200 * 1024 * 1024,
            unpacked_bytes: 1024 * 1024 * 1024,
            entries: 20_000,
            path_bytes: 240,
            depth: 32,
            ratio: 100,
        }
    }
}

/// An archive that was found good.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its files, sorted by path.
    pub files: Vec<IndexFile>,
    /// The size of the archive in bytes.
    pub packed_bytes: u64,
    /// The size of all files unpacked, in bytes.
    pub unpacked_bytes: u64,
}

/// Archives of packages: zip files with `pyproject.toml` at the top, or what [`super::foreign`] knows.
///
/// The calls block and take up to seconds: run them where blocking is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Archive;

impl Archive {
    /// Reads all of an archive, every file and its checksum, and writes nothing.
    ///
    /// # Errors
    /// `Invalid` with a code `package.*`, naming the entry and the cure. `Internal` if reading fails.
    pub fn check<R: Read + Seek>(reader: R, limits: &Limits) -> Result<Checked> {
        walk(reader, limits, |_, content| read_all(content, |_| Ok(())))
    }

    /// Checks an archive and cuts what it holds into chunks, given to `sink` one by one, in order. Those that
    /// came before an error are of no use.
    ///
    /// # Errors
    /// As [`Archive::check`], and those of `sink`.
    pub fn cut<R: Read + Seek>(
        reader: R,
        limits: &Limits,
        mut sink: impl FnMut(Chunk) -> Result<()>,
    ) -> Result<(Checked, PackageIndex)> {
        let mut chunker = Chunker::default();
        let mut chunks: Vec<IndexChunk> = Vec::new();
        let mut keep = |chunk: Chunk| {
            chunks.push(IndexChunk::from(&chunk));
            sink(chunk)
        };
        let checked =
            walk(reader, limits, |_, content| read_all(content, |part| chunker.push(part, &mut keep)))?;
        chunker.finish(&mut keep)?;
        let index = PackageIndex::new(checked.files.clone(), chunks);
        Ok((checked, index))
    }
}

type Sink<'s> = dyn FnMut(&Entry, &mut dyn Read) -> Result<u64> + 's;

fn walk<R: Read + Seek>(
    mut reader: R,
    limits: &Limits,
    mut sink: impl FnMut(&Entry, &mut dyn Read) -> Result<u64>,
) -> Result<Checked> {
    let length = reader.seek(SeekFrom::End(0)).map_err(read_failed)?;
    if length > limits.packed_bytes {
        let why = format!("is larger than {} bytes; leave large files out", limits.packed_bytes);
        return Err(refused("package.too_large", "", &why));
    }
    let entries = directory::read(&mut reader, length, limits)?;
    // No search for a start: the directory was found to begin counting at byte 0.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut zip = ZipArchive::with_config(config, reader).map_err(|error| damaged("", error))?;
    if zip.len() != entries.len() {
        return Err(refused("package.format", "", "may be read in two ways; pack it again"));
    }
    let (mut manifest, mut notices) = read_manifest(&mut zip, &entries)?;
    if let Some(entrypoint) = check_entrypoint(&mut zip, &entries, &manifest)? {
        let mut files = Packed { zip: &mut zip, entries: &entries };
        let pyproject = files.text(MANIFEST, manifest::MAX_BYTES)?.unwrap_or_default();
        let signature = inputs::read(&mut files, &entrypoint, &pyproject)?;
        manifest.inputs = signature.schema;
        notices.extend(signature.notices);
    }
    manifest.notices = notices;
    // In the order of the paths, which is the order in which contents are cut into chunks.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by(|left, right| entries[*left].path.cmp(&entries[*right].path));
    for index in order {
        read_entry(&mut zip, index, &entries[index], &mut sink)?;
    }
    let mut files: Vec<IndexFile> = entries
        .into_iter()
        .filter(|entry| !entry.is_folder)
        .map(|entry| IndexFile { path: entry.path, size: entry.size, executable: entry.is_executable })
        .collect();
    files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    let unpacked_bytes = files.iter().map(|file| file.size).sum();
    Ok(Checked { manifest, files, packed_bytes: length, unpacked_bytes })
}

/// Reads one entry to its end, so that its checksum is verified, and holds it to the size it announced.
fn read_entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    entry: &Entry,
    sink: &mut Sink<'_>,
) -> Result<()> {
    let mut file = zip.by_index(index).map_err(|error| damaged(&entry.path, error))?;
    if file.header_start() != entry.header_start || file.size() != entry.size {
        return Err(refused("package.format", &entry.path, "may be read in two ways; pack it again"));
    }
    // One byte more than announced, to see whether there is more; a reader that stops short is seen as well.
    let mut limited = Entered { path: &entry.path, left: entry.size, inner: &mut file };
    if sink(entry, &mut limited)? != entry.size {
        return Err(refused("package.header", &entry.path, "is shorter than it says; pack it again"));
    }
    Ok(())
}

/// A reader that fails once it gave more than the entry announced.
struct Entered<'a> {
    path: &'a str,
    left: u64,
    inner: &'a mut dyn Read,
}

impl Read for Entered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count =
            self.inner.read(buffer).map_err(|error| io::Error::other(damaged(self.path, error.into())))?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let error = refused("package.bomb", self.path, "is larger than it says; pack it again");
                return Err(io::Error::other(error));
            }
        }
        Ok(count)
    }
}

/// Reads to the end and hands on each part; gives the bytes read.
fn read_all(content: &mut dyn Read, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<u64> {
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        let count = content.read(&mut buffer).map_err(read_failed)?;
        if count == 0 {
            return Ok(total);
        }
        each(&buffer[..count])?;
        total += count as u64;
    }
}

fn read_text<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entries: &[Entry],
    path: &str,
    most: u64,
) -> Result<Option<Vec<u8>>> {
    let found = entries.iter().enumerate().find(|(_, entry)| !entry.is_folder && entry.path == path);
    let Some((index, entry)) = found else { return Ok(None) };
    if entry.size > most {
        let why = format!("is larger than {most} bytes; shorten it");
        return Err(refused("package.too_large", path, &why));
    }
    let mut text = Vec::new();
    read_entry(zip, index, entry, &mut |_, content| {
        read_all(content, |part| {
            text.extend_from_slice(part);
            Ok(())
        })
    })?;
    Ok(Some(text))
}

/// The files of an archive, as the reading of foreign packages wants them.
struct Packed<'a, R> {
    zip: &'a mut ZipArchive<R>,
    entries: &'a [Entry],
}

impl<R: Read + Seek> Files for Packed<'_, R> {
    fn names(&self) -> Vec<String> {
        self.entries.iter().filter(|entry| !entry.is_folder).map(|entry| entry.path.clone()).collect()
    }

    fn bytes(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        read_text(self.zip, self.entries, name, most)
    }
}

fn read_manifest<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entries: &[Entry],
) -> Result<(Manifest, Vec<String>)> {
    let mut files = Packed { zip, entries };
    let text = files.text(MANIFEST, manifest::MAX_BYTES)?;
    let openness = text.as_deref().map_or(Ok(Openness::All), Manifest::openness)?;
    if let (Some(text), Openness::Nothing) = (&text, openness) {
        return Ok((Manifest::parse(text, None)?, Vec::new()));
    }
    let mut found = foreign::find(&mut files)?;
    let notices = std::mem::take(&mut found.notices);
    if let Some(text) = &text {
        // Whoever has settings would have said so; a robot always expects it.
        found.runs_in_package &= found.robot.is_some() || openness == Openness::All;
        return Ok((Manifest::parse_over(text, found)?, notices));
    }
    let Some(entrypoint) = found.entrypoint.clone() else { return Err(no_entrypoint(entries)) };
    let metadata = match files.bytes(&entrypoint, MAX_SOURCE_BYTES)? {
        Some(source) if found.robot.is_none() => {
            Metadata::of(&entrypoint, &String::from_utf8_lossy(&source))?
        }
        _ => None,
    };
    let Some(metadata) = metadata else { return Ok((Manifest::parse_over("", found)?, notices)) };
    let manifest = Manifest::parse_over(&metadata.pyproject, found).map_err(|error| {
        let place = format!("; it is read from the metadata in {}", shown(&entrypoint));
        Error::new(error.kind(), error.code(), format!("{}{place}", error.message()))
    })?;
    Ok((manifest, notices))
}

fn no_entrypoint(entries: &[Entry]) -> Error {
    let below = entries.iter().find(|entry| entry.path.ends_with(&format!("/{MANIFEST}")));
    let hint = below.map_or_else(String::new, |entry| {
        format!(" (it has {}: pack what is in that folder, not the folder)", shown(&entry.path))
    });
    Error::invalid(
        "package.manifest",
        format!("the archive has neither pyproject.toml nor a single script at its top; add one{hint}"),
    )
}

/// Checks that the archive has its entry point; `None` if its runtime is another than Python.
fn check_entrypoint<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entries: &[Entry],
    manifest: &Manifest,
) -> Result<Option<Entrypoint>> {
    let Some(text) = manifest.entrypoint.as_deref().filter(|_| manifest.runtime == manifest::PYTHON) else {
        return Ok(None);
    };
    let entrypoint = Entrypoint::parse(text)?;
    for path in entrypoint.candidates() {
        if let Some(source) = read_text(zip, entries, &path, MAX_SOURCE_BYTES)? {
            entrypoint.check_source(&path, &String::from_utf8_lossy(&source))?;
            return Ok(Some(entrypoint));
        }
    }
    Err(Error::invalid(
        "package.entrypoint",
        format!(
            "the archive does not hold the entry point {}; add the file at its top or in src, or correct \
             tool.openautomate.entrypoint in pyproject.toml",
            shown(text)
        ),
    ))
}

/// The refusal of an entry, or of the whole archive if `path` is empty.
fn refused(code: &'static str, path: &str, why: &str) -> Error {
    if path.is_empty() {
        return Error::invalid(code, format!("the archive {why}"));
    }
    Error::invalid(code, format!("the entry {} of the archive {why}", shown(path)))
}

fn not_a_zip() -> Error {
    refused("package.format", "", "is not a zip file; send one")
}

fn damaged(path: &str, error: ZipError) -> Error {
    refused("package.damaged", path, "is damaged; pack it again and send it again").with_source(error)
}

/// An error of reading: what [`Entered`] said, or the disk's.
fn read_failed(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::internal("package.io", "the archive can't be read").with_source(error),
    }
}
