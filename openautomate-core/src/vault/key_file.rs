//! The file of the keys: a line `ID HEX` each, `#` begins a comment.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::path::Path;

use super::{KEY_BYTES, KeyRing, random};
use crate::error::{Error, Result};
use crate::private_file;
use crate::secret::Secret;

const MAX_BYTES: u64 = 64 * 1024;

pub(super) fn open_or_create(path: &Path) -> Result<KeyRing> {
    if let Some(ring) = open(path)? {
        return Ok(ring);
    }
    create(path).map_err(|error| failed(path, "made", error))?;
    // Read back: what counts is what the next start will find, and another process may have been faster.
    open(path)?.ok_or_else(|| failed(path, "read", io::ErrorKind::NotFound.into()))
}

pub(super) fn open(path: &Path) -> Result<Option<KeyRing>> {
    let Some(text) = text(path)? else { return Ok(None) };
    KeyRing::read(&origin(path), &text).map(Some)
}

/// Adds a new random key that wraps from now on, numbered higher than `used` and every key of the file.
pub(super) fn add(path: &Path, used: u32) -> Result<u32> {
    let mut made = 0;
    change(path, |ring, text| {
        made = ring.current().max(used) + 1;
        let key = Secret::new(hex::encode(Secret::new(random::<KEY_BYTES>()?).expose()));
        let before = text.expose().trim_end_matches(['\n', '\r']);
        Ok(Secret::new(format!("{before}\n{made} {}\n", key.expose())))
    })?;
    Ok(made)
}

/// Takes a key out that does not wrap.
pub(super) fn remove(path: &Path, id: u32) -> Result<()> {
    change(path, |ring, text| {
        if !ring.contains(id) {
            return Err(Error::not_found("key of the vault", id));
        }
        if ring.current() == id {
            let message = format!("the key {id} is the newest, which seals; rotate first");
            return Err(Error::conflict("vault.key_in_use", message));
        }
        let mut kept = String::with_capacity(text.expose().len());
        for line in text.expose().lines() {
            let parts = line.split(',').filter(|part| number(part) != Some(id));
            let parts: Vec<_> = parts.collect();
            if line.trim().is_empty() || !parts.is_empty() {
                kept.push_str(&parts.join(","));
                kept.push('\n');
            }
        }
        Ok(Secret::new(kept))
    })
}

/// The number of the key in a line, or between two commas of it.
fn number(part: &str) -> Option<u32> {
    let part = part.trim();
    if part.is_empty() || part.starts_with('#') {
        return None;
    }
    part.split_once(char::is_whitespace).map_or(Some(1), |(id, _)| id.parse().ok())
}

/// Puts another text into the place of the file, whole: whoever reads finds the one or the other. Those who change it at
/// once follow one another.
fn change(path: &Path, make: impl FnOnce(&KeyRing, &Secret<String>) -> Result<Secret<String>>) -> Result<()> {
    let changed = |error| failed(path, "changed", error);
    let lock_path = path.with_extension("lock");
    let lock = File::options().create(true).append(true).open(&lock_path).map_err(changed)?;
    lock.lock().map_err(changed)?;
    let missing = || failed(path, "read", io::ErrorKind::NotFound.into());
    let before = text(path)?.ok_or_else(missing)?;
    let ring = KeyRing::read(&origin(path), &before)?;
    let after = make(&ring, &before)?;
    // What is not read back as keys never gets to the place of those that are.
    KeyRing::read(&origin(path), &after)?;
    private_file::replace(path, &after).map_err(changed)
}

fn text(path: &Path) -> Result<Option<Secret<String>>> {
    match private_file::read(path, MAX_BYTES).map_err(|error| failed(path, "read", error))? {
        private_file::Read::Missing => Ok(None),
        private_file::Read::OpenToOthers => {
            let message =
                format!("other users may read the key file {}; set its mode to 0600", path.display());
            Err(Error::invalid("vault.key_file", message))
        }
        private_file::Read::Text(text) => Ok(Some(text)),
    }
}

fn origin(path: &Path) -> String {
    format!("the key file {}", path.display())
}

fn create(path: &Path) -> io::Result<()> {
    let key = Secret::new(random::<KEY_BYTES>().map_err(io::Error::other)?);
    let mut text =
        String::from("# Keys of the vault. Without this file, the values of the assets are lost.\n");
    let hex = Secret::new(hex::encode(key.expose()));
    // Writing to a string can't fail.
    let _ = writeln!(text, "1 {}", hex.expose());
    private_file::create(path, &Secret::new(text))
}

fn failed(path: &Path, what: &str, error: io::Error) -> Error {
    Error::internal("vault.io", format!("the key file {} can't be {what}", path.display())).with_source(error)
}
