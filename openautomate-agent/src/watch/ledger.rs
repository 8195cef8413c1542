//! Which files of a trigger's folder were told to the server, or were there before it began to watch.
//!
//! A file of lines of JSON, the last word on a name counts. It spares telling again what lies there for long; should
//! its last lines be lost, the server knows better.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What tells a file from what it was before: its size in bytes and the time of its last write in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    #[serde(rename = "s")]
    pub(super) size: u64,
    #[serde(rename = "m")]
    pub(super) modified_us: i64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "n")]
    name: String,
    #[serde(flatten)]
    version: Version,
}

/// The ledger of one trigger.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    file: Option<File>,
    known: BTreeMap<String, Version>,
    /// Lines in the file, those that no longer count too.
    lines: usize,
    is_new: bool,
}

impl Ledger {
    /// Reads a ledger; one that is not there is new. A line that was cut off is passed over.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut known = BTreeMap::new();
        let mut lines = 0;
        let is_new = match File::open(path) {
            Ok(file) => {
                for line in BufReader::new(file).lines() {
                    lines += 1;
                    if let Ok(Line { name, version }) = serde_json::from_str(&line?) {
                        known.insert(name, version);
                    }
                }
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), file: None, known, lines, is_new })
    }

    /// Whether nobody has watched for this trigger here before.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn knows(&self, name: &str, version: Version) -> bool {
        self.known.get(name) == Some(&version)
    }

    /// Notes files. After this it is new no more.
    pub(super) fn add(&mut self, files: impl IntoIterator<Item = (String, Version)>) -> io::Result<()> {
        self.is_new = false;
        let mut text = Vec::new();
        for (name, version) in files {
            serde_json::to_writer(&mut text, &Line { name: name.clone(), version })?;
            text.push(b'\n');
            self.known.insert(name, version);
            self.lines += 1;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                // A kill may have left the last line without its end.
                text.insert(0, b'\n');
                self.lines += 1;
                self.file.insert(OpenOptions::new().create(true).append(true).open(&self.path)?)
            }
        };
        file.write_all(&text)
    }

    /// Forgets the names that are not in the folder any more, which must have been listed whole.
    pub(super) fn keep_only(&mut self, present: &BTreeSet<&str>) -> io::Result<()> {
        self.known.retain(|name, _| present.contains(name.as_str()));
        if self.lines > 2 * self.known.len() + 1_000 { self.rewrite() } else { Ok(()) }
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut out = io::BufWriter::new(File::create(&beside)?);
        for (name, version) in &self.known {
            serde_json::to_writer(&mut out, &Line { name: name.clone(), version: *version })?;
            out.write_all(b"\n")?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        // Windows replaces no file that is open.
        self.file = None;
        std::fs::rename(&beside, &self.path)?;
        self.lines = self.known.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(size: u64) -> Version {
        Version { size, modified_us: -1 }
    }

    #[test]
    fn what_was_noted_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        assert!(ledger.is_new());
        ledger.add([]).unwrap();
        assert!(!Ledger::open(&path).unwrap().is_new(), "even if the folder was empty");
        ledger.add([("a \"b\".csv".to_owned(), version(1)), ("c".to_owned(), version(2))]).unwrap();
        ledger.add([("c".to_owned(), version(3))]).unwrap();
        // A kill in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":\"d").unwrap();
        let mut again = Ledger::open(&path).unwrap();
        again.add([("e".to_owned(), version(4))]).unwrap();
        let again = Ledger::open(&path).unwrap();
        assert!(again.knows("e", version(4)));
        assert!(again.knows("a \"b\".csv", version(1)) && again.knows("c", version(3)));
        assert!(!again.knows("c", version(2)) && !again.knows("d", version(1)));
    }

    #[test]
    fn what_is_gone_is_forgotten_and_the_file_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut ledger = Ledger::open(&path).unwrap();
        for round in 0..5 {
            ledger.add((0..500).map(|n| (format!("{round}-{n}"), version(n)))).unwrap();
            ledger.add([("stays".to_owned(), version(9))]).unwrap();
            ledger.keep_only(&BTreeSet::from(["stays"])).unwrap();
        }
        ledger.add([("late".to_owned(), version(1))]).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().lines().count() < 1_100);
        let again = Ledger::open(&path).unwrap();
        assert!(again.knows("stays", version(9)) && again.knows("late", version(1)));
        assert!(!again.knows("0-0", version(0)));
    }
}
