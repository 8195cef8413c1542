//! Making a zip of a version again, for those who download it.

use std::io::{self, Write};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::assemble::ContentReader;
use super::chunk::ChunkHash;
use super::index::PackageIndex;
use crate::error::{Error, Result};

/// Writes a zip with the files of an index, as it comes, with bounded memory. One release makes the same bytes
/// for the same index: sorted by path, with one fixed time. It blocks.
///
/// # Errors
/// Those of `content`, which is asked for the chunks in order; `Unavailable` if `target` takes no more.
pub fn repack(
    index: &PackageIndex,
    target: impl Write,
    content: impl FnMut(&ChunkHash) -> Result<Vec<u8>>,
) -> Result<()> {
    let mut reader = ContentReader::new(index, content);
    let mut writer: ZipWriter<StreamWriter<_>> = ZipWriter::new_stream(target);
    for file in index.files() {
        writer
            .start_file(file.path.as_str(), options(file.executable))
            .map_err(|error| failed(error.into()))?;
        reader.copy(file, &mut writer, failed)?;
    }
    let mut target = writer.finish().map_err(|error| failed(error.into()))?;
    target.flush().map_err(failed)
}

/// How a file stands in every zip that is made here.
pub(super) fn options(executable: bool) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(if executable { 0o755 } else { 0o644 })
}

fn failed(error: io::Error) -> Error {
    Error::unavailable("package.repack", "the archive can't be made or sent to its end").with_source(error)
}
