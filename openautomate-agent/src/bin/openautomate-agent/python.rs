//! Finding the interpreter and the native half of the Python module.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use openautomate_core::runner::Runner;
use openautomate_core::runner::python::{IsolatedPython, PoolSettings, install_runtime};
use tokio::process::Command;

const EXTENSION: &str = if cfg!(windows) { "_openautomate.pyd" } else { "_openautomate.abi3.so" };
/// Names the interpreter where neither the command line nor the agent's own variable does.
const VARIABLE: &str = "OPENAUTOMATE_PYTHON";
const CANDIDATES: [&str; 2] = ["python3", "python"];
const PATIENCE: Duration = Duration::from_secs(20);

/// An interpreter that was asked who it is.
#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) path: PathBuf,
    /// As in `3.12.1`.
    pub(crate) version: String,
}

/// The interpreter that was named, or the first that is on the path.
pub(crate) async fn find(named: Option<&Path>) -> anyhow::Result<Python> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(python) = named.map(Path::to_owned).or(variable) {
        return resolved(&python).await;
    }
    for name in CANDIDATES {
        if let Ok(python) = resolved(Path::new(name)).await {
            return Ok(python);
        }
    }
    bail!("there is no Python 3.10 or newer on the path; install one or name it by --python")
}

/// The runner of Python automations.
pub(crate) async fn runner(
    python: Python,
    extension: Option<&Path>,
    data_dir: &Path,
    pool: PoolSettings,
) -> anyhow::Result<Arc<dyn Runner>> {
    let extension = match extension {
        Some(path) if !path.is_file() => bail!("{} is no file; mend --extension", path.display()),
        Some(path) => Some(path.to_owned()),
        None => beside_this_program(),
    };
    let base = std::path::absolute(data_dir)?.join("runtime");
    let runtime = tokio::task::spawn_blocking(move || install_runtime(&base, extension.as_deref())).await??;
    tracing::info!(python = %python.path.display(), version = %python.version, "automations run with this interpreter");
    let runner = IsolatedPython::new(python.path, runtime).with_pool(pool);
    runner.prepare(None);
    Ok(Arc::new(runner))
}

pub(crate) fn beside_this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let path = program.with_file_name(EXTENSION);
    path.is_file().then_some(path)
}

/// Asked once, since the first thing on the path may be a slow shim.
async fn resolved(python: &Path) -> anyhow::Result<Python> {
    const ASK: &str = "import sys; assert sys.version_info >= (3, 10), 'older than 3.10'; \
                       print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])";
    let asking = Command::new(python).args(["-I", "-c", ASK]).kill_on_drop(true).output();
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    let answer = answer.with_context(|| format!("{} does not answer", python.display()))?;
    let answer = answer
        .with_context(|| format!("{} can't be started; install Python 3.10 or newer", python.display()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let mut lines = text.lines().map(str::trim);
    match (answer.status.success(), lines.next(), lines.next()) {
        (true, Some(path), Some(version)) if !path.is_empty() => {
            Ok(Python { path: PathBuf::from(path), version: version.to_owned() })
        }
        _ => bail!("{} is no Python 3.10 or newer; name one by --python", python.display()),
    }
}
