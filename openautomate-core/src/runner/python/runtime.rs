//! The Python package `openautomate`, which comes with the agent and needs no installation in environments.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("runtime/openautomate/", $name)))),*]
    };
}

/// The one copy of the sources: the wheel of `openautomate-py` takes them from the same folder.
const SOURCES: &[(&str, &str)] = sources![
    "__init__.py",
    "_bucket.py",
    "_bucket_folder.py",
    "_call.py",
    "_convert.py",
    "_end.py",
    "_entry.py",
    "_errors.py",
    "_evidence.py",
    "_fallback.py",
    "_in_process.py",
    "_inputs.py",
    "_logging.py",
    "_outside.py",
    "_plain.py",
    "_queue.py",
    "_queue_file.py",
    "_robot.py",
    "_runner.py",
    "_secret.py",
    "_state.py",
    "_streams.py",
    "_workitems.py",
    "_zygote.py",
    "py.typed",
];

/// The name of the native bridge beside the sources.
const EXTENSION: &str = if cfg!(windows) { "_openautomate.pyd" } else { "_openautomate.abi3.so" };

/// Whether the runtime in a folder has the native bridge.
pub(super) fn has_bridge(dir: &Path) -> bool {
    dir.join("openautomate").join(EXTENSION).is_file()
}

/// Puts the runtime of Python runs below `base` and gives its folder.
///
/// The folder is named by its content, so an old one serves the runs that still use it, and any number of
/// agents may install at once. With `extension`, the library that `openautomate-py` builds, the native
/// bridge is used; without it, or where an interpreter can't load it, the one in Python.
///
/// Blocks; call it once at start.
///
/// # Errors
/// `Internal` with `runner.runtime` if the extension can't be read or the folder can't be written.
pub fn install_runtime(base: &Path, extension: Option<&Path>) -> Result<PathBuf> {
    let failed = |what: &Path| {
        let message = format!("the runtime of Python runs can't be installed: {}", what.display());
        move |error: io::Error| Error::internal("runner.runtime", message).with_source(error)
    };
    let native = match extension {
        Some(path) => Some(fs::read(path).map_err(failed(path))?),
        None => None,
    };
    let dir = base.join(format!("runtime-{}", digest(native.as_deref())));
    if dir.join("openautomate").join("__init__.py").is_file() {
        return Ok(dir);
    }
    let part = base.join(format!(".runtime-{}", uuid::Uuid::now_v7()));
    write(&part, native.as_deref()).map_err(failed(&part))?;
    if let Err(error) = fs::rename(&part, &dir) {
        // Somebody else was quicker: what they installed is the same.
        let _ = fs::remove_dir_all(&part);
        if !dir.join("openautomate").join("__init__.py").is_file() {
            return Err(failed(&dir)(error));
        }
    }
    Ok(dir)
}

fn write(dir: &Path, native: Option<&[u8]>) -> io::Result<()> {
    let package = dir.join("openautomate");
    fs::create_dir_all(&package)?;
    for (name, text) in SOURCES {
        fs::write(package.join(name), text)?;
    }
    match native {
        Some(native) => fs::write(package.join(EXTENSION), native),
        None => Ok(()),
    }
}

fn digest(native: Option<&[u8]>) -> String {
    let mut hasher = Sha256::new();
    for (name, text) in SOURCES {
        hasher.update(name);
        hasher.update([0]);
        hasher.update(text);
        hasher.update([0]);
    }
    hasher.update(native.unwrap_or_default());
    hex::encode(&hasher.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runner/python/runtime/openautomate");
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".py") || name == "py.typed")
            .collect();
        names.sort();
        assert_eq!(names, SOURCES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn the_folder_follows_the_content() {
        let base = tempfile::tempdir().unwrap();
        let plain = install_runtime(base.path(), None).unwrap();
        assert_eq!(install_runtime(base.path(), None).unwrap(), plain);
        let library = base.path().join("library");
        fs::write(&library, "native").unwrap();
        let native = install_runtime(base.path(), Some(&library)).unwrap();
        assert_ne!(native, plain);
        assert_eq!(fs::read(native.join("openautomate").join(EXTENSION)).unwrap(), b"native");
        assert!(!plain.join("openautomate").join(EXTENSION).exists());
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 3, "no unfinished folder is left");
    }

    #[test]
    fn a_missing_extension_is_told() {
        let base = tempfile::tempdir().unwrap();
        let error = install_runtime(base.path(), Some(&base.path().join("nothing"))).unwrap_err();
        assert_eq!(error.code(), "runner.runtime");
    }
}
