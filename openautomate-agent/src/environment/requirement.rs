//! What a package asks for, and by which of its files.

use std::path::{Path, PathBuf};

use openautomate_core::package::entrypoint::{Entrypoint, MAX_SOURCE_BYTES};
use openautomate_core::package::foreign::{self, Metadata, ROBOT};
use openautomate_core::package::manifest;
use serde::Deserialize;

use super::failure::Failure;
use super::python::Wish;
use super::requirements_txt;

const MAX_LOCK_BYTES: u64 = 16 * 1024 * 1024;
const MAX_BYTES: u64 = 2 * 1024 * 1024;
const MAX_DEPENDENCIES: usize = 1_000;
const MAX_DEPENDENCY: usize = 2_000;

/// The file that says what is to be installed; the first that says something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `uv.lock`.
    Lock,
    /// `requirements.txt`.
    Requirements,
    /// `project.dependencies` in `pyproject.toml`.
    Project,
    /// The environment of a robot: `conda.yaml` or `package.yaml`, as `robot.yaml` names it.
    Robot,
    /// The metadata block of the script that is the entry point (PEP 723).
    Script,
    /// Nothing is.
    Nothing,
}

impl Source {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "uv.lock",
            Self::Requirements => "requirements.txt",
            Self::Project => "pyproject.toml",
            Self::Robot => "robot.yaml",
            Self::Script => "the script's metadata",
            Self::Nothing => "nothing",
        }
    }
}

/// What a package asks for.
#[derive(Clone, Debug)]
pub(crate) struct Requirement {
    pub(super) source: Source,
    /// What uv gets to read: path and text. The first one names the rest.
    pub(super) files: Vec<(String, String)>,
    /// What decides whether two packages share an environment.
    pub(super) identity: String,
    /// How many distributions it names.
    pub(super) distributions: usize,
    /// The indexes that a lock file takes from, other than pypi.org.
    pub(super) indexes: Vec<String>,
    pub(super) python: Wish,
    /// The package, if something in the package itself is to be installed: then it is not shared by versions.
    pub(super) local: Option<PathBuf>,
}

impl Requirement {
    /// Reads what an unpacked package asks for. `digest` names the content of the package. Blocks.
    ///
    /// # Errors
    /// [`Failure`] if a file can't be read or asks for what can't be.
    pub(crate) fn read(package: &Path, entrypoint: &str, digest: &str) -> Result<Self, Failure> {
        Self::of_package(package, entrypoint, digest)
            .map_err(|why| Failure::new(format!("what the package needs can't be read: {why}")))
    }

    fn of_package(package: &Path, entrypoint: &str, digest: &str) -> Result<Self, String> {
        let pyproject = small(package, "pyproject.toml", manifest::MAX_BYTES)?;
        let document: Document = pyproject
            .as_deref()
            .map_or_else(|| Ok(Document::default()), |text| parsed("pyproject.toml", text))?;
        let metadata = script_metadata(package, entrypoint)?;
        let robot = robot(package, entrypoint)?;
        let python = wish(package, &document, metadata.as_ref(), robot.as_ref())?;
        let lock = match &pyproject {
            Some(_) => small(package, "uv.lock", MAX_LOCK_BYTES)?,
            None => None,
        };
        if let (Some(lock), Some(pyproject)) = (lock, pyproject)
            && let Some(mut found) = of_lock(&lock)?
        {
            found.files = vec![("uv.lock".to_owned(), lock), ("pyproject.toml".to_owned(), pyproject)];
            return Ok(found.finish(python, package, digest));
        }
        // That of a robot is for those who work on it.
        if robot.is_none()
            && package.join("requirements.txt").is_file()
            && let Some(found) = of_requirements_txt(package)?
        {
            return Ok(found.finish(python, package, digest));
        }
        if let Some(found) = of_list(Source::Project, &document.project.dependencies, &document.tool.uv)? {
            return Ok(found.finish(python, package, digest));
        }
        if let Some(robot) = robot
            && let Some(found) = of_list(Source::Robot, &robot.dependencies, &UvSettings::default())?
        {
            return Ok(found.finish(python, package, digest));
        }
        if let Some(metadata) = metadata
            && let Some(found) = of_list(Source::Script, &metadata.project.dependencies, &metadata.tool.uv)?
        {
            return Ok(found.finish(python, package, digest));
        }
        Ok(Found::new(Source::Nothing).finish(python, package, digest))
    }

    /// Whether it needs no environment, if the agent's own Python is of this version.
    pub(super) fn is_met_by(&self, python_version: &str) -> bool {
        self.source == Source::Nothing && self.python.allows(python_version)
    }
}

/// What one source says.
struct Found {
    source: Source,
    files: Vec<(String, String)>,
    identity: Option<String>,
    distributions: usize,
    indexes: Vec<String>,
    is_local: bool,
}

impl Found {
    fn new(source: Source) -> Self {
        Self {
            source,
            files: Vec::new(),
            identity: None,
            distributions: 0,
            indexes: Vec::new(),
            is_local: false,
        }
    }

    fn finish(self, python: Wish, package: &Path, digest: &str) -> Requirement {
        let texts = || self.files.iter().map(|(name, text)| format!("{name}\0{text}\0")).collect();
        let mut identity: String = self.identity.unwrap_or_else(texts);
        if self.is_local {
            identity.push_str(digest);
        }
        Requirement {
            source: self.source,
            identity,
            files: self.files,
            distributions: self.distributions,
            indexes: self.indexes,
            python,
            local: self.is_local.then(|| package.to_owned()),
        }
    }
}

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    project: Project,
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    requires_python: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Tool {
    #[serde(default)]
    openautomate: OwnSettings,
    #[serde(default)]
    uv: UvSettings,
}

#[derive(Default, Deserialize)]
struct OwnSettings {
    python: Option<String>,
}

/// Where single distributions come from. The rest of the table is about development.
#[derive(Default, Deserialize)]
struct UvSettings {
    #[serde(default)]
    sources: toml::Table,
    index: Option<toml::Value>,
}

/// `tool.openautomate.python` or else `.python-version`, and whatever `requires-python` says.
fn wish(
    package: &Path,
    document: &Document,
    metadata: Option<&Document>,
    robot: Option<&foreign::Found>,
) -> Result<Wish, String> {
    let mut wish = Wish::default();
    match &document.tool.openautomate.python {
        Some(version) => wish.version("tool.openautomate.python", version)?,
        None => {
            let text = small(package, ".python-version", 4 * 1024)?.unwrap_or_default();
            let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
            if let Some(version) = line {
                wish.version(".python-version", version)?;
            }
        }
    }
    if let Some(text) = &document.project.requires_python {
        wish.requires("requires-python in pyproject.toml", text)?;
    }
    if let Some(text) = metadata.and_then(|metadata| metadata.project.requires_python.as_deref()) {
        wish.requires("requires-python of the script", text)?;
    }
    if let Some(text) = robot.and_then(|robot| robot.python.as_deref()) {
        wish.version("the robot's python", text)?;
    }
    if let Some(text) = robot.and_then(|robot| robot.requires_python.as_deref()) {
        wish.requires("the robot's python", text)?;
    }
    Ok(wish)
}

/// What the script says of itself, in the words of a `pyproject.toml`.
fn script_metadata(package: &Path, entrypoint: &str) -> Result<Option<Document>, String> {
    let Ok(Entrypoint::Script { path }) = Entrypoint::parse(entrypoint) else { return Ok(None) };
    // What is larger was refused when it was published, or is no source.
    let Ok(Some(source)) = small(package, &path, MAX_SOURCE_BYTES) else { return Ok(None) };
    let metadata = Metadata::of(&path, &source).map_err(|error| error.message().to_owned())?;
    let name = format!("the metadata of {path}");
    metadata.map(|metadata| parsed(&name, &metadata.pyproject)).transpose()
}

/// What the files of a robot say, if the package is run as one.
fn robot(package: &Path, entrypoint: &str) -> Result<Option<foreign::Found>, String> {
    if entrypoint != ROBOT {
        return Ok(None);
    }
    foreign::Found::in_folder(package).map(Some).map_err(|error| error.message().to_owned())
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    // Not the error itself, which quotes the file.
    toml::from_str(text).map_err(|error| format!("{name} can't be understood: {}; mend it", error.message()))
}

fn of_lock(text: &str) -> Result<Option<Found>, String> {
    let mut lock: toml::Table = parsed("uv.lock", text)?;
    let mut found = Found::new(Source::Lock);
    let packages = lock.get_mut("package").and_then(toml::Value::as_array_mut);
    for package in packages.into_iter().flatten().filter_map(toml::Value::as_table_mut) {
        let source = package.get("source").and_then(toml::Value::as_table);
        let at = |kind: &str| source.and_then(|source| source.get(kind)).and_then(toml::Value::as_str);
        if [at("virtual"), at("editable"), at("directory")].contains(&Some(".")) {
            // The package itself: it is not installed, so its version makes no difference.
            package.remove("version");
            continue;
        }
        found.distributions += 1;
        found.is_local |= ["virtual", "editable", "directory", "path"].iter().any(|kind| at(kind).is_some());
        if let Some(registry) = at("registry") {
            found.is_local |= !registry.contains("://");
            let is_known = registry.trim_end_matches('/') == "https://pypi.org/simple";
            if !is_known && registry.contains("://") && !found.indexes.iter().any(|known| known == registry) {
                found.indexes.push(registry.to_owned());
            }
        }
    }
    if found.distributions == 0 {
        return Ok(None);
    }
    let identity = serde_json::to_string(&lock).map_err(|_| "uv.lock can't be understood".to_owned())?;
    found.identity = Some(format!("uv.lock\0{identity}"));
    Ok(Some(found))
}

fn of_requirements_txt(package: &Path) -> Result<Option<Found>, String> {
    let mut files = Files::default();
    let read = requirements_txt::read(package, &mut files)?;
    if read.distributions == 0 {
        return Ok(None);
    }
    let mut found = Found::new(Source::Requirements);
    found.files = files.into_iter().collect();
    (found.distributions, found.is_local) = (read.distributions, read.is_local);
    Ok(Some(found))
}

/// A list of dependencies as PEP 508 writes them.
fn of_list(source: Source, dependencies: &[String], uv: &UvSettings) -> Result<Option<Found>, String> {
    let from = source.as_str();
    if dependencies.is_empty() {
        return Ok(None);
    }
    if dependencies.len() > MAX_DEPENDENCIES {
        return Err(format!(
            "{from} names more than {MAX_DEPENDENCIES} dependencies; drop what others bring"
        ));
    }
    let mut found = Found::new(source);
    found.distributions = dependencies.len();
    for dependency in dependencies {
        let text = dependency.trim();
        // It becomes a line of a file, where such a thing would be an option or run into the next.
        let is_line = !text.starts_with(['-', '#']) && !text.ends_with('\\');
        if text.is_empty() || text.len() > MAX_DEPENDENCY || text.contains(char::is_control) || !is_line {
            return Err(format!(
                "{from} has an entry among the dependencies that is no requirement; mend it"
            ));
        }
        found.is_local |= is_local(text);
    }
    if uv.sources.is_empty() {
        let lines: String = dependencies.iter().map(|text| format!("{}\n", text.trim())).collect();
        found.files = vec![("requirements.txt".to_owned(), lines)];
        return Ok(Some(found));
    }
    // Only a pyproject.toml says where single distributions come from.
    let mut project = toml::Table::new();
    project.insert("name".to_owned(), "openautomate-environment".into());
    project.insert("version".to_owned(), "0".into());
    project.insert("dependencies".to_owned(), dependencies.to_vec().into());
    let mut settings = toml::Table::new();
    settings.insert("sources".to_owned(), uv.sources.clone().into());
    if let Some(index) = &uv.index {
        settings.insert("index".to_owned(), index.clone());
    }
    let mut tool = toml::Table::new();
    tool.insert("uv".to_owned(), settings.into());
    let mut document = toml::Table::new();
    document.insert("project".to_owned(), project.into());
    document.insert("tool".to_owned(), tool.into());
    let text = toml::to_string(&document).map_err(|error| format!("{from} can't be understood: {error}"))?;
    found.is_local |= names_a_path(&toml::Value::Table(uv.sources.clone()));
    found.files = vec![("pyproject.toml".to_owned(), text)];
    Ok(Some(found))
}

fn names_a_path(sources: &toml::Value) -> bool {
    match sources {
        toml::Value::Table(table) => {
            table.iter().any(|(key, value)| key == "path" || key == "workspace" || names_a_path(value))
        }
        toml::Value::Array(items) => items.iter().any(names_a_path),
        _ => false,
    }
}

/// Whether a line of requirements may name a file in the package. Rather once too often: such an environment
/// is only shared less.
pub(super) fn is_local(line: &str) -> bool {
    let is_path = line.contains('/') && !line.contains("://");
    is_path || line.contains("file:") || line.split_whitespace().any(|word| word.ends_with(".whl"))
}

/// The text of a file in the package; `None` if there is none.
fn small(package: &Path, name: &str, most: u64) -> Result<Option<String>, String> {
    let path = package.join(name.split('/').collect::<PathBuf>());
    match path.symlink_metadata() {
        Ok(found) if !found.is_file() => return Ok(None),
        Ok(found) if found.len() > most => {
            return Err(format!("{name} is larger than {most} bytes; shorten it"));
        }
        Ok(_) => {}
        Err(_) => return Ok(None),
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{name} can't be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is no UTF-8 text; save it as UTF-8"))?;
    Ok(Some(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned)))
}

/// Files that uv gets to read, bounded together.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: Vec<(String, String)>,
}

impl Files {
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.iter().any(|(known, _)| known == name)
    }

    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    /// Reads a file of the package and keeps it.
    pub(super) fn read(&mut self, package: &Path, name: &str) -> Result<Option<String>, String> {
        let taken: usize = self.files.iter().map(|(_, text)| text.len()).sum();
        let left = MAX_BYTES.saturating_sub(taken as u64);
        let text = small(package, name, left)?;
        self.files.extend(text.iter().map(|text| (name.to_owned(), text.clone())));
        Ok(text)
    }
}

impl IntoIterator for Files {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.files.into_iter()
    }
}

#[cfg(test)]
mod tests;
