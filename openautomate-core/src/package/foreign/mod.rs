//! Packages that were not made for OpenAutomate, and run unchanged: what an archive means that says nothing of
//! itself in `[tool.openautomate]`.
//!
//! | file | holds |
//! |---|---|
//! | `robot` | robots in the style of robocorp-tasks: `robot.yaml` |
//! | `conda` | their environment: the pip part of `conda.yaml` and `package.yaml` |
//! | `bot` | bots made from the original bot template: `bot.py`, `bot.json` |
//! | `script` | plain scripts, and the metadata at their top (PEP 723) |
//! | `requirements` | `requirements.txt` |
//! | `yaml` | YAML within bounds |
//!
//! Nothing is executed here, and every file is read within a bound.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

mod bot;
mod conda;
mod requirements;
mod robot;
mod script;
#[cfg(test)]
mod tests;
mod yaml;

pub use robot::{Robot, RobotTask};
pub use script::Metadata;

/// The file that makes an archive a robot; also its entry point.
pub const ROBOT: &str = "robot.yaml";

/// Tells a run of a robot what its `robot.yaml` says, as JSON.
pub const ROBOT_VARIABLE: &str = "OPENAUTOMATE_ROBOT";

/// The largest of the files that are read whole here, in bytes.
const MAX_FILE: u64 = 256 * 1024;
const MAX_DEPENDENCIES: usize = 1_000;
const MAX_DEPENDENCY: usize = 500;

/// The files of a package, wherever they lie.
pub(super) trait Files {
    /// The paths of the files, with `/`.
    fn names(&self) -> Vec<String>;

    /// The bytes of a file; `None` if there is none of this name.
    ///
    /// # Errors
    /// `Invalid` if it has more than `most` bytes or is damaged.
    fn bytes(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>>;

    /// The text of a file, as [`Files::bytes`].
    fn text(&mut self, name: &str, most: u64) -> Result<Option<String>> {
        let Some(bytes) = self.bytes(name, most)? else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::invalid("package.manifest", format!("{name} is not UTF-8; save it as UTF-8"))
        })?;
        Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }
}

/// What the files of a package say of it, where `pyproject.toml` does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its name.
    pub name: Option<String>,
    /// Its version, in the words of the file.
    pub version: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Where it begins.
    pub entrypoint: Option<String>,
    /// The distributions that it needs (PEP 508).
    pub dependencies: Vec<String>,
    /// The Python that it asks for, as in `3.12`.
    pub python: Option<String>,
    /// The Python versions that it works with (PEP 440).
    pub requires_python: Option<String>,
    /// Its tasks, if it is a robot.
    pub robot: Option<Box<Robot>>,
    /// Whether it expects its own files in its working directory.
    pub runs_in_package: bool,
    /// What of it is not heeded here, for its author.
    pub notices: Vec<String>,
}

impl Found {
    /// What the files of an unpacked package say. Blocks.
    ///
    /// # Errors
    /// As [`crate::package::archive::Archive::check`] for these files; `Internal` if reading fails.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        find(&mut Folder(folder))
    }
}

struct Folder<'a>(&'a Path);

impl Files for Folder<'_> {
    fn names(&self) -> Vec<String> {
        let top = std::fs::read_dir(self.0).into_iter().flatten().filter_map(|entry| {
            let entry = entry.ok()?;
            entry.file_type().ok()?.is_file().then(|| entry.file_name().into_string().ok())?
        });
        top.collect()
    }

    fn bytes(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        use std::io::Read as _;
        let path = self.0.join(name.split('/').collect::<std::path::PathBuf>());
        let failed = |error: std::io::Error| {
            Error::internal("package.io", format!("{name} of the package can't be read")).with_source(error)
        };
        if !path.symlink_metadata().is_ok_and(|file| file.is_file()) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        std::fs::File::open(&path)
            .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        if bytes.len() as u64 > most {
            return Err(Error::invalid(
                "package.too_large",
                format!("{name} is larger than {most} bytes; shorten it"),
            ));
        }
        Ok(Some(bytes))
    }
}

/// Looks what a package is: a robot, a bot, or a script.
pub(super) fn find(files: &mut dyn Files) -> Result<Found> {
    let names = files.names();
    let mut found = match files.text(ROBOT, MAX_FILE)? {
        Some(text) => robot::read(&text, files)?,
        None => bot::find(&names, files)?.unwrap_or_else(|| script::find(&names)),
    };
    if found.robot.is_none()
        && let Some(text) = files.text("requirements.txt", MAX_FILE)?
    {
        requirements::read(&text, &mut found);
    }
    check(&found)?;
    Ok(found)
}

fn check(found: &Found) -> Result<()> {
    if found.dependencies.len() > MAX_DEPENDENCIES {
        let why = format!("the package asks for more than {MAX_DEPENDENCIES} distributions; drop some");
        return Err(Error::invalid("package.manifest", why));
    }
    let fits = |text: &String| text.len() <= MAX_DEPENDENCY && !text.chars().any(char::is_control);
    if !found.dependencies.iter().all(fits) {
        let why = format!("a dependency has more than {MAX_DEPENDENCY} bytes or is not one line; correct it");
        return Err(Error::invalid("package.manifest", why));
    }
    Ok(())
}
