//! The program `uv`: where it is, how it is run, and that no password is seen.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use openautomate_core::runner::process::{Exit, Mark, Program, ProgramEnd};
use openautomate_core::secret::{Masker, Secret};
use pep440_rs::Version;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::settings::EnvironmentSettings;
use super::url::without_users;

const NAME: &str = if cfg!(windows) { "uv.exe" } else { "uv" };
/// Older ones lack options that are used here. Much older ones pass over `UV_DEFAULT_INDEX`, and would ask
/// pypi.org for what only the private index has.
const OLDEST: &str = "0.7.0";
/// Kept of what it writes: the end, since that tells why it failed.
const MAX_LINES: usize = 500;
const MAX_BYTES: usize = 256 * 1024;
/// How the machine reaches the network, which runs are not told.
const PROXIES: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC"];

/// Finds uv: the one that was named, the one beside the interpreter, or the first on the path.
#[must_use]
pub fn find(named: Option<&Path>, python: &Path) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let beside = python.parent().map(|folder| folder.join(NAME));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(NAME));
    beside.into_iter().chain(on_path).find(|program| program.is_file())
}

/// uv with the settings of the agent.
pub(super) struct Uv {
    program: PathBuf,
    env: Vec<(OsString, OsString)>,
    wheels: Option<PathBuf>,
    index_urls: Vec<Secret<String>>,
    has_index: bool,
    require_hashes: bool,
    masker: Masker,
}

/// One run of it.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// What it does, for messages, as in `installing`.
    pub(super) name: &'static str,
    pub(super) args: Vec<OsString>,
    pub(super) dir: &'a Path,
    /// Marks its processes.
    pub(super) mark: &'a Mark,
    pub(super) deadline: Instant,
    pub(super) cancel: &'a CancellationToken,
}

impl fmt::Debug for Uv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variables hold passwords.
        f.debug_struct("Uv").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Uv {
    pub(super) fn new(program: PathBuf, settings: &EnvironmentSettings, cache: &Path) -> Self {
        let masker = Masker::new();
        for url in settings.index_url.iter().chain(&settings.extra_index_urls) {
            hide(url.expose(), &masker);
        }
        let mut env: Vec<(OsString, OsString)> = std::env::vars_os()
            .filter(|(name, _)| {
                name.to_str().is_some_and(|name| PROXIES.contains(&name.to_ascii_uppercase().as_str()))
            })
            .collect();
        for (name, value) in [
            // Nobody's files but the package's and the agent's settings.
            ("UV_NO_CONFIG", "1"),
            ("UV_NO_ENV_FILE", "1"),
            ("UV_PYTHON_DOWNLOADS", "never"),
            ("UV_NO_PROGRESS", "1"),
            ("NO_COLOR", "1"),
        ] {
            env.push((name.into(), value.into()));
        }
        env.push(("UV_CACHE_DIR".into(), cache.into()));
        if let Some(url) = &settings.index_url {
            env.push(("UV_DEFAULT_INDEX".into(), url.expose().into()));
        }
        Self {
            program,
            env,
            wheels: settings.wheels.clone(),
            index_urls: settings.extra_index_urls.clone(),
            has_index: settings.index_url.is_some(),
            require_hashes: settings.require_hashes,
            masker,
        }
    }

    /// Checks that it can be run and is not too old.
    pub(super) async fn check(&self, dir: &Path) -> Result<(), Failure> {
        let cancel = CancellationToken::new();
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        let args = vec!["--version".into()];
        let mark = &new_mark();
        let step = Step { name: "asking uv for its version", args, dir, mark, deadline, cancel: &cancel };
        let said = self.run(step).await?;
        let version = said.first().and_then(|line| line.split_whitespace().nth(1));
        let version = version.and_then(|text| Version::from_str(text).ok());
        match (version, Version::from_str(OLDEST)) {
            (Some(found), Ok(oldest)) if found >= oldest => Ok(()),
            _ => Err(Failure::new(format!(
                "{} is no uv {OLDEST} or newer; install one, or name one by --uv",
                self.program.display()
            ))),
        }
    }

    /// The interpreter that is asked for, among those on the machine.
    pub(super) async fn find_python(&self, request: &str, dir: &Path) -> Result<PathBuf, Failure> {
        let cancel = CancellationToken::new();
        let step = Step {
            name: "finding the Python",
            args: ["python", "find", "--system", "--no-project", request].map(OsString::from).into(),
            dir,
            mark: &new_mark(),
            deadline: Instant::now() + std::time::Duration::from_secs(60),
            cancel: &cancel,
        };
        let said = self.run(step).await?;
        let path = said.iter().rev().map(PathBuf::from).find(|path| path.is_absolute() && path.is_file());
        path.ok_or_else(|| Failure::new("uv names no interpreter"))
    }

    /// The arguments and variables of a step that installs.
    fn install_settings(&self, indexes: &[String]) -> (Vec<OsString>, Vec<(OsString, OsString)>) {
        let (mut args, mut env): (Vec<OsString>, _) = (Vec::new(), Vec::new());
        if self.require_hashes {
            args.push("--require-hashes".into());
        }
        if let Some(wheels) = &self.wheels {
            args.extend(["--offline", "--no-index", "--find-links"].map(OsString::from));
            args.push(wheels.into());
            return (args, env);
        }
        let mut urls: Vec<&str> = self.index_urls.iter().map(|url| url.expose().as_str()).collect();
        // The agent's own index stands for those that a lock file names.
        if !self.has_index {
            urls.extend(indexes.iter().map(String::as_str));
        }
        if !urls.is_empty() {
            env.push(("UV_INDEX".into(), urls.join(" ").into()));
        }
        (args, env)
    }

    /// Runs a step that installs from indexes: the agent's, and those that a lock file names.
    pub(super) async fn install(
        &self,
        mut step: Step<'_>,
        indexes: &[String],
    ) -> Result<Vec<String>, Failure> {
        let (args, env) = self.install_settings(indexes);
        step.args.extend(args);
        self.run_with(step, env).await
    }

    /// Runs a step and gives what it wrote, masked.
    pub(super) async fn run(&self, step: Step<'_>) -> Result<Vec<String>, Failure> {
        self.run_with(step, Vec::new()).await
    }

    async fn run_with(&self, step: Step<'_>, env: Vec<(OsString, OsString)>) -> Result<Vec<String>, Failure> {
        let mut program = Program::new(&self.program, step.dir, step.mark.clone()).args(step.args);
        for (name, value) in self.env.iter().cloned().chain(env) {
            program = program.env(name, value);
        }
        let mut words = VecDeque::new();
        let mut bytes = 0;
        let limit = step.deadline.saturating_duration_since(Instant::now());
        let ran = program.run(limit, step.cancel, |_, line| {
            let line = masked(&line, &self.masker);
            bytes += line.len();
            words.push_back(line);
            while words.len() > MAX_LINES || bytes > MAX_BYTES {
                bytes -= words.pop_front().map_or(bytes, |first: String| first.len());
            }
        });
        let ended = ran.await.map_err(|error| {
            Failure::new(format!(
                "{} can't be started: {error}; install uv, or name it by --uv",
                self.program.display()
            ))
        })?;
        let words = Vec::from(words);
        match ended {
            ProgramEnd::Exited(Exit::Code(0)) => Ok(words),
            ProgramEnd::Exited(exit) => Err(Failure::of_step(step.name, &exit.to_string(), words)),
            ProgramEnd::TimedOut => {
                Err(Failure::of_step(step.name, "took longer than its time limit and was stopped", words))
            }
            ProgramEnd::Cancelled => Err(Failure::cancelled()),
        }
    }
}

/// A mark that no other program has.
fn new_mark() -> Mark {
    Mark::program(&format!("uv-{}", uuid::Uuid::new_v4()))
}

fn hide(url: &str, masker: &Masker) {
    // What is too short to be known by itself is still hidden where it stands in a URL.
    masker.register(url);
    if let Ok(url) = reqwest::Url::parse(url) {
        // A user without a password is a token; one with a password is a name, as in `admin`.
        masker.register(url.password().unwrap_or_else(|| url.username()));
    }
}

fn masked(line: &str, masker: &Masker) -> String {
    without_users(&masker.mask(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_by_itself_too() {
        let masker = Masker::new();
        hide("https://robot:correct-horse@h/simple", &masker);
        assert_eq!(masked("the password correct-horse", &masker), "the password ***");
    }

    #[test]
    fn the_one_that_was_named_or_lies_beside_python_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        std::fs::write(folder.path().join(NAME), "").unwrap();
        assert_eq!(find(None, &python), Some(folder.path().join(NAME)));
        assert_eq!(find(Some(Path::new("/x/uv")), &python), Some(PathBuf::from("/x/uv")));
    }
}
