//! What a package says of itself in its `pyproject.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::foreign::{Found, ROBOT, ROBOT_VARIABLE, Robot};
use super::{duration, entrypoint, limits, placement, shown, version};
use crate::domain::{ExecutionOptions, IsolationLevel, Limits, OnAgentLost, check_description, check_label};
use crate::error::{Error, Result};

/// The largest `pyproject.toml`, in bytes.
pub const MAX_BYTES: u64 = 256 * 1024;

/// The runtime of packages that name none.
pub const PYTHON: &str = "python";
/// The runtime that starts a program with arguments.
pub const COMMAND: &str = "command";
/// Says where a run works: `package` for a copy of the package, otherwise an empty folder.
pub const WORKDIR_VARIABLE: &str = "OPENAUTOMATE_WORKDIR";
/// Set to 1 where a failure shall leave evidence.
pub const EVIDENCE_VARIABLE: &str = "OPENAUTOMATE_EVIDENCE";
/// The value of [`WORKDIR_VARIABLE`] for a run in a copy of its package.
pub const IN_PACKAGE: &str = "package";

const MAX_NAME: usize = 100;
const MAX_DEPENDENCIES: usize = 1_000;
const MAX_TEXT: usize = 500;
const MAX_LABELS: usize = 32;
const MAX_ENV: usize = 100;
const MAX_ENV_NAME: usize = 128;
const MAX_ENV_VALUE: usize = 32 * 1024;
const MAX_COMMAND: usize = 200;
const MAX_ARGUMENT: usize = 4_000;
const MAX_RETRIES: u32 = 100;
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
const DEFAULT_BACKOFF: Duration = Duration::from_secs(10);
/// Longer and a cancelled execution would hold its agent's slot for good.
const MAX_GRACE: Duration = Duration::from_secs(3_600);

/// What a package says of itself. It is stored with the version, as camelCase JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The name; absent from a plain script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version number; absent from a plain script.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "version_text")]
    pub version: Option<Version>,
    /// What it does; empty if it does not say.
    #[serde(default)]
    pub description: String,
    /// The Python versions it works with (PEP 440), as in `>=3.10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// The distributions it needs (PEP 508).
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// Which runner executes it: `python`, `command`, or one that an embedder registered.
    pub runtime: String,
    /// `module:function` or `script.py`. Always there for `python`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// Program and arguments of the runtime `command`; empty for others.
    #[serde(default)]
    pub command: Vec<String>,
    /// The time limit of an attempt.
    #[serde(
        default,
        rename = "timeoutMs",
        skip_serializing_if = "Option::is_none",
        with = "duration::optional_millis"
    )]
    pub timeout: Option<Duration>,
    /// How long a cancelled or timed out attempt may take to end by itself.
    #[serde(rename = "graceMs", with = "duration::millis")]
    pub grace: Duration,
    /// How many attempts may follow the first.
    pub retries: u32,
    /// The wait before the second attempt; `options` say how it grows.
    #[serde(rename = "backoffMs", with = "duration::millis")]
    pub backoff: Duration,
    /// Whether an execution whose agent vanished is tried again, rather than failed.
    pub retry_when_agent_lost: bool,
    /// The labels that an agent must have to run it; sorted, without repetition.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Higher goes first.
    pub priority: i32,
    /// How its executions are placed and repeated, besides what stands above.
    #[serde(default)]
    pub options: ExecutionOptions,
    /// Environment variables of its processes.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The Python version it asks for, as in `3.12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// What a run may use.
    #[serde(default)]
    pub limits: Limits,
    /// How far it wants to be confined.
    #[serde(default)]
    pub isolation: IsolationLevel,
    /// Whether a run's working directory is a copy of the package rather than an empty folder.
    #[serde(default)]
    pub runs_in_package: bool,
    /// Whether a failure leaves evidence: a screenshot where there is one, and the names and types of variables.
    #[serde(default)]
    pub evidence: bool,
    /// The tasks, if it is a robot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robot: Option<Box<Robot>>,
    /// What the entry function takes, as JSON Schema (`super::inputs`); `None` takes anything. It is read from
    /// the sources, so a manifest that was parsed from text alone has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Value>,
    /// What of the package is not heeded or not checked, for its author. Found in the files, as `inputs` is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    project: Project,
    #[serde(default)]
    tool: Tool,
}

/// The keys that matter here; PEP 621 has more, and they are the business of other tools.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    requires_python: Option<String>,
    dependencies: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Tool {
    openautomate: Option<Settings>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    entrypoint: Option<String>,
    runtime: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    timeout: Option<String>,
    grace: Option<String>,
    #[serde(default)]
    retries: u32,
    backoff: Option<String>,
    #[serde(default)]
    on_agent_lost: OnAgentLost,
    #[serde(default)]
    labels: BTreeSet<String>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    env: BTreeMap<String, String>,
    python: Option<String>,
    #[serde(default)]
    limits: limits::Table,
    queue_timeout: Option<String>,
    #[serde(default)]
    requires: placement::Requires,
    concurrency: Option<placement::Group>,
    #[serde(default)]
    retry: placement::Retry,
    #[serde(default)]
    isolation: IsolationLevel,
    workdir: Option<Workdir>,
    #[serde(default)]
    evidence: bool,
    /// Read with the signature (`super::inputs`).
    #[serde(default, rename = "inputs")]
    _inputs: serde::de::IgnoredAny,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Workdir {
    Empty,
    Package,
}

/// How much a `pyproject.toml` leaves to the other files of the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Openness {
    /// It says where the package begins.
    Nothing,
    /// It has settings, but not where the package begins.
    Entrypoint,
    /// It was not written for OpenAutomate.
    All,
}

impl Manifest {
    /// Reads the text of a `pyproject.toml`.
    ///
    /// `default_entrypoint` is what the runtime `python` runs if the text names nothing: the script that the
    /// archive has at its top, if it has just one.
    ///
    /// # Errors
    /// `Invalid` with `package.manifest`, `package.version` or `package.entrypoint`, naming the key and its
    /// cure, never a value of `env` or `command`.
    pub fn parse(text: &str, default_entrypoint: Option<&str>) -> Result<Self> {
        Self::parse_over(
            text,
            Found { entrypoint: default_entrypoint.map(str::to_owned), ..Found::default() },
        )
    }

    /// The same, with what the other files of the package say where the text says nothing.
    pub(super) fn parse_over(text: &str, found: Found) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
        let Document { project, tool: Tool { openautomate: settings } } = document;
        let settings = settings.unwrap_or_default();
        check_project(&project)?;
        let timeout = settings.timeout.as_deref().map(|text| positive("timeout", text)).transpose()?;
        let grace = settings.grace.as_deref().map(|text| duration::parse("grace", text)).transpose()?;
        let backoff = settings.backoff.as_deref().map(|text| duration::parse("backoff", text)).transpose()?;
        if grace.is_some_and(|grace| grace > MAX_GRACE) {
            return Err(wrong("tool.openautomate.grace", "is longer than an hour; shorten it"));
        }
        check_settings(&settings)?;
        let placement = placement::Tables {
            queue_timeout: settings.queue_timeout,
            requires: settings.requires,
            concurrency: settings.concurrency,
            retry: settings.retry,
        };
        let runtime = settings.runtime.unwrap_or_else(|| PYTHON.to_owned());
        let default = found.entrypoint.filter(|_| runtime == PYTHON);
        let entrypoint = settings.entrypoint.or(default);
        let named = project.version.or(found.version);
        let is_robot = entrypoint.as_deref() == Some(ROBOT);
        let manifest = Self {
            name: project.name.or(found.name),
            version: named.as_deref().map(version::parse).transpose()?,
            description: project.description.or(found.description).unwrap_or_default(),
            requires_python: project.requires_python.or(found.requires_python),
            dependencies: project.dependencies.unwrap_or(found.dependencies),
            entrypoint,
            runtime,
            command: settings.command,
            timeout,
            grace: grace.unwrap_or(DEFAULT_GRACE),
            retries: settings.retries,
            backoff: backoff.unwrap_or(DEFAULT_BACKOFF),
            retry_when_agent_lost: settings.on_agent_lost == OnAgentLost::Retry,
            labels: settings.labels.into_iter().collect(),
            priority: settings.priority,
            options: placement.check()?,
            env: settings.env,
            limits: settings.limits.check()?,
            isolation: settings.isolation,
            python: settings.python.or(found.python),
            runs_in_package: settings.workdir.map_or(found.runs_in_package, |dir| dir == Workdir::Package),
            evidence: settings.evidence,
            robot: found.robot.filter(|_| is_robot),
            inputs: None,
            notices: Vec::new(),
        };
        manifest.check_runtime()?;
        placement::check_retries(&manifest)?;
        Ok(manifest)
    }

    /// How much a text leaves to the other files of the package.
    pub(super) fn openness(text: &str) -> Result<Openness> {
        let document: Document = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
        let Some(settings) = document.tool.openautomate else { return Ok(Openness::All) };
        let is_open = settings.runtime.is_none_or(|runtime| runtime == PYTHON)
            && settings.entrypoint.is_none_or(|entrypoint| entrypoint == ROBOT);
        Ok(if is_open { Openness::Entrypoint } else { Openness::Nothing })
    }

    /// The environment variables of its processes: what the package asks for, and what its runs need to know
    /// of it.
    #[must_use]
    pub fn run_env(&self) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        if self.runs_in_package {
            env.insert(WORKDIR_VARIABLE.to_owned(), IN_PACKAGE.to_owned());
        }
        if self.evidence {
            env.insert(EVIDENCE_VARIABLE.to_owned(), "1".to_owned());
        }
        if let Some(robot) = self.robot.as_ref().and_then(|robot| serde_json::to_string(robot).ok()) {
            env.insert(ROBOT_VARIABLE.to_owned(), robot);
        }
        env
    }

    fn check_runtime(&self) -> Result<()> {
        match (self.runtime.as_str(), &self.entrypoint, self.command.is_empty()) {
            (COMMAND, Some(_), _) => Err(wrong(
                "tool.openautomate.entrypoint",
                "does not go with the runtime command; remove it and set command",
            )),
            (COMMAND, None, true) => Err(wrong(
                "tool.openautomate.command",
                "is missing; the runtime command needs a program and its arguments",
            )),
            (COMMAND, None, false) => Ok(()),
            (_, _, false) => Err(wrong(
                "tool.openautomate.command",
                "goes with runtime = \"command\" only; set that or remove it",
            )),
            (PYTHON, None, true) => Err(Error::invalid(
                "package.entrypoint",
                "the package has no entry point: set tool.openautomate.entrypoint in pyproject.toml to \
                 \"module:function\" or \"script.py\", or put one script at the top of the archive",
            )),
            (PYTHON, Some(text), true) if text == ROBOT && self.robot.is_none() => Err(wrong(
                "tool.openautomate.entrypoint",
                "is robot.yaml, and the package has none at its top; add it or name another entry point",
            )),
            (PYTHON, Some(text), true) => entrypoint::Entrypoint::parse(text).map(|_| ()),
            (_, Some(text), true) => check_text("tool.openautomate.entrypoint", text, MAX_TEXT),
            (_, None, true) => Ok(()),
        }
    }
}

fn check_project(project: &Project) -> Result<()> {
    if let Some(name) = &project.name {
        let fits = (1..=MAX_NAME).contains(&name.len());
        if !fits || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(wrong("project.name", "is not 1 to 100 letters, digits or any of . _ -; rename it"));
        }
    }
    if let Some(description) = &project.description {
        check_description("project.description", description)
            .map_err(|error| wrong("project.description", error.message()))?;
    }
    if let Some(python) = &project.requires_python {
        check_text("project.requires-python", python, MAX_TEXT)?;
    }
    let dependencies = project.dependencies.as_deref().unwrap_or_default();
    if dependencies.len() > MAX_DEPENDENCIES {
        return Err(wrong(
            "project.dependencies",
            "has more than 1,000 entries; drop those that others bring",
        ));
    }
    dependencies.iter().try_for_each(|text| check_text("project.dependencies", text, MAX_TEXT))
}

fn check_settings(settings: &Settings) -> Result<()> {
    if let Some(runtime) = &settings.runtime {
        let fits = (1..=63).contains(&runtime.len());
        if !fits || !runtime.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(wrong("tool.openautomate.runtime", "is not a name of a runtime, as in \"python\""));
        }
    }
    if settings.retries > MAX_RETRIES {
        return Err(wrong("tool.openautomate.retries", "is more than 100; lower it"));
    }
    if settings.labels.len() > MAX_LABELS {
        return Err(wrong("tool.openautomate.labels", "has more than 32 entries; drop some"));
    }
    for label in &settings.labels {
        check_label("tool.openautomate.labels", label)
            .map_err(|error| wrong("tool.openautomate.labels", error.message()))?;
    }
    if settings.command.len() > MAX_COMMAND || settings.command.first().is_some_and(String::is_empty) {
        return Err(wrong(
            "tool.openautomate.command",
            "has more than 200 parts or an empty program; correct it",
        ));
    }
    if settings.command.iter().any(|part| part.len() > MAX_ARGUMENT || part.contains('\0')) {
        return Err(wrong(
            "tool.openautomate.command",
            "has a part over 4,000 bytes or with a NUL; correct it",
        ));
    }
    if let Some(python) = &settings.python {
        let numbers = python.split('.').collect::<Vec<_>>();
        let is_number =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if numbers.len() > 3 || !numbers.iter().all(is_number) {
            return Err(wrong("tool.openautomate.python", "is not a version of Python, as in \"3.12\""));
        }
    }
    check_env(&settings.env)
}

fn check_env(env: &BTreeMap<String, String>) -> Result<()> {
    const KEY: &str = "tool.openautomate.env";
    if env.len() > MAX_ENV {
        return Err(wrong(KEY, "has more than 100 entries; drop some"));
    }
    let mut seen = BTreeSet::new();
    for (name, value) in env {
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let fits = name.len() <= MAX_ENV_NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !starts || !fits {
            let why = format!("has the name {}; use up to 128 letters, digits and _", shown(name));
            return Err(wrong(KEY, &why));
        }
        let upper = name.to_ascii_uppercase();
        if upper.starts_with("OPENAUTOMATE_") {
            return Err(wrong(
                KEY,
                &format!("sets {name}; names that begin with OPENAUTOMATE_ are taken, rename it"),
            ));
        }
        if value.len() > MAX_ENV_VALUE || value.contains('\0') {
            return Err(wrong(KEY, &format!("gives {name} a value over 32 KiB or with a NUL; shorten it")));
        }
        // Windows takes them for one.
        if !seen.insert(upper) {
            return Err(wrong(KEY, &format!("has {name} twice, in other letter case; keep one")));
        }
    }
    Ok(())
}

fn check_text(key: &str, text: &str, most: usize) -> Result<()> {
    if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
        return Err(wrong(
            key,
            &format!("has an entry that is empty, over {most} bytes or not one line; correct it"),
        ));
    }
    Ok(())
}

fn positive(field: &str, text: &str) -> Result<Duration> {
    let limit = duration::parse(field, text)?;
    if limit.is_zero() {
        return Err(wrong(&format!("tool.openautomate.{field}"), "is zero; leave it out for no limit"));
    }
    Ok(limit)
}

fn wrong(key: &str, why: &str) -> Error {
    Error::invalid("package.manifest", format!("{key} in pyproject.toml {why}"))
}

/// The parser's words without the lines of the file that it quotes, which may hold values of `env`.
fn unreadable(text: &str, error: &toml::de::Error) -> Error {
    let place = error.span().and_then(|span| text.get(..span.start));
    let line = place.map_or(1, |before| before.matches('\n').count() + 1);
    let said = error.message();
    // A value of a wrong type is quoted in the message.
    let said = if said.contains("invalid type") || said.contains("invalid value") {
        "a value has the wrong type"
    } else {
        said.lines().next().unwrap_or_default()
    };
    let said: String = said.chars().take(300).collect();
    Error::invalid(
        "package.manifest",
        format!("pyproject.toml can't be read: line {line}: {said}; correct it"),
    )
}

/// Serde of a version as its text; the `serde` feature of the semver crate is off.
mod version_text {
    use semver::Version;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<Version>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(version) => serializer.collect_str(version),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Version>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Version::parse(&text).map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests;
