//! The releases on disk. Everything blocks.
//!
//! | in `releases` | |
//! |---|---|
//! | `current.json` | which release shall run, and which one before |
//! | `1.4.2/agent` | the program |
//! | `1.4.2/release.json` | its signed manifest |
//! | `1.4.2/tries.json` | how often it was started without having become healthy |
//! | `1.4.2/healthy.json` | it was healthy once |
//! | `1.4.2/bad.json` | it is never started again, and why |
//! | `partial/…` | a program that is being fetched, by its hash |
//!
//! Each file is written whole or not at all, and outlives a loss of power. A folder of a release is made under another
//! name and renamed when all of it is there, so a kill at any point leaves the state before or the state after.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use openautomate_core::package::signature::PublicKey;
use openautomate_core::release::{ReleaseFile, ReleaseManifest, SignedManifest};
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::TARGET;
use crate::disk;
use crate::error::{Error, Result};
use crate::input_file::hex;
use crate::platform;

const PROGRAM: &str = if cfg!(windows) { "agent.exe" } else { "agent" };
/// How many releases are kept beside the one that shall run.
const OLD_RELEASES: usize = 2;
/// How many marks of bad releases are kept: each is some bytes.
const BAD_RELEASES: usize = 50;

/// Which release shall run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Current {
    /// Its version.
    pub(crate) version: String,
    /// The release before it; `None` is the installed program.
    pub(crate) previous: Option<String>,
    /// The version of the installed program when this was decided: one that was installed since then decides anew.
    pub(crate) over: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bad {
    reason: String,
    /// The hash of the program; another one under the same version is another one.
    sha256: String,
}

/// The releases of an agent.
#[derive(Clone, Debug)]
pub(crate) struct ReleaseFolder {
    path: PathBuf,
}

impl ReleaseFolder {
    /// In the data folder of an agent.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join("releases") }
    }

    fn current_file(&self) -> PathBuf {
        self.path.join("current.json")
    }

    /// The folder of a version. Versions hold neither slashes nor a leading dot, as [`ReleaseManifest`] checks.
    fn folder(&self, version: &str) -> PathBuf {
        self.path.join(version)
    }

    fn marker(&self, version: &str, name: &str) -> PathBuf {
        self.folder(version).join(name)
    }

    /// The program of a version.
    pub(crate) fn program(&self, version: &str) -> PathBuf {
        self.folder(version).join(PROGRAM)
    }

    /// Which release shall run; `None` is the installed program.
    pub(crate) fn current(&self) -> Option<Current> {
        // What is no version is no name of a folder.
        disk::read_whole::<Current>(&self.current_file()).filter(|current| is_version(&current.version))
    }

    /// Says which release shall run.
    pub(crate) fn set_current(&self, current: Option<&Current>) -> Result<()> {
        match current {
            Some(current) => disk::write_whole(&self.current_file(), current),
            None => {
                disk::remove(&self.current_file())?;
                platform::sync_dir(&self.path).map_err(Error::io("written", &self.path))
            }
        }
    }

    /// Whether a version was healthy once.
    pub(crate) fn is_healthy(&self, version: &str) -> bool {
        self.marker(version, "healthy.json").is_file()
    }

    /// Notes that a version is healthy.
    pub(crate) fn mark_healthy(&self, version: &str) -> Result<()> {
        if self.is_healthy(version) {
            return Ok(());
        }
        disk::write_whole(&self.marker(version, "healthy.json"), &true)
    }

    /// Counts a start of a version that was never healthy, before it is made. Gives how many there were.
    pub(crate) fn count_try(&self, version: &str) -> Result<u32> {
        let path = self.marker(version, "tries.json");
        let tries = disk::read_whole::<u32>(&path).unwrap_or(0).saturating_add(1);
        disk::write_whole(&path, &tries)?;
        Ok(tries)
    }

    /// Why this program is never started again.
    pub(crate) fn bad(&self, version: &str, file: &ReleaseFile) -> Option<String> {
        let bad: Bad = disk::read_whole(&self.marker(version, "bad.json"))?;
        (bad.sha256 == file.sha256).then_some(bad.reason)
    }

    /// Has a version never started again. Its program makes room.
    pub(crate) fn mark_bad(&self, version: &str, reason: &str) -> Result<()> {
        let signed: Option<SignedManifest> = disk::read_whole(&self.marker(version, "release.json"));
        let manifest = signed.and_then(|signed| ReleaseManifest::parse(&signed.manifest).ok());
        let file = manifest.and_then(|manifest| manifest.targets.get(TARGET).cloned());
        let sha256 = file.map(|file| file.sha256).unwrap_or_default();
        let folder = self.folder(version);
        std::fs::create_dir_all(&folder).map_err(Error::io("made", &folder))?;
        disk::write_whole(&self.marker(version, "bad.json"), &Bad { reason: reason.to_owned(), sha256 })?;
        disk::remove(&self.program(version))
    }

    /// Where a program is fetched to.
    pub(crate) fn partial(&self, file: &ReleaseFile) -> Result<PathBuf> {
        let folder = self.path.join("partial");
        platform::create_private_dir(&folder).map_err(Error::io("made", &folder))?;
        Ok(folder.join(&file.sha256))
    }

    /// Removes what was fetched of other programs.
    pub(crate) fn drop_other_partials(&self, file: Option<&ReleaseFile>) {
        for path in entries(&self.path.join("partial")) {
            let is_it = file.is_some_and(|file| path.file_name().is_some_and(|name| *name == *file.sha256));
            if !is_it && let Err(error) = disk::remove(&path) {
                tracing::debug!(%error, "a part of a program stays on disk");
            }
        }
    }

    /// Puts a program that was fetched and checked into its place.
    pub(crate) fn stage(&self, version: &str, signed: &SignedManifest, partial: &Path) -> Result<()> {
        let (made, folder) = (self.path.join("partial").join("made"), self.folder(version));
        disk::remove(&made)?;
        platform::create_private_dir(&made).map_err(Error::io("made", &made))?;
        let program = made.join(PROGRAM);
        std::fs::rename(partial, &program).map_err(Error::io("moved", partial))?;
        platform::make_executable(&program).map_err(Error::io("made executable", &program))?;
        disk::sync(&program)?;
        disk::write_whole(&made.join("release.json"), signed)?;
        disk::remove(&folder)?;
        std::fs::rename(&made, &folder).map_err(Error::io("moved", &made))?;
        platform::sync_dir(&self.path).map_err(Error::io("written", &self.path))
    }

    /// Whether a version lies ready and is what a trusted key signed, to the byte.
    ///
    /// # Errors
    /// Says why it is not.
    pub(crate) fn check(
        &self,
        version: &str,
        keys: &[PublicKey],
    ) -> std::result::Result<ReleaseManifest, String> {
        let signed: Option<SignedManifest> = disk::read_whole(&self.marker(version, "release.json"));
        let signed = signed.ok_or_else(|| format!("the release {version} is not there"))?;
        let manifest = signed.open(keys).map_err(|error| error.message().to_owned())?;
        let file = manifest.targets.get(TARGET).filter(|_| manifest.version == version);
        let file =
            file.ok_or_else(|| format!("the release {version} is another one, or of another system"))?;
        if let Some(reason) = self.bad(version, file) {
            return Err(reason);
        }
        if !is_file(&self.program(version), file).unwrap_or(false) {
            return Err(format!("the program of the release {version} is not what was signed"));
        }
        Ok(manifest)
    }

    /// Removes old releases: two are kept beside the one that shall run. Best effort.
    pub(crate) fn prune(&self, keep: &[&str]) {
        let (mut old, mut bad) = (Vec::new(), Vec::new());
        for path in entries(&self.path).into_iter().filter(|path| path.is_dir()) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Ok(version) = Version::parse(name) else { continue };
            if keep.contains(&name) {
                continue;
            }
            let list = if path.join("bad.json").is_file() { &mut bad } else { &mut old };
            list.push((version, path));
        }
        for (mut list, most) in
            [(old, OLD_RELEASES.saturating_sub(keep.len().saturating_sub(1))), (bad, BAD_RELEASES)]
        {
            list.sort();
            for (_, path) in list.into_iter().rev().skip(most) {
                if let Err(error) = disk::remove(&path) {
                    tracing::warn!(%error, "an old release stays on disk");
                }
            }
        }
    }
}

fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Whether a file has the size and the hash of a manifest.
pub(super) fn is_file(path: &Path, wanted: &ReleaseFile) -> io::Result<bool> {
    let mut file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() || file.metadata()?.len() != wanted.size {
        return Ok(false);
    }
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 * 1024]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(&hash.finalize()) == wanted.sha256);
        }
        hash.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use openautomate_core::package::signature::PackageSigner;
    use openautomate_core::release::MANIFEST_FORMAT;

    use super::*;

    struct Place {
        _data: tempfile::TempDir,
        folder: ReleaseFolder,
        signer: PackageSigner,
    }

    impl Place {
        fn new() -> Self {
            let data = tempfile::tempdir().unwrap();
            Self {
                folder: ReleaseFolder::of(data.path()),
                _data: data,
                signer: PackageSigner::generate().unwrap(),
            }
        }

        fn stage(&self, version: &str, program: &[u8]) -> ReleaseFile {
            let sha256 = hex(&Sha256::digest(program));
            let file = ReleaseFile { name: "agent".to_owned(), size: program.len() as u64, sha256 };
            let manifest = ReleaseManifest {
                format: MANIFEST_FORMAT,
                version: version.to_owned(),
                min_protocol: 1,
                allow_downgrade: false,
                targets: [(TARGET.to_owned(), file.clone())].into(),
            };
            let partial = self.folder.partial(&file).unwrap();
            std::fs::write(&partial, program).unwrap();
            let signed = SignedManifest::sign(&manifest, &self.signer).unwrap();
            self.folder.stage(version, &signed, &partial).unwrap();
            file
        }

        fn check(&self, version: &str) -> std::result::Result<(), String> {
            self.folder.check(version, &[self.signer.public_key()]).map(drop)
        }
    }

    #[test]
    fn what_was_staged_is_started_as_long_as_it_is_what_was_signed() {
        let place = Place::new();
        place.stage("1.4.2", b"program");
        place.check("1.4.2").unwrap();
        assert!(place.folder.check("1.4.2", &[]).unwrap_err().contains("not trusted"));
        assert!(place.check("1.4.3").unwrap_err().contains("not there"));
        std::fs::write(place.folder.program("1.4.2"), b"pr0gram").unwrap();
        assert!(place.check("1.4.2").unwrap_err().contains("not what was signed"));
        // Neither does a release stand in for another version.
        place.stage("1.4.2", b"program");
        std::fs::rename(place.folder.folder("1.4.2"), place.folder.folder("1.5.0")).unwrap();
        assert!(place.check("1.5.0").unwrap_err().contains("another one"));
    }

    #[test]
    fn a_bad_one_is_never_started_again_and_a_mended_one_is() {
        let place = Place::new();
        let file = place.stage("1.4.2", b"broken");
        place.folder.mark_bad("1.4.2", "it ended with 1").unwrap();
        assert_eq!(place.folder.bad("1.4.2", &file), Some("it ended with 1".to_owned()));
        assert_eq!(place.check("1.4.2").unwrap_err(), "it ended with 1");
        assert!(!place.folder.program("1.4.2").exists());
        place.stage("1.4.2", b"mended");
        place.check("1.4.2").unwrap();
    }

    #[test]
    fn marks_outlive_each_other() {
        let place = Place::new();
        place.stage("1.4.2", b"program");
        assert!(!place.folder.is_healthy("1.4.2"));
        assert_eq!([1, 2], [(); 2].map(|()| place.folder.count_try("1.4.2").unwrap()));
        place.folder.mark_healthy("1.4.2").unwrap();
        assert!(place.folder.is_healthy("1.4.2"));
        assert_eq!(place.folder.current(), None);
        let current = Current { version: "1.4.2".into(), previous: None, over: "1.0.0".into() };
        place.folder.set_current(Some(&current)).unwrap();
        assert_eq!(place.folder.current(), Some(current.clone()));
        place.folder.set_current(Some(&Current { version: "../evil".into(), ..current })).unwrap();
        assert_eq!(place.folder.current(), None);
        place.folder.set_current(None).unwrap();
        place.folder.set_current(None).unwrap();
    }

    #[test]
    fn two_old_releases_are_kept() {
        let place = Place::new();
        for version in ["1.0.0", "1.1.0", "1.2.0", "1.10.0", "2.0.0"] {
            place.stage(version, version.as_bytes());
        }
        place.folder.mark_bad("1.0.0", "bad").unwrap();
        place.folder.prune(&["2.0.0", "1.1.0"]);
        let kept = |version: &str| place.folder.folder(version).is_dir();
        assert!(["1.0.0", "1.1.0", "1.10.0", "2.0.0"].into_iter().all(kept));
        assert!(!kept("1.2.0"));
        place.folder.prune(&["2.0.0", "1.1.0"]);
        assert!(kept("1.10.0"));
    }
}
