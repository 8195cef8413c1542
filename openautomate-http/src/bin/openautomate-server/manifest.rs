//! What says that a backup is whole: a list of its files with their hashes, and a page about it, written last.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use chrono::{DateTime, Utc};
use openautomate_http::create_private_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The page.
const PAGE: &str = "backup.json";
/// The list, as `sha256sum --check` reads it.
const LIST: &str = "SHA256SUMS";
const FORMAT: u32 = 1;
const PAGE_BYTES: u64 = 64 * 1024;
/// The database in a backup and in a data folder.
pub(crate) const DATABASE: &str = "openautomate.db";

/// What a backup says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    format: u32,
    /// The version of the server that made it.
    pub(crate) version: String,
    /// Every write that was acknowledged before is in it.
    pub(crate) started_at: DateTime<Utc>,
    /// Whether the keys are in it.
    pub(crate) keys: bool,
    /// How many files are listed.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// The hash of the list.
    list: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Where it lies, with `/`.
    pub(crate) path: String,
    /// SHA-256, in lower-case hex.
    pub(crate) sha256: String,
}

/// Writes the list while files come.
#[derive(Debug)]
pub(crate) struct ListWriter {
    list: BufWriter<File>,
    folder: PathBuf,
    hash: Sha256,
    files: u64,
    bytes: u64,
}

impl ListWriter {
    pub(crate) fn begin(folder: &Path) -> anyhow::Result<Self> {
        let list = BufWriter::new(create_private_file(&folder.join(LIST))?);
        Ok(Self { list, folder: folder.to_owned(), hash: Sha256::new(), files: 0, bytes: 0 })
    }

    /// Lists a file.
    pub(crate) fn add(&mut self, path: &str, sha256: &str, bytes: u64) -> anyhow::Result<()> {
        let line = format!("{sha256}  {path}\n");
        self.hash.update(&line);
        self.list.write_all(line.as_bytes())?;
        self.files += 1;
        self.bytes += bytes;
        Ok(())
    }

    /// Writes the page; from then on the folder is a backup.
    pub(crate) fn finish(self, started_at: DateTime<Utc>, keys: bool) -> anyhow::Result<Manifest> {
        let list = self.list.into_inner().map_err(|error| anyhow!("{}", error.error()))?;
        list.sync_all()?;
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            keys,
            files: self.files,
            bytes: self.bytes,
            list: hex::encode(self.hash.finalize()),
        };
        let mut page = create_private_file(&self.folder.join(PAGE))?;
        page.write_all(serde_json::to_string_pretty(&manifest)?.as_bytes())?;
        page.sync_all()?;
        Ok(manifest)
    }
}

impl Manifest {
    /// Reads the page of a backup, and checks that its list is the one that was written.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let page = folder.join(PAGE);
        let mut text = String::new();
        File::open(&page)
            .and_then(|file| file.take(PAGE_BYTES).read_to_string(&mut text))
            .with_context(|| format!("{} is no finished backup: {PAGE} can't be read", folder.display()))?;
        let manifest: Self =
            serde_json::from_str(&text).with_context(|| format!("{} can't be read", page.display()))?;
        ensure!(
            manifest.format == FORMAT,
            "the backup {} is of format {}; use the version {} that made it",
            folder.display(),
            manifest.format,
            manifest.version.escape_debug()
        );
        let mut list =
            BufReader::new(File::open(folder.join(LIST)).with_context(|| format!("{LIST} can't be read"))?);
        let mut hash = Sha256::new();
        std::io::copy(&mut list, &mut hash)?;
        ensure!(
            hex::encode(hash.finalize()) == manifest.list,
            "the list {LIST} of the backup was altered or cut"
        );
        Ok(manifest)
    }

    /// The files, one after the other.
    pub(crate) fn listed(folder: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Listed>>> {
        let list = BufReader::new(File::open(folder.join(LIST))?);
        Ok(list.lines().map(|line| listed(&line?)))
    }
}

fn listed(line: &str) -> anyhow::Result<Listed> {
    let Some((sha256, path)) = line.split_once("  ") else { bail!("{LIST} has a line that is none of ours") };
    // What a backup says is not believed: it must not lead out of the folder.
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let mut parts = path.split('/');
    let is_ours = match parts.next() {
        Some(DATABASE) => parts.next().is_none(),
        Some("keys" | "blobs") => parts.clone().count() > 0 && parts.all(is_plain),
        _ => false,
    };
    ensure!(is_ours, "{LIST} names {}, which is none of ours", path.escape_debug());
    Ok(Listed { path: path.to_owned(), sha256: sha256.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leads_nowhere_else() {
        for path in ["openautomate.db", "keys/vault.key", "blobs/chunks/ab/abcd", "blobs/inputs/0198-7"] {
            assert_eq!(listed(&format!("00  {path}")).unwrap().path, path);
        }
        for path in [
            "",
            "/etc/passwd",
            "../a",
            "keys",
            "keys/",
            "keys/../../a",
            "blobs/./a",
            "blobs//a",
            "openautomate.db/a",
            "openautomate.db-wal",
            "other/a",
            "keys/a b",
            "keys\\a",
            "keys/C:",
        ] {
            assert!(listed(&format!("00  {path}")).is_err(), "{path}");
        }
    }

    #[test]
    fn a_page_is_read_as_it_was_written_and_a_list_that_was_cut_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Manifest::read(dir.path()).unwrap_err().to_string().contains("no finished backup"));
        let mut list = ListWriter::begin(dir.path()).unwrap();
        list.add("openautomate.db", "aa", 7).unwrap();
        list.add("keys/vault.key", "bb", 1).unwrap();
        list.finish(DateTime::UNIX_EPOCH, true).unwrap();
        let read = Manifest::read(dir.path()).unwrap();
        assert_eq!((read.files, read.bytes, read.keys), (2, 8, true));
        let paths: Vec<_> = Manifest::listed(dir.path()).unwrap().map(|file| file.unwrap().path).collect();
        assert_eq!(paths, ["openautomate.db", "keys/vault.key"]);
        let file = std::fs::OpenOptions::new().write(true).open(dir.path().join(LIST)).unwrap();
        file.set_len(10).unwrap();
        assert!(Manifest::read(dir.path()).unwrap_err().to_string().contains("altered"));
    }
}
