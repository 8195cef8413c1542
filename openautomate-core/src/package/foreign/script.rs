//! Plain scripts, and the metadata at their top (PEP 723).

use super::Found;
use crate::error::{Error, Result};
use crate::package::shown;

const BEGIN: &str = "# /// script";
const END: &str = "# ///";

/// `main.py` at the top, or the only script there.
pub(super) fn find(names: &[String]) -> Found {
    let top = |name: &&String| !name.contains('/') && name.ends_with(".py");
    let mut scripts = names.iter().filter(top);
    let first = scripts.clone().find(|name| *name == "main.py").or_else(|| scripts.next());
    let is_clear = |first: &&String| *first == "main.py" || scripts.next().is_none();
    let entrypoint = first.filter(is_clear).cloned();
    Found { runs_in_package: entrypoint.is_some(), entrypoint, ..Found::default() }
}

/// The metadata of a script (PEP 723).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The same, as a `pyproject.toml` would say it.
    pub pyproject: String,
}

impl Metadata {
    /// Reads the metadata at the top of a source, if it has any.
    ///
    /// # Errors
    /// `Invalid` with `package.manifest` if there are two blocks, or one is no TOML.
    pub fn of(script: &str, source: &str) -> Result<Option<Self>> {
        let wrong = |why: &str| {
            Error::invalid("package.manifest", format!("the metadata in {} {why}; correct it", shown(script)))
        };
        let mut blocks = blocks(source);
        let Some(block) = blocks.pop() else { return Ok(None) };
        if !blocks.is_empty() {
            return Err(wrong("comes twice"));
        }
        let mut said: toml::Table = toml::from_str(&block).map_err(|_| wrong("is no TOML"))?;
        let mut project = toml::Table::new();
        for key in ["dependencies", "requires-python"] {
            if let Some(value) = said.remove(key) {
                project.insert(key.to_owned(), value);
            }
        }
        let mut all = toml::Table::new();
        all.insert("project".to_owned(), project.into());
        if let Some(tool) = said.remove("tool") {
            all.insert("tool".to_owned(), tool);
        }
        let pyproject = toml::to_string(&all).map_err(|_| wrong("can't be told again"))?;
        Ok(Some(Self { pyproject }))
    }
}

/// The contents of the blocks that are called `script`.
fn blocks(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim_end() != BEGIN {
            at += 1;
            continue;
        }
        let is_inside = |line: &&&str| line.starts_with("# ") || line.trim_end() == "#";
        let length = lines[at + 1..].iter().take_while(is_inside).count();
        let inside = &lines[at + 1..at + 1 + length];
        // The last line that may end it does; a block without an end is none.
        if let Some(end) = inside.iter().rposition(|line| line.trim_end() == END) {
            let content = inside[..end].iter().map(|line| line.strip_prefix("# ").unwrap_or_default());
            found.push(content.collect::<Vec<_>>().join("\n"));
        }
        at += 1 + length;
    }
    found
}
