//! The environments on disk: made once, checked before use, leased to runs.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use openautomate_core::clock::Clock;
use openautomate_core::domain::LogLevel;
use openautomate_core::runner::process::Mark;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::build::Build;
use super::failure::Failure;
use super::key;
use super::python::{Interpreter, Wish};
use super::requirement::Requirement;
use super::settings::EnvironmentSettings;
use super::uv::Uv;
use crate::disk::{self, blocking};
use crate::error::{Error, Result};
use crate::platform;

/// How long what was found out of an interpreter counts: somebody may install another.
const INTERPRETER_MEMORY: Duration = Duration::from_secs(600);
const MAX_REQUIREMENTS: usize = 1_000;
pub(super) const UV_CACHE: &str = "uv-cache";

/// Tells how the making goes on.
pub(crate) type Tell<'a> = &'a (dyn Fn(LogLevel, String) + Send + Sync);

/// Environments by their key: a folder each, and beside it the file that says that it is whole.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentCache {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) settings: EnvironmentSettings,
    pub(super) clock: Arc<dyn Clock>,
    uv: Option<Uv>,
    uv_is_good: OnceCell<()>,
    /// What was asked for, and what was found; one asks at a time.
    interpreters: tokio::sync::Mutex<HashMap<String, Asked>>,
    state: Mutex<State>,
}

/// When an interpreter was asked for, and what was found.
type Asked = (Instant, Result<Interpreter, Failure>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// How many use an environment.
    pub(super) leases: HashMap<String, usize>,
    pub(super) builds: HashMap<String, Running>,
    failures: HashMap<String, (Instant, Failure)>,
    /// Those that were found whole since this agent started.
    pub(super) verified: HashSet<String>,
    /// By the package's hash and its entry point.
    requirements: HashMap<(String, String), Option<Arc<Requirement>>>,
}

/// A build that goes on. It is cancelled when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Running {
    interest: Weak<DropGuard>,
    done: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<Arc<Vec<String>>, Failure>;

struct Joined {
    /// Keeps the build going. `None` if it is ending, since nobody wanted it.
    interest: Option<Arc<DropGuard>>,
    done: watch::Receiver<Option<Outcome>>,
    has_begun: bool,
}

/// What a whole environment holds. Written last.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    files: u64,
    pub(super) bytes: u64,
}

impl EnvironmentCache {
    /// The cache in a folder, which is made if need be; what a kill left half done is removed. Blocks.
    pub(crate) fn open(folder: &Path, settings: EnvironmentSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        // uv is started in other folders.
        let folder = std::path::absolute(folder).map_err(Error::io("found", folder))?;
        std::fs::create_dir_all(&folder).map_err(Error::io("made", &folder))?;
        for entry in std::fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
            let path = entry.map_err(Error::io("read", &folder))?.path();
            let is_whole = match path.extension() {
                Some(extension) => extension == "json" && path.with_extension("").is_dir(),
                None => path.with_extension("json").is_file() || path.ends_with(UV_CACHE),
            };
            if !is_whole && let Err(error) = disk::remove(&path) {
                // A process that outlived a killed agent may still write there. It is never used.
                tracing::warn!(%error, "a half made environment stays on disk");
            }
        }
        let uv = settings.uv.clone().map(|program| Uv::new(program, &settings, &folder.join(UV_CACHE)));
        let shared = Shared {
            folder,
            settings,
            clock,
            uv,
            uv_is_good: OnceCell::new(),
            interpreters: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What an unpacked package needs; `None` if the agent's own Python will do as it is. `digest` names the
    /// content of the package.
    ///
    /// # Errors
    /// [`Failure`] if that can't be read.
    pub(crate) async fn requirement(
        &self,
        package: &Path,
        entrypoint: &str,
        digest: &str,
    ) -> Result<Option<Arc<Requirement>>, Failure> {
        let name = (digest.to_owned(), entrypoint.to_owned());
        if let Some(known) = self.shared.lock().requirements.get(&name) {
            return Ok(known.clone());
        }
        let (package, of) = (package.to_owned(), name.clone());
        let read = blocking(move || Ok(Requirement::read(&package, &of.1, &of.0)));
        let read = read.await.map_err(|error| Failure::disk(&error))??;
        let is_met = read.is_met_by(&self.shared.settings.python_version);
        let requirement = (!is_met).then(|| Arc::new(read));
        let mut state = self.shared.lock();
        if state.requirements.len() >= MAX_REQUIREMENTS {
            state.requirements.clear();
        }
        state.requirements.insert(name, requirement.clone());
        Ok(requirement)
    }

    /// The environment that meets a requirement; made if there is none. Whoever asks for the same meanwhile
    /// waits for the same build, and it goes on while one of them waits. What failed is not tried again for a
    /// while. Needs no execution.
    ///
    /// Cancel safe: a build that nobody waits for any more is stopped, and begun anew by the next who asks.
    ///
    /// # Errors
    /// [`Failure`] with the step that failed and the words of uv.
    pub(crate) async fn ensure(
        &self,
        requirement: &Arc<Requirement>,
        tell: Tell<'_>,
    ) -> Result<Environment, Failure> {
        let shared = &self.shared;
        let interpreter = shared.interpreter(&requirement.python).await?;
        let key = key::of(requirement, &interpreter, &shared.settings);
        // From here on nobody removes it.
        let environment = Environment::lease(shared, key.clone());
        if shared.is_ready(&key).await {
            return Ok(environment);
        }
        let began = Instant::now();
        loop {
            let mut joined = shared.join(&key, requirement, &interpreter)?;
            if joined.has_begun {
                let (count, from) = (requirement.distributions, requirement.source.as_str());
                let (s, version) = (if count == 1 { "" } else { "s" }, &interpreter.version);
                let text =
                    format!("making the environment: {count} distribution{s} by {from}, Python {version}");
                tell(LogLevel::Info, text);
            } else if joined.interest.is_some() {
                tell(LogLevel::Info, "waiting for the environment, which is being made".to_owned());
            }
            let outcome =
                joined.done.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
            match outcome {
                Some(Ok(words)) => {
                    let words = words.iter().filter(|_| joined.has_begun);
                    words.for_each(|line| tell(LogLevel::Debug, line.clone()));
                    let seconds = began.elapsed().as_secs_f64();
                    tell(LogLevel::Info, format!("the environment is ready after {seconds:.1} s"));
                    return Ok(environment);
                }
                // What was seen was the end of a build that nobody wanted.
                Some(Err(failure)) if failure.was_cancelled && joined.interest.is_none() => {}
                Some(Err(failure)) => return Err(failure),
                None => {
                    return Err(Failure::new("the agent ends, and with it the making of the environment"));
                }
            }
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folder_of(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    pub(super) fn marker_of(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }

    /// The mark of the processes that make an environment: the same after a restart, and another for an agent
    /// with another folder.
    pub(super) fn mark_of(&self, key: &str) -> Mark {
        let folder = Sha256::digest(self.folder.as_os_str().as_encoded_bytes());
        let folder: String = folder.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Mark::program(&format!("environment-{folder}-{key}"))
    }

    async fn uv(&self) -> Result<&Uv, Failure> {
        let Some(uv) = &self.uv else {
            return Err(Failure::new(
                "the package needs an environment of its own, and this agent has no uv to make one; install uv \
                 on the agent's machine (pip install uv), or name it by --uv, and start the agent again",
            ));
        };
        self.uv_is_good.get_or_try_init(|| uv.check(&self.folder)).await?;
        Ok(uv)
    }

    /// The agent's own interpreter if it is as wanted, or else one that uv finds on the machine.
    async fn interpreter(&self, wish: &Wish) -> Result<Interpreter, Failure> {
        let is_default = wish.allows(&self.settings.python_version);
        let request = if is_default { String::new() } else { wish.request() };
        let mut known = self.interpreters.lock().await;
        if let Some((since, found)) = known.get(&request) {
            let memory = if found.is_ok() { INTERPRETER_MEMORY } else { self.settings.failure_memory };
            if since.elapsed() < memory {
                return found.clone();
            }
        }
        let found = if is_default {
            Interpreter::ask(&self.settings.python, &self.folder).await
        } else {
            self.find_interpreter(wish).await
        };
        known.retain(|_, (since, _)| since.elapsed() < INTERPRETER_MEMORY);
        known.insert(request, (Instant::now(), found.clone()));
        found
    }

    async fn find_interpreter(&self, wish: &Wish) -> Result<Interpreter, Failure> {
        let own = &self.settings.python_version;
        let missing = |more: String| {
            Failure::new(format!(
                "the package needs another Python: {wish}; the agent's own is {own}, and no other on its machine \
                 will do. Install one there, or mend the package. {more}"
            ))
        };
        let path = match self.uv().await {
            Ok(uv) => uv.find_python(&wish.request(), &self.folder).await,
            Err(failure) => Err(failure),
        };
        let path = path.map_err(|failure| missing(failure.to_string()))?;
        let found = Interpreter::ask(&path, &self.folder).await?;
        if wish.allows(&found.version) {
            return Ok(found);
        }
        Err(missing(format!("uv found {} instead", found.version)))
    }

    /// Whether an environment is there and whole; if so, it counts as used now.
    async fn is_ready(self: &Arc<Self>, key: &str) -> bool {
        let (shared, key) = (Arc::clone(self), key.to_owned());
        let looked = blocking(move || {
            let is_verified = shared.lock().verified.contains(&key);
            let (folder, marker) = (shared.folder_of(&key), shared.marker_of(&key));
            let Some(whole) = disk::read_whole::<Marker>(&marker) else { return Ok(false) };
            // The base interpreter may have gone, or a loss of power may have emptied files.
            let is_whole = platform::interpreter(&folder).is_file()
                && (is_verified || measure(&folder).is_some_and(|found| found.holds(whole)));
            if is_whole {
                shared.lock().verified.insert(key.clone());
                shared.touch(&key);
            } else {
                tracing::warn!(folder = %folder.display(), "an environment is not whole; it is made again");
                disk::remove(&marker)?;
            }
            Ok(is_whole)
        });
        looked.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "an environment can't be looked at; it is made again");
            false
        })
    }

    /// Notes that an environment was used now. Blocks.
    fn touch(&self, key: &str) {
        let file = std::fs::File::options().append(true).open(self.marker_of(key));
        // It may be gone; then its age does not matter.
        let _ = file.and_then(|file| file.set_modified(SystemTime::from(self.clock.now())));
    }

    /// Joins the build of an environment, or begins one.
    fn join(
        self: &Arc<Self>,
        key: &str,
        requirement: &Arc<Requirement>,
        interpreter: &Interpreter,
    ) -> Result<Joined, Failure> {
        let mut state = self.lock();
        if let Some(build) = state.builds.get(key) {
            let (interest, done) = (build.interest.upgrade(), build.done.clone());
            return Ok(Joined { interest, done, has_begun: false });
        }
        let memory = self.settings.failure_memory;
        state.failures.retain(|_, (since, _)| since.elapsed() < memory);
        if let Some((_, failure)) = state.failures.get(key) {
            return Err(failure.clone());
        }
        let cancel = CancellationToken::new();
        let interest = Arc::new(cancel.clone().drop_guard());
        let (sender, done) = watch::channel(None);
        let running = Running { interest: Arc::downgrade(&interest), done: done.clone() };
        state.builds.insert(key.to_owned(), running);
        let (shared, key) = (Arc::clone(self), key.to_owned());
        let (requirement, interpreter) = (Arc::clone(requirement), interpreter.clone());
        // A task of its own: it goes on if the one who began it leaves and others wait, and it cleans up
        // behind itself before the next may begin.
        tokio::spawn(async move {
            let build = AssertUnwindSafe(shared.build(&key, &requirement, &interpreter, &cancel));
            let outcome = build.catch_unwind().await.unwrap_or_else(|_| {
                Err(Failure::new("the making of environments has a defect; see the agent's log"))
            });
            let mut state = shared.lock();
            state.builds.remove(&key);
            if let Err(failure) = &outcome
                && !failure.was_cancelled
            {
                state.failures.insert(key, (Instant::now(), failure.clone()));
            }
            drop(state);
            sender.send_replace(Some(outcome.map(Arc::new)));
        });
        Ok(Joined { interest: Some(interest), done, has_begun: true })
    }

    async fn build(
        self: &Arc<Self>,
        key: &str,
        requirement: &Requirement,
        interpreter: &Interpreter,
        cancel: &CancellationToken,
    ) -> Result<Vec<String>, Failure> {
        // Another may have made it since this one looked.
        if self.is_ready(key).await {
            return Ok(Vec::new());
        }
        let folder = self.folder_of(key);
        let build = Build {
            uv: self.uv().await?,
            folder: &folder,
            scratch: &self.folder.join(format!(".scratch-{key}")),
            mark: &self.mark_of(key),
            requirement,
            interpreter,
            deadline: Instant::now() + self.settings.build_timeout,
            cancel,
        };
        let words = build.make().await?;
        let (shared, key) = (Arc::clone(self), key.to_owned());
        let marked = blocking(move || {
            let whole = measure(&folder).ok_or_else(|| {
                Error::io("read", &folder)(std::io::Error::other("it was changed meanwhile"))
            })?;
            disk::write_whole(&shared.marker_of(&key), &whole)?;
            shared.touch(&key);
            shared.lock().verified.insert(key);
            Ok(())
        });
        marked.await.map_err(|error| Failure::disk(&error))?;
        self.collect_surplus().await;
        Ok(words)
    }
}

impl Marker {
    /// Whether it holds no less than another. Runs may have added files.
    fn holds(self, other: Self) -> bool {
        self.files >= other.files && self.bytes >= other.bytes
    }
}

/// What lies in a folder, compiled files left out, since Python writes those when it likes. `None` if it
/// can't be read.
pub(super) fn measure(folder: &Path) -> Option<Marker> {
    let mut total = Marker { files: 0, bytes: 0 };
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            let kind = entry.file_type().ok()?;
            if kind.is_dir() {
                if entry.file_name() != "__pycache__" {
                    open.push(entry.path());
                }
            } else if kind.is_file() {
                total.files += 1;
                total.bytes += entry.metadata().ok()?.len();
            }
        }
    }
    Some(total)
}

/// An environment that is in use for as long as this lives: nobody removes it meanwhile.
#[derive(Debug)]
pub(crate) struct Environment {
    shared: Arc<Shared>,
    key: String,
}

impl Environment {
    fn lease(shared: &Arc<Shared>, key: String) -> Self {
        *shared.lock().leases.entry(key.clone()).or_default() += 1;
        Self { shared: Arc::clone(shared), key }
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        platform::interpreter(&self.shared.folder_of(&self.key))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // A long run used it until now.
        self.shared.touch(&self.key);
        let mut state = self.shared.lock();
        if let Some(count) = state.leases.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                state.leases.remove(&self.key);
            }
        }
    }
}
