//! Whether an unpacked package still is what was published.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::index::PackageIndex;

use crate::platform::{self, Stamp};

/// What the system says of each file without reading it, in the order of the index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Stamp>);

/// The stamps of all files; `None` if one is missing, is no file, or has another size. Blocks.
pub(super) fn stamps(folder: &Path, index: &PackageIndex) -> Option<Stamps> {
    let stamp = |file: &openautomate_core::package::index::IndexFile| {
        let metadata = std::fs::symlink_metadata(place(folder, &file.path)).ok()?;
        (metadata.is_file() && metadata.len() == file.size).then(|| platform::stamp(&metadata))
    };
    index.files().iter().map(stamp).collect::<Option<_>>().map(Stamps)
}

/// Whether the files hold what the index says, by the hash of each chunk. What else lies in the folder is not
/// looked at. Blocks, and reads all of it.
pub(super) fn is_genuine(folder: &Path, index: &PackageIndex) -> bool {
    let mut content = Content { folder, files: index.files().iter(), open: None };
    let mut buffer = Vec::new();
    index.chunks().iter().all(|chunk| {
        buffer.clear();
        let wanted = u64::from(chunk.size);
        let read = content.by_ref().take(wanted).read_to_end(&mut buffer);
        read.is_ok_and(|count| count as u64 == wanted) && ChunkHash::of(&buffer) == chunk.hash
    })
}

fn place(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.split('/').collect::<PathBuf>())
}

/// The files one after the other, each as long as the index says.
struct Content<'a> {
    folder: &'a Path,
    files: std::slice::Iter<'a, openautomate_core::package::index::IndexFile>,
    open: Option<std::io::Take<File>>,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if let Some(file) = &mut self.open {
                let count = file.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                self.open = None;
            }
            let Some(next) = self.files.next() else { return Ok(0) };
            self.open = Some(File::open(place(self.folder, &next.path))?.take(next.size));
        }
    }
}
