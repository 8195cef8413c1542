//! The environment of a robot: `conda.yaml`, or `package.yaml` in its newer form. What pip installs is taken;
//! what only conda can install is named in a notice.

use serde::Deserialize;

use super::requirements::{self, Line};
use super::yaml::{self, Ordered};
use super::{Files, Found, MAX_FILE};
use crate::error::Result;

#[derive(Deserialize)]
struct Conda {
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    /// Of conda, as in `python=3.10.12`.
    Conda(String),
    /// `pip:` with a list.
    Pip(Ordered<Vec<String>>),
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    description: Option<String>,
    version: Option<String>,
    #[serde(default)]
    dependencies: Ordered<Vec<String>>,
}

/// Adds what the first of these files that is there asks for.
pub(super) fn read(names: &[String], files: &mut dyn Files, found: &mut Found) -> Result<()> {
    for name in names {
        let Some(text) = files.text(name, MAX_FILE)? else { continue };
        let is_package = name.rsplit('/').next() == Some("package.yaml");
        return if is_package { package(name, &text, found) } else { conda(name, &text, found) };
    }
    Ok(())
}

fn conda(name: &str, text: &str, found: &mut Found) -> Result<()> {
    let file: Conda = yaml::read(name, text)?;
    for dependency in file.dependencies {
        match dependency {
            Dependency::Conda(spec) => of_conda(name, &spec, found),
            Dependency::Pip(lists) => {
                let specs = lists.0.into_iter().filter(|(key, _)| key == "pip").flat_map(|(_, specs)| specs);
                specs.for_each(|spec| of_pip(name, &spec, found));
            }
        }
    }
    Ok(())
}

fn package(name: &str, text: &str, found: &mut Found) -> Result<()> {
    let file: Package = yaml::read(name, text)?;
    let is_name = |text: &String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    found.name = file.name.filter(|text| (1..=100).contains(&text.len()) && is_name(text));
    found.description = file.description;
    found.version = file.version.filter(|text| semver::Version::parse(text).is_ok());
    for (key, specs) in file.dependencies.0 {
        for spec in specs {
            match key.as_str() {
                "pypi" => of_pip(name, &pinned(&spec), found),
                "conda-forge" => of_conda(name, &spec, found),
                _ => not_heeded(name, &format!("{key}: {spec}"), found),
            }
        }
    }
    Ok(())
}

/// `name=1.2` of a `package.yaml` is `name==1.2` of pip.
fn pinned(spec: &str) -> String {
    match spec.split_once('=') {
        Some((name, version))
            if !version.starts_with('=')
                && !name.ends_with(['<', '>', '!', '~', '='])
                && !version.contains('=') =>
        {
            format!("{}=={}", name.trim_end(), version.trim_start())
        }
        _ => spec.to_owned(),
    }
}

fn of_pip(name: &str, spec: &str, found: &mut Found) {
    match requirements::plain(spec) {
        Line::Empty => {}
        Line::Requirement(requirement) => found.dependencies.push(requirement),
        Line::Option(option) => not_heeded(name, &option, found),
    }
}

fn of_conda(name: &str, spec: &str, found: &mut Found) {
    // A channel may stand before the name.
    let spec = spec.rsplit("::").next().unwrap_or_default().trim();
    let end = spec.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(spec.len());
    let (package, version) = (spec[..end].to_ascii_lowercase(), spec[end..].trim());
    match package.as_str() {
        "python" => python(version, found),
        // What installs the rest is the agent's business.
        "pip" | "uv" | "setuptools" | "wheel" => {}
        _ => not_heeded(name, &package, found),
    }
}

/// The Python of a robot: `=3.10.12` asks for 3.10, `>=3.9` is a bound.
fn python(version: &str, found: &mut Found) {
    let exact = version.trim_start_matches('=').trim();
    if version.starts_with('=') {
        let numbers: Vec<&str> = exact.split('.').take(2).collect();
        let is_number =
            |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if numbers.iter().all(is_number) {
            found.python = Some(numbers.join("."));
        }
    } else if version.starts_with(['<', '>', '!', '~']) {
        found.requires_python = Some(version.to_owned());
    }
}

fn not_heeded(name: &str, what: &str, found: &mut Found) {
    const MAX_NOTICES: usize = 50;
    if found.notices.len() < MAX_NOTICES {
        let what: String = what.chars().filter(|c| !c.is_control()).take(80).collect();
        found.notices.push(format!(
            "{name}: {what} is not installed, since only what pip installs is; have it on the agent's machine"
        ));
    }
}
