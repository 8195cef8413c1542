//! The file of the keys: a line `ID HEX` each, `#` begins a comment.

use std::fmt::Write as _;
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

fn open(path: &Path) -> Result<Option<KeyRing>> {
    match private_file::read(path, MAX_BYTES).map_err(|error| failed(path, "read", error))? {
        private_file::Read::Missing => Ok(None),
        private_file::Read::OpenToOthers => {
            let message =
                format!("other users may read the key file {}; set its mode to 0600", path.display());
            Err(Error::invalid("vault.key_file", message))
        }
        private_file::Read::Text(text) => read(path, &text).map(Some),
    }
}

fn read(path: &Path, text: &Secret<String>) -> Result<KeyRing> {
    let mut ring = None::<KeyRing>;
    for (index, line) in text.expose().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let broken = || {
            let place = format!("line {} of the key file {}", index + 1, path.display());
            Error::invalid("vault.key_file", format!("{place} is not a number and 64 hex digits; correct it"))
        };
        let (id, key) = line.split_once(char::is_whitespace).ok_or_else(broken)?;
        let id: u32 = id.parse().map_err(|_| broken())?;
        let key = Secret::new(hex::decode(key.trim()).map_err(|_| broken())?);
        match &mut ring {
            Some(ring) => ring.add(id, key.expose())?,
            None => ring = Some(KeyRing::new(id, key.expose())?),
        }
    }
    ring.ok_or_else(|| {
        let message = format!("the key file {} holds no key; put it back from its copy", path.display());
        Error::invalid("vault.key_file", message)
    })
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
