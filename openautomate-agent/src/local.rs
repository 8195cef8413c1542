//! Runs a package with no server at all: the loop of its author.
//!
//! The package is packed and checked as for publishing, and an agent runs it whose server is a few lines in
//! this process. So a run at the desk has the same runner, the same capture, the same masking and the same
//! limits as a run in production. The folder of the package is not touched: the run works on an unpacked copy,
//! in a working folder of its own, and both are removed at the end.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openautomate_core::Error as CoreError;
use openautomate_core::command::inputs::check_inputs;
use openautomate_core::domain::{Lease, Limits, LogLine, Progress, RunResult};
use openautomate_core::id::ExecutionId;
use openautomate_core::package::archive::{self, pack};
use openautomate_core::package::inputs::check::check;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::manifest::Manifest;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
use openautomate_core::transport::{AssignedFile, Assignment};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::disk::blocking;
use crate::environment::EnvironmentSettings;
use crate::error::{Error, Result};

mod files;
mod server;

use files::LocalFiles;

/// What tells a run where the files of its queues are (`runtime/openautomate/_queue.py`).
const QUEUES_VARIABLE: &str = "OPENAUTOMATE_QUEUES";
/// The same for its buckets (`runtime/openautomate/_bucket.py`).
const BUCKETS_VARIABLE: &str = "OPENAUTOMATE_BUCKETS";
/// How long a lease of the local server holds; it is renewed as any other.
const LEASE_TTL: Duration = Duration::from_secs(60);

/// Gives the value of an asset by its name, if there is one.
pub type Assets = Arc<dyn Fn(&str) -> Option<Secret<String>> + Send + Sync>;

/// Gives the path of an asset that is a file by its name, if there is one.
pub type AssetFiles = Arc<dyn Fn(&str) -> Option<PathBuf> + Send + Sync>;

/// How a package is run at the desk.
#[derive(Clone)]
pub struct LocalOptions {
    /// What can be run.
    pub runners: RunnerRegistry,
    /// The time limit; `None` is what the package says.
    pub timeout: Option<Duration>,
    /// What the run may not exceed, whatever its package asks for.
    pub limits: Limits,
    /// The folder that files of the run are kept in, under their names; made if need be. Without one they are
    /// told of and dropped.
    pub artifacts: Option<PathBuf>,
    /// The folder of the queues that the run works with, as files of JSON lines; without one there are none.
    pub queues: Option<PathBuf>,
    /// The folder of the buckets that the run works with, each a folder in it; without one there are none.
    pub buckets: Option<PathBuf>,
    /// The assets that the run may read.
    pub assets: Assets,
    /// The assets that are files.
    pub asset_files: AssetFiles,
    /// The names of the assets that are told to a run that asks for all names.
    pub asset_names: Vec<String>,
    /// Makes the environments that packages ask for; `None` runs every package on the runner's own
    /// interpreter. Name a folder that lasts, or each run makes them anew.
    pub environments: Option<EnvironmentSettings>,
    /// The port of the loopback API; `None` is off. See [`crate::AgentBuilder::loopback_api`].
    pub loopback_api: Option<u16>,
    /// Cancelled to stop the run: it has the grace of the package to end by itself.
    pub cancel: CancellationToken,
}

impl LocalOptions {
    /// Runs with these runners, no asset, and nothing else by choice.
    #[must_use]
    pub fn new(runners: RunnerRegistry) -> Self {
        Self {
            runners,
            timeout: None,
            limits: Limits::default(),
            artifacts: None,
            queues: None,
            buckets: None,
            assets: Arc::new(|_| None),
            asset_files: Arc::new(|_| None),
            asset_names: Vec::new(),
            environments: None,
            loopback_api: None,
            cancel: CancellationToken::new(),
        }
    }
}

impl fmt::Debug for LocalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalOptions")
            .field("timeout", &self.timeout)
            .field("artifacts", &self.artifacts)
            .finish_non_exhaustive()
    }
}

/// What a run at the desk tells while it goes on. Secrets are masked.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalEvent {
    /// Publishing would not go as smoothly, for this reason.
    Notice(String),
    /// The package was unpacked and its run begins.
    Started,
    /// A line.
    Line(LogLine),
    /// How far it is.
    Progress(Progress),
    /// A file that it leaves.
    Artifact {
        /// Its name.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// Where it was kept, if there is a folder for artifacts.
        path: Option<PathBuf>,
    },
}

/// Runs a package to its end: a folder, a zip archive or one script.
///
/// The inputs are checked against what the package takes; an input that takes a file gets a path on this machine,
/// as it is or behind an `@`, and the run gets a copy.
///
/// `on_event` is called in order, and may block: the run then waits. Dropping the future kills the run.
///
/// # Errors
/// [`Error::Package`] if it could not be published either, [`Error::Inputs`] if no execution may have these
/// inputs, [`Error::Io`] if the disk refuses. Whatever the run itself does is a [`RunResult`].
pub async fn run(
    source: &Path,
    inputs: Map<String, Value>,
    options: LocalOptions,
    mut on_event: impl FnMut(LocalEvent) + Send,
) -> Result<RunResult> {
    check_inputs(&inputs).map_err(Error::Inputs)?;
    let package = {
        let source = source.to_owned();
        blocking(move || Package::of(&source)).await?
    };
    if package.version.checked.manifest.version.is_none() {
        on_event(LocalEvent::Notice(
            "the package names no version: publishing it needs one, in pyproject.toml or with the request"
                .to_owned(),
        ));
    }
    for notice in &package.version.checked.manifest.notices {
        on_event(LocalEvent::Notice(notice.clone()));
    }
    let files = {
        let schema = package.version.checked.manifest.inputs.clone();
        blocking(move || {
            let files = LocalFiles::of(schema.as_ref(), inputs).map_err(Error::Inputs)?;
            check(schema.as_ref(), &files.inputs).map_err(Error::Inputs)?;
            Ok(files)
        })
        .await?
    };
    let place = temporary_folder()?;
    let LocalFiles { inputs, assigned, paths } = files;
    let mut assignment = package.assignment(inputs, assigned, options.timeout);
    for (variable, folder) in [(QUEUES_VARIABLE, &options.queues), (BUCKETS_VARIABLE, &options.buckets)] {
        let Some(folder) = folder else { continue };
        let folder = std::path::absolute(folder).map_err(Error::io("found", folder))?;
        // The runtime in the run reads the files itself.
        assignment.env.insert(variable.to_owned(), folder.to_string_lossy().into_owned());
    }
    let (transport, mut server) = server::open(package.version, paths, package.signer.public_key(), &options);
    let mut builder = Agent::builder(transport, place.path().join("agent"))
        .slots(1)
        .runners(options.runners)
        .limits(options.limits)
        .drain_timeout(Duration::ZERO);
    if let Some(port) = options.loopback_api {
        builder = builder.loopback_api(port);
    }
    if let Some(settings) = options.environments {
        builder = builder.environments(settings);
    }
    let agent = builder.build()?;
    let _guard = KillOnDrop(agent.clone());
    let stop = CancellationToken::new();
    let agent_runs = agent.run(stop.clone());
    let served = async {
        let result = server.serve(assignment, &options.cancel, &mut on_event).await;
        stop.cancel();
        result
    };
    let ((), result) = tokio::join!(agent_runs, served);
    Ok(result)
}

/// The digest that a package has when it is published: of a folder, a zip archive or one script. It blocks.
///
/// # Errors
/// [`Error::Package`] if it could not be published, [`Error::Io`] if it can't be read.
pub fn digest(source: &Path) -> Result<String> {
    Package::of(source).map(|package| package.version.digest)
}

/// The runs are tasks of their own; they must not outlive who waits for them.
struct KillOnDrop(Agent);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill_runs();
    }
}

/// A package as it would be published.
struct Package {
    name: String,
    version: LoadedVersion,
    /// Nobody else has published it.
    signer: PackageSigner,
}

impl Package {
    /// Packs and checks. Blocks.
    fn of(source: &Path) -> Result<Self> {
        let archive = archive_of(source)?;
        let version = LoadedVersion::of(&archive).map_err(Error::Package)?;
        let signer = PackageSigner::generate().map_err(Error::Package)?;
        let folder_name = || source.canonicalize().ok()?.file_stem()?.to_str().map(str::to_owned);
        let name = version
            .checked
            .manifest
            .name
            .clone()
            .or_else(folder_name)
            .unwrap_or_else(|| "package".to_owned());
        Ok(Self { name, version, signer })
    }

    fn assignment(
        &self,
        inputs: Map<String, Value>,
        files: Vec<AssignedFile>,
        timeout: Option<Duration>,
    ) -> Assignment {
        let manifest: &Manifest = &self.version.checked.manifest;
        let number = manifest.version.as_ref().map_or_else(|| "0.0.0".to_owned(), ToString::to_string);
        Assignment {
            lease: Lease { execution: ExecutionId::new(), epoch: 1 },
            lease_ttl_ms: millis(LEASE_TTL),
            package: self.version.package_ref(&self.name, &number, &self.signer),
            version: None,
            runtime: manifest.runtime.clone(),
            entrypoint: manifest.entrypoint.clone().unwrap_or_default(),
            command: manifest.command.clone(),
            env: manifest.run_env(),
            inputs,
            files,
            limits: manifest.limits.clone(),
            isolation: manifest.isolation,
            timeout_ms: timeout.or(manifest.timeout).map(millis),
            grace_ms: millis(manifest.grace),
        }
    }
}

fn archive_of(source: &Path) -> Result<Vec<u8>> {
    let found = std::fs::metadata(source).map_err(Error::io("read", source))?;
    if found.is_dir() {
        return pack(source).map_err(Error::Package);
    }
    let is_script = source.extension().is_some_and(|extension| extension == "py");
    let (true, Some(name)) = (is_script, source.file_name()) else {
        if found.len() > archive::Limits::default().packed_bytes {
            let error = CoreError::invalid("package.too_large", "the archive is too large; leave files out");
            return Err(Error::Package(error));
        }
        return std::fs::read(source).map_err(Error::io("read", source));
    };
    // The script alone, as it would be sent.
    let folder = temporary_folder()?;
    let copy = folder.path().join(name);
    std::fs::copy(source, &copy).map_err(Error::io("copied", source))?;
    pack(folder.path()).map_err(Error::Package)
}

fn temporary_folder() -> Result<tempfile::TempDir> {
    let made = tempfile::Builder::new().prefix("openautomate-").tempdir();
    made.map_err(Error::io("made", &std::env::temp_dir()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
