//! Files of keys: made once, whole, and readable by this user alone.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::secret::Secret;

mod platform;

/// What is in a file of keys.
#[derive(Debug)]
pub enum Read {
    /// There is none.
    Missing,
    /// Others may read it, so it is not believed.
    OpenToOthers,
    /// Its text.
    Text(Secret<String>),
}

/// Reads at most `max_bytes` of a file.
///
/// # Errors
/// As the file system says.
pub fn read(path: &Path, max_bytes: u64) -> io::Result<Read> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::Missing),
        Err(error) => return Err(error),
    };
    if platform::is_open_to_others(&file)? {
        return Ok(Read::OpenToOthers);
    }
    let mut text = String::new();
    file.take(max_bytes).read_to_string(&mut text)?;
    Ok(Read::Text(Secret::new(text)))
}

/// Writes a whole file under another name and links it to its place, so that neither a crash nor another
/// process that does the same leaves half a key or replaces one that is in use. One that is there stays.
///
/// # Errors
/// As the file system says.
pub fn create(path: &Path, text: &Secret<String>) -> io::Result<()> {
    let folder = folder_of(path);
    let staged = staged_in(folder);
    let written = write(&staged, text).and_then(|()| match fs::hard_link(&staged, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // Its name only; the content lives on under the right one.
    let removed = fs::remove_file(&staged);
    written.and(removed)?;
    platform::sync_folder(folder)
}

/// Writes a whole file under another name and puts it into its place, so that neither a crash nor a reader ever meets
/// half of it.
///
/// Those who replace one file must follow one another: what an earlier one left when it was killed is removed.
///
/// # Errors
/// As the file system says.
pub fn replace(path: &Path, text: &Secret<String>) -> io::Result<()> {
    let folder = folder_of(path);
    let prefix = format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            fs::remove_file(entry.path())?;
        }
    }
    let staged = folder.join(format!("{prefix}{}", Uuid::now_v7()));
    let replaced = write(&staged, text).and_then(|()| fs::rename(&staged, path));
    if replaced.is_err() {
        // The failure before counts.
        let _ = fs::remove_file(&staged);
    }
    replaced?;
    platform::sync_folder(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn staged_in(folder: &Path) -> PathBuf {
    folder.join(format!(".key-{}", Uuid::now_v7()))
}

fn write(path: &Path, text: &Secret<String>) -> io::Result<()> {
    let mut file = platform::create_private(path)?;
    file.write_all(text.expose().as_bytes())?;
    file.sync_all()
}
