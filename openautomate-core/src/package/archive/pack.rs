//! Packing a folder.

use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use zip::ZipWriter;

use super::{Limits, name, platform, refused};
use crate::error::{Error, Result};
use crate::package::repack;

const SKIPPED_FOLDERS: [&str; 3] = ["__pycache__", ".git", ".venv"];

/// Packs a folder into a zip, the same bytes for the same files on every machine: sorted by path, with one
/// fixed time. Left out are `__pycache__`, `.git`, `.venv` and `*.pyc`.
///
/// It blocks: run it where blocking is allowed.
///
/// # Errors
/// `Invalid` with a code `package.*` for links and for names that [`super::Archive::check`] would refuse, and
/// for folders over the default [`Limits`]; `Internal` if reading fails.
pub fn pack(folder: &Path) -> Result<Vec<u8>> {
    let limits = Limits::default();
    let mut found = Vec::new();
    let mut tree = name::Tree::default();
    collect(folder, "", &limits, &mut found)?;
    found.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    let mut total = 0;
    for file in &found {
        tree.add(&file.path, false)?;
        total += file.size;
    }
    if found.len() > limits.entries || total > limits.unpacked_bytes {
        return Err(refused("package.too_large", "", "would hold too many files or bytes; leave some out"));
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in found {
        let options = repack::options(file.is_executable);
        writer.start_file(file.path.as_str(), options).map_err(|error| pack_failed(&file.source, error))?;
        let mut source = File::open(&file.source).map_err(|error| pack_failed(&file.source, error))?;
        io::copy(&mut source, &mut writer).map_err(|error| pack_failed(&file.source, error))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|error| pack_failed(folder, error))
}

struct Found {
    path: String,
    source: PathBuf,
    size: u64,
    is_executable: bool,
}

fn collect(folder: &Path, prefix: &str, limits: &Limits, found: &mut Vec<Found>) -> Result<()> {
    for item in fs::read_dir(folder).map_err(|error| pack_failed(folder, error))? {
        let item = item.map_err(|error| pack_failed(folder, error))?;
        let source = item.path();
        let Ok(file_name) = item.file_name().into_string() else {
            return Err(refused(
                "package.path",
                &source.to_string_lossy(),
                "has a name that is not UTF-8; rename it",
            ));
        };
        // Of the item itself: a link is not followed.
        let metadata = item.metadata().map_err(|error| pack_failed(&source, error))?;
        let path = format!("{prefix}{file_name}");
        if metadata.is_dir() {
            if !SKIPPED_FOLDERS.contains(&file_name.as_str()) {
                name::check(&path, limits.path_bytes, limits.depth)?;
                collect(&source, &format!("{path}/"), limits, found)?;
            }
        } else if metadata.is_file() {
            if !file_name.ends_with(".pyc") {
                name::check(&path, limits.path_bytes, limits.depth)?;
                let is_executable = platform::is_executable(&metadata);
                found.push(Found { path, source, size: metadata.len(), is_executable });
            }
        } else {
            return Err(refused(
                "package.kind",
                &path,
                "is a link or no ordinary file; replace it by a copy or leave it out",
            ));
        }
    }
    Ok(())
}

fn pack_failed(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("package.io", format!("{} can't be packed", path.display())).with_source(error)
}
