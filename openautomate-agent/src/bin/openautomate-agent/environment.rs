//! The environments that packages ask for: what the command line says of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use openautomate_agent::{EnvironmentSettings, find_uv};
use openautomate_core::secret::Secret;

use crate::config::EnvironmentOptions;
use crate::python::Python;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The indexes, which may hold passwords.
pub(crate) struct Indexes {
    own: Option<Secret<String>>,
    extra: Vec<Secret<String>>,
}

/// The indexes, if they are URLs and no password stands among the arguments.
pub(crate) fn indexes(options: &EnvironmentOptions) -> anyhow::Result<Indexes> {
    let given = |url: &&String| !url.is_empty();
    let own = options.index_url.as_ref().filter(given).map(|url| checked("--index-url", url)).transpose()?;
    let extra = options.extra_index_url.iter().filter(given);
    let extra = extra.map(|url| checked("--extra-index-url", url)).collect::<anyhow::Result<_>>()?;
    Ok(Indexes { own, extra })
}

/// The settings, with the interpreter that runs what needs no environment.
pub(crate) fn settings(
    options: EnvironmentOptions,
    indexes: Indexes,
    python: &Python,
) -> anyhow::Result<EnvironmentSettings> {
    let uv = uv(options.uv.as_deref(), &python.path)?;
    match &uv {
        Some(uv) => tracing::info!(uv = %uv.display(), "environments are made by this program"),
        None => tracing::warn!("there is no uv: packages with dependencies will fail; pip install uv"),
    }
    let wheels = match options.wheels {
        Some(folder) if !folder.is_dir() => bail!("{} is no folder; mend --wheels", folder.display()),
        Some(folder) => Some(std::path::absolute(folder)?),
        None => None,
    };
    Ok(EnvironmentSettings::new(&python.path, &python.version)
        .uv(uv)
        .index_url(indexes.own)
        .extra_index_urls(indexes.extra)
        .wheels(wheels)
        .require_hashes(options.require_hashes)
        .unused_for(DAY * options.environment_days))
}

/// The folder in which runs without a server keep environments, and the lock that keeps a second such run out.
/// While another one has it, or where there is no such folder, `temporary` serves.
pub(crate) fn lasting_folder(
    named: Option<&Path>,
    temporary: &Path,
) -> anyhow::Result<(PathBuf, Option<File>)> {
    let Some(base) = named.map(Path::to_owned).or_else(cache_folder) else {
        return Ok((temporary.join("environments"), None));
    };
    let made = std::fs::create_dir_all(&base);
    made.with_context(|| format!("{} can't be made; name another --environments-dir", base.display()))?;
    let lock = File::create(base.join("lock"))
        .with_context(|| format!("{} can't be written; name another --environments-dir", base.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok((base.join("environments"), Some(lock))),
        Err(_) => Ok((temporary.join("environments"), None)),
    }
}

/// The user's folder for caches, as each system has it.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))
    };
    base.filter(|base| base.is_absolute()).map(|base| base.join("openautomate"))
}

fn uv(named: Option<&Path>, python: &Path) -> anyhow::Result<Option<PathBuf>> {
    let named = named.filter(|path| !path.as_os_str().is_empty());
    match named {
        // A bare name is looked for on the path, when it is started.
        Some(path) if path.components().count() > 1 && !path.is_file() => {
            bail!("{} is no file; mend --uv", path.display())
        }
        Some(path) if path.components().count() > 1 => Ok(Some(std::path::absolute(path)?)),
        named => Ok(find_uv(named, python)),
    }
}

/// The URL, if it is one, and no password stands among the arguments. The messages don't name it.
fn checked(option: &str, url: &str) -> anyhow::Result<Secret<String>> {
    let Ok(parsed) = reqwest::Url::parse(url) else { bail!("{option} is no URL; mend it") };
    if !matches!(parsed.scheme(), "https" | "http" | "file") || url.contains(char::is_whitespace) {
        bail!("{option} is no URL of an index, as in https://pypi.example.org/simple; mend it");
    }
    let is_secret = parsed.password().is_some() || !parsed.username().is_empty();
    if is_secret && std::env::args().any(|argument| argument.contains(url)) {
        let variable = option.trim_start_matches('-').replace('-', "_").to_uppercase();
        bail!(
            "{option} holds a user or a password, and everybody on this machine can read arguments; give it by \
             the environment variable OPENAUTOMATE_AGENT_{variable}"
        );
    }
    Ok(Secret::new(url.to_owned()))
}
