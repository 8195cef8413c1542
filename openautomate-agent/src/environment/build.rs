//! The steps by which an environment is made.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use openautomate_core::runner::process::{Mark, Program};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::python::Interpreter;
use super::requirement::{Requirement, Source};
use super::uv::{Step, Uv};
use crate::disk::{self, blocking};
use crate::error::{Error, Result};
use crate::platform;

/// What a lock file comes to, as `uv pip install` reads it.
const EXPORTED: &str = ".openautomate-requirements.txt";

/// One environment that is made.
#[derive(Debug)]
pub(super) struct Build<'a> {
    pub(super) uv: &'a Uv,
    /// Its folder, from the start: an environment can't be moved.
    pub(super) folder: &'a Path,
    /// Where uv reads what the package asks for: never in the package itself, which stays as it is.
    pub(super) scratch: &'a Path,
    /// Marks the processes.
    pub(super) mark: &'a Mark,
    pub(super) requirement: &'a Requirement,
    pub(super) interpreter: &'a Interpreter,
    pub(super) deadline: Instant,
    pub(super) cancel: &'a CancellationToken,
}

impl Build<'_> {
    /// Makes it and gives what uv wrote. What fails or is cancelled is removed again.
    pub(super) async fn make(&self) -> Result<Vec<String>, Failure> {
        // An agent that was killed may have left a process that still writes.
        Program::kill_left(self.mark).await;
        let made = self.steps().await;
        let leftovers = match &made {
            Ok(_) => vec![self.scratch.to_owned()],
            Err(_) => vec![self.scratch.to_owned(), self.folder.to_owned()],
        };
        if let Err(error) = blocking(move || leftovers.iter().try_for_each(|path| disk::remove(path))).await {
            tracing::warn!(%error, "what the making of an environment left stays on disk");
        }
        made
    }

    async fn steps(&self) -> Result<Vec<String>, Failure> {
        self.lay_out().await.map_err(|error| Failure::disk(&error))?;
        let mut words = Vec::new();
        let mut venv = args(["venv", "--no-project", "--python"]);
        venv.extend([self.interpreter.path.clone().into(), self.folder.into()]);
        words.extend(self.uv.run(self.step("making the virtual environment", venv)).await?);
        let file = match self.requirement.source {
            Source::Nothing => return Ok(words),
            Source::Lock => {
                // Installed from here and not by `uv sync`: so the agent's index and its folder of wheels
                // count for locked packages too. The hashes of the lock come along and are checked.
                let mut export =
                    args(["export", "--quiet", "--frozen", "--no-emit-project", "--no-default-groups"]);
                export.extend(args(["--no-editable", "--no-header", "--no-annotate"]));
                export.extend(args(["--output-file", EXPORTED, "--python"]));
                export.push(platform::interpreter(self.folder).into());
                words.extend(self.uv.run(self.step("reading uv.lock", export)).await?);
                EXPORTED
            }
            Source::Requirements | Source::Project | Source::Robot | Source::Script => {
                self.requirement.files.first().map_or("requirements.txt", |(name, _)| name.as_str())
            }
        };
        // Compiled now, by all processors, and not by each of the first runs.
        let mut install = args(["pip", "install", "--compile-bytecode", "-r", file, "--python"]);
        install.push(platform::interpreter(self.folder).into());
        let step = self.step("installing the distributions", install);
        words.extend(self.uv.install(step, &self.requirement.indexes).await?);
        Ok(words)
    }

    fn step(&self, name: &'static str, args: Vec<OsString>) -> Step<'_> {
        let (deadline, cancel) = (self.deadline, self.cancel);
        Step { name, args, dir: self.scratch, mark: self.mark, deadline, cancel }
    }

    /// Lays out what uv reads.
    async fn lay_out(&self) -> Result<()> {
        let (folder, scratch) = (self.folder.to_owned(), self.scratch.to_owned());
        let (files, package) = (self.requirement.files.clone(), self.requirement.local.clone());
        blocking(move || {
            disk::remove(&folder)?;
            disk::remove(&scratch)?;
            make_dir(&scratch)?;
            if let Some(package) = package {
                disk::copy_tree(&package, &scratch)?;
            }
            for (name, text) in files {
                let path = scratch.join(name.split('/').collect::<PathBuf>());
                path.parent().map_or(Ok(()), make_dir)?;
                std::fs::write(&path, text).map_err(Error::io("written", &path))?;
            }
            Ok(())
        })
        .await
    }
}

fn args<const N: usize>(args: [&str; N]) -> Vec<OsString> {
    args.map(OsString::from).into()
}

fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(Error::io("made", path))
}
