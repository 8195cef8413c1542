//! Environments, made by the real uv from wheels that the tests zip.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod broken;
mod collected;
mod index;
mod made;
mod wheel;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::domain::LogLevel;
use sha2::{Digest as _, Sha256};

use super::cache::{Environment, EnvironmentCache};
use super::failure::Failure;
use super::requirement::Requirement;
use super::settings::EnvironmentSettings;
use super::uv;

const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of wheels, packages that need them, and a cache.
struct Place {
    folder: tempfile::TempDir,
    clock: ManualClock,
    lines: Mutex<Vec<(LogLevel, String)>>,
}

impl Place {
    /// With the wheels `tiny` 1.0 and 2.0.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("wheels")).unwrap();
        for version in ["1.0", "2.0"] {
            wheel::write(&folder.path().join("wheels"), "tiny", version);
        }
        Self { folder, clock: ManualClock::new(SystemClock.now()), lines: Mutex::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Wheels from the folder, made by the uv that counts.
    fn settings(&self) -> EnvironmentSettings {
        EnvironmentSettings::new(python(), version()).uv(Some(self.uv(""))).wheels(Some(self.path("wheels")))
    }

    /// uv, which notes its arguments, and then does what the script says before it goes on.
    fn uv(&self, script: &str) -> PathBuf {
        let program = self.path("uv");
        let (notes, real) = (self.path("calls"), uv().display().to_string());
        let text = format!("#!/bin/sh\necho \"$@\" >> {}\n{script}\nexec {real} \"$@\"\n", notes.display());
        executable(&program, &text);
        program
    }

    /// How often uv was started to do this.
    fn calls(&self, command: &str) -> usize {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(command)).count()
    }

    fn open(&self, settings: EnvironmentSettings) -> EnvironmentCache {
        EnvironmentCache::open(&self.path("environments"), settings, Arc::new(self.clock.clone())).unwrap()
    }

    /// A package with these files; its entry point is `main.py`.
    fn package(&self, files: &[(&str, &str)]) -> Arc<Requirement> {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Arc::new(Requirement::read(&folder, "main.py", "digest").unwrap())
    }

    fn tiny(&self, specifier: &str) -> Arc<Requirement> {
        self.package(&[("pyproject.toml", &project(&format!("tiny{specifier}")))])
    }

    async fn ensure(
        &self,
        cache: &EnvironmentCache,
        requirement: &Arc<Requirement>,
    ) -> Result<Environment, Failure> {
        let tell = |level, text| self.lines.lock().unwrap().push((level, text));
        tokio::time::timeout(PATIENCE, cache.ensure(requirement, &tell)).await.expect("it takes too long")
    }

    /// What is in the folder of the cache, without uv's own.
    fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("environments")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != super::cache::UV_CACHE).collect();
        names.sort();
        names
    }
}

fn project(dependency: &str) -> String {
    format!("[project]\nname = \"job\"\nversion = \"1\"\ndependencies = [\"{dependency}\"]\n")
}

/// `OPENAUTOMATE_TEST_UV`, or the one on the path.
fn uv() -> PathBuf {
    let named = std::env::var_os("OPENAUTOMATE_TEST_UV").map(PathBuf::from);
    uv::find(named.as_deref(), &python()).expect("the tests need uv: name one by OPENAUTOMATE_TEST_UV")
}

/// `OPENAUTOMATE_TEST_PYTHON`, or the one on the path.
fn python() -> PathBuf {
    let named = std::env::var_os("OPENAUTOMATE_TEST_PYTHON");
    PathBuf::from(named.unwrap_or_else(|| "python3".into()))
}

fn version() -> String {
    say(&python(), "import sys; print('%d.%d.%d' % sys.version_info[:3])").unwrap()
}

/// What an interpreter prints.
fn say(python: &Path, code: &str) -> Result<String, String> {
    let output = std::process::Command::new(python).args(["-I", "-c", code]).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

const TINY: &str = "import tiny; print(tiny.VERSION)";

fn sha256(path: &Path) -> String {
    Sha256::digest(std::fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
