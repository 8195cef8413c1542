//! Which Python a package wants, and which interpreters there are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use openautomate_core::domain::LogStream;
use openautomate_core::runner::process::{Exit, Mark, Program, ProgramEnd};
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;

/// The oldest that runs automations.
const OLDEST: &str = ">=3.10";
const PATIENCE: Duration = Duration::from_secs(20);

/// Which Python a package wants: all of these hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    parts: Vec<(String, VersionSpecifiers)>,
}

impl Wish {
    /// Wants a version as in `3`, `3.12` or `3.12.1`; `cpython-3.12` is the same as `3.12`.
    pub(super) fn version(&mut self, from: &str, text: &str) -> Result<(), String> {
        let bare = text.strip_prefix("cpython").or_else(|| text.strip_prefix("python")).unwrap_or(text);
        let bare = bare.trim_start_matches(['-', '@']);
        let numbers: Vec<&str> = bare.split('.').collect();
        let is_number =
            |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let specifiers = match numbers.len() {
            1 | 2 => format!("=={bare}.*"),
            _ => format!("=={bare}"),
        };
        let parsed = VersionSpecifiers::from_str(&specifiers).ok();
        let parsed = parsed.filter(|_| numbers.len() <= 3 && numbers.iter().all(is_number));
        let shown: String = text.chars().take(40).collect();
        let parsed = parsed
            .ok_or_else(|| format!("{from} names {shown:?}, which is no version of CPython, as in 3.12"))?;
        self.parts.push((format!("{from} {bare}"), parsed));
        Ok(())
    }

    /// Wants what `requires-python` says (PEP 440), as in `>=3.10,<3.13`.
    pub(super) fn requires(&mut self, from: &str, text: &str) -> Result<(), String> {
        let shown: String = text.chars().take(100).collect();
        let parsed = VersionSpecifiers::from_str(text)
            .map_err(|_| format!("{from} is {shown:?}, which is no version specifier, as in >=3.10"))?;
        self.parts.push((format!("{from} {shown}"), parsed));
        Ok(())
    }

    /// Whether a version is as wanted.
    pub(super) fn allows(&self, version: &str) -> bool {
        let Ok(version) = Version::from_str(version) else { return self.parts.is_empty() };
        self.parts.iter().all(|(_, wanted)| wanted.contains(&version))
    }

    /// As uv wants to be asked.
    pub(super) fn request(&self) -> String {
        let parts = self.parts.iter().flat_map(|(_, wanted)| wanted.iter().map(ToString::to_string));
        let mut all: Vec<String> = parts.collect();
        all.push(OLDEST.to_owned());
        all.join(",").replace(' ', "")
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.parts.iter().map(|(text, _)| text.as_str()).collect();
        f.write_str(&parts.join(" and "))
    }
}

/// An interpreter that was asked who it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// Where it lies.
    #[serde(skip)]
    pub(super) path: PathBuf,
    /// As in `3.12.1`.
    pub(super) version: String,
    /// As in `cpython-312`.
    pub(super) implementation: String,
    /// As in `linux-x86_64`.
    pub(super) platform: String,
}

impl Interpreter {
    /// Asks an interpreter who it is.
    pub(super) async fn ask(path: &Path, dir: &Path) -> Result<Self, Failure> {
        const ASK: &str = "import json, sys, sysconfig; print(json.dumps({\
            'version': '%d.%d.%d' % sys.version_info[:3], \
            'implementation': sys.implementation.cache_tag or sys.implementation.name, \
            'platform': sysconfig.get_platform()}))";
        let silent = || {
            Failure::new(format!(
                "the interpreter {} does not say who it is; name another by --python",
                path.display()
            ))
        };
        let mut said = String::new();
        let program =
            Program::new(path, dir, Mark::program(&format!("interpreter-{}", uuid::Uuid::new_v4())))
                .args(["-I", "-c", ASK]);
        let each = |stream, line: String| {
            if stream == LogStream::Stdout {
                said = line;
            }
        };
        match program.run(PATIENCE, &CancellationToken::new(), each).await {
            Ok(ProgramEnd::Exited(Exit::Code(0))) => {}
            _ => return Err(silent()),
        }
        let found: Self = serde_json::from_str(&said).map_err(|_| silent())?;
        Ok(Self { path: path.to_owned(), ..found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(version: Option<&str>, requires: &[&str]) -> Wish {
        let mut wish = Wish::default();
        if let Some(version) = version {
            wish.version(".python-version", version).unwrap();
        }
        for text in requires {
            wish.requires("requires-python", text).unwrap();
        }
        wish
    }

    #[test]
    fn versions_are_compared_as_python_does() {
        assert!(wish(None, &[]).allows("3.11.7"));
        assert!(wish(Some("3.11"), &[">=3.10"]).allows("3.11.7"));
        assert!(wish(Some("3"), &["~=3.10", "!=3.9.*"]).allows("3.12.0"));
        assert!(wish(Some("cpython-3.11.7"), &[]).allows("3.11.7"));
        for (version, requires) in
            [(Some("3.1"), ">=3"), (None, "<3.11"), (Some("3.11.8"), ">=3"), (None, "==3.11")]
        {
            assert!(!wish(version, &[requires]).allows("3.11.7"), "{version:?} {requires}");
        }
    }

    #[test]
    fn uv_is_asked_for_all_of_it() {
        assert_eq!(wish(Some("3.12"), &[">= 3.10, <4"]).request(), "==3.12.*,>=3.10,<4,>=3.10");
        assert_eq!(wish(None, &[]).request(), ">=3.10");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["pypy3.10", "3.13t", "my-env", "3.12.1.2", "", "3.", "../x"] {
            assert!(Wish::default().version("x", text).is_err(), "{text}");
        }
        assert!(Wish::default().requires("x", "three").is_err());
    }
}
