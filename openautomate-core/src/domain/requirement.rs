//! What an execution asks of its agent, and what an agent offers: where an execution may run.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::domain::{Agent, Execution};
use crate::error::{Error, Result};
use crate::id::{AgentId, EnvironmentId, PoolId};

/// The most characters of a version specifier.
const MAX_SPECIFIER: usize = 200;
/// The most clauses of a version specifier.
const MAX_CLAUSES: usize = 16;
/// The most digits of a part of a version; what is longer is no Python.
const MAX_DIGITS: usize = 3;

/// The operating systems that can be asked for, as agents tell them (`std::env::consts::OS`).
pub const OPERATING_SYSTEMS: [&str; 3] = ["linux", "windows", "macos"];

/// What an execution asks of its agent, besides labels and a pin. All of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Requirements {
    /// The operating system, one of [`OPERATING_SYSTEMS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// One of the agent's interpreters is within this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<PythonRequirement>,
    /// The agent is in this pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<PoolId>,
}

/// Checks the name of an operating system.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_os(field: &'static str, os: &str) -> Result<()> {
    if OPERATING_SYSTEMS.contains(&os) {
        return Ok(());
    }
    Err(Error::invalid_field(field, "is none of linux, windows and macos"))
}

/// A version specifier (PEP 440) over releases of Python, as in `>=3.11,<4`, and the versions that it allows.
///
/// The versions stand as ranges of numbers, so that a database can compare them: 3.12.1 is 3012001. Both ends
/// belong to a range; the ranges are sorted and don't touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonRequirement {
    specifier: String,
    ranges: Vec<(u32, u32)>,
}

impl PythonRequirement {
    /// Reads a specifier: clauses with commas between, each `==`, `!=` (both also with `.*`), `>=`, `<=`, `>`,
    /// `<` or `~=` and a version of one to three numbers.
    ///
    /// # Errors
    /// `Invalid`, naming `field`: no such specifier, or one that no version satisfies.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        const FORM: &str = "is no version specifier (PEP 440) of release numbers, as in >=3.11,<4";
        let wrong = |why: &str| Error::invalid_field(field, why.to_owned());
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_SPECIFIER || text.split(',').count() > MAX_CLAUSES {
            return Err(wrong(FORM));
        }
        let mut ranges = vec![(0, u32::MAX)];
        for clause in text.split(',') {
            let clause = allowed(clause.trim()).ok_or_else(|| wrong(FORM))?;
            ranges = intersection(&ranges, &clause);
        }
        if ranges.is_empty() {
            return Err(wrong("is satisfied by no version; correct it"));
        }
        Ok(Self { specifier: text.to_owned(), ranges })
    }

    /// The text that was read.
    #[must_use]
    pub fn specifier(&self) -> &str {
        &self.specifier
    }

    /// Whether a version as in `3.12.1` is allowed. What is no release number is not.
    #[must_use]
    pub fn allows(&self, version: &str) -> bool {
        let number = version_number(version);
        number
            .is_some_and(|number| self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number)))
    }
}

/// The number that stands for a version as in `3.12.1`; `None` if it is no release of up to three numbers.
#[must_use]
pub fn version_number(version: &str) -> Option<u32> {
    let release = release(version)?;
    Some(number_of(&release))
}

fn release(text: &str) -> Option<Vec<u32>> {
    let parts: Vec<u32> = text
        .split('.')
        .map(|part| {
            let fits = (1..=MAX_DIGITS).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse().ok() } else { None }
        })
        .collect::<Option<_>>()?;
    (1..=3).contains(&parts.len()).then_some(parts)
}

fn number_of(release: &[u32]) -> u32 {
    let part = |index: usize| release.get(index).copied().unwrap_or(0);
    part(0) * 1_000_000 + part(1) * 1_000 + part(2)
}

/// The numbers of every version that begins with these parts.
fn beginning_with(release: &[u32]) -> (u32, u32) {
    let width = [1_000_000, 1_000, 1][release.len() - 1];
    let first = number_of(release);
    (first, first + width - 1)
}

fn without((first, last): (u32, u32)) -> Vec<(u32, u32)> {
    let mut rest = Vec::with_capacity(2);
    if first > 0 {
        rest.push((0, first - 1));
    }
    if last < u32::MAX {
        rest.push((last + 1, u32::MAX));
    }
    rest
}

/// What one clause allows.
fn allowed(clause: &str) -> Option<Vec<(u32, u32)>> {
    let split = clause.find(|c: char| !"=!<>~".contains(c))?;
    let (operator, version) = (&clause[..split], clause[split..].trim());
    if let Some(prefix) = version.strip_suffix(".*") {
        let range = beginning_with(&release(prefix)?);
        return match operator {
            "==" => Some(vec![range]),
            "!=" => Some(without(range)),
            _ => None,
        };
    }
    let release = release(version)?;
    let number = number_of(&release);
    match operator {
        "==" => Some(vec![(number, number)]),
        "!=" => Some(without((number, number))),
        ">=" => Some(vec![(number, u32::MAX)]),
        ">" => Some(vec![(number + 1, u32::MAX)]),
        "<=" => Some(vec![(0, number)]),
        "<" => Some(if number > 0 { vec![(0, number - 1)] } else { Vec::new() }),
        "~=" if release.len() > 1 => {
            let (_, last) = beginning_with(&release[..release.len() - 1]);
            Some(vec![(number, last)])
        }
        _ => None,
    }
}

fn intersection(one: &[(u32, u32)], other: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut both = Vec::new();
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(&&a), Some(&&b)) = (left.peek(), right.peek()) {
        let (first, last) = (a.0.max(b.0), a.1.min(b.1));
        if first <= last {
            both.push((first, last));
        }
        match a.1.cmp(&b.1) {
            Ordering::Less => drop(left.next()),
            Ordering::Greater => drop(right.next()),
            Ordering::Equal => {
                left.next();
                right.next();
            }
        }
    }
    both
}

/// What an agent brings to the question whether an execution suits it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Which agent.
    pub agent_id: AgentId,
    /// Where it works.
    pub environment_id: EnvironmentId,
    /// Its labels.
    pub labels: &'a [String],
    /// Its operating system, as it told.
    pub os: &'a str,
    /// Its interpreters, as it told.
    pub python_versions: &'a [String],
    /// The pools that it is in.
    pub pool_ids: &'a [PoolId],
}

impl Agent {
    /// What it brings.
    #[must_use]
    pub fn offer(&self) -> Offer<'_> {
        Offer {
            agent_id: self.id,
            environment_id: self.environment_id,
            labels: &self.labels,
            os: &self.facts.os,
            python_versions: &self.facts.python_versions,
            pool_ids: &self.pool_ids,
        }
    }
}

/// Why an agent may not have an execution, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Mismatch {
    /// It works in another environment.
    Environment,
    /// The execution is pinned to another agent.
    Pinned,
    /// It lacks a label.
    Label {
        /// Which.
        label: String,
    },
    /// It has another operating system.
    Os,
    /// None of its interpreters is within the requirement.
    Python,
    /// It is not in the pool.
    Pool,
}

impl Execution {
    /// Everything by which an agent does not suit; nothing if it may have the execution. Stores decide a claim by
    /// the same rule.
    #[must_use]
    pub fn mismatches(&self, offer: &Offer<'_>) -> Vec<Mismatch> {
        let mut found = Vec::new();
        if self.environment_id != offer.environment_id {
            found.push(Mismatch::Environment);
        }
        if self.pinned_agent_id.is_some_and(|agent| agent != offer.agent_id) {
            found.push(Mismatch::Pinned);
        }
        let missing = self.labels.iter().filter(|label| !offer.labels.contains(label));
        found.extend(missing.map(|label| Mismatch::Label { label: label.clone() }));
        let Requirements { os, python, pool_id } = &self.requirements;
        if os.as_ref().is_some_and(|os| os != offer.os) {
            found.push(Mismatch::Os);
        }
        let fits = |python: &PythonRequirement| offer.python_versions.iter().any(|v| python.allows(v));
        if python.as_ref().is_some_and(|python| !fits(python)) {
            found.push(Mismatch::Python);
        }
        if pool_id.is_some_and(|pool| !offer.pool_ids.contains(&pool)) {
            found.push(Mismatch::Pool);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use pep440_rs::{Version, VersionSpecifiers};
    use proptest::prelude::*;

    use super::*;

    fn python(text: &str) -> PythonRequirement {
        PythonRequirement::parse("python", text).unwrap()
    }

    #[test]
    fn what_is_no_specifier_is_refused() {
        for text in
            ["", "3.12", ">=", ">=3.x", "===3.12", "~=3", ">=3.12rc1", ">3.*", "1!3.12", ">=3.1.2.3", "x"]
        {
            assert!(PythonRequirement::parse("python", text).is_err(), "{text}");
        }
        assert!(PythonRequirement::parse("python", ">=3.12,<3.11").is_err(), "nothing satisfies it");
        assert!(PythonRequirement::parse("python", &">=3.10,".repeat(30)).is_err());
    }

    #[test]
    fn what_is_no_release_is_not_allowed() {
        for version in ["", "3.13.0rc1", "x", "3.12.1.2"] {
            assert!(!python(">=3.0").allows(version), "{version}");
        }
    }

    proptest! {
        /// The reference is the crate that the agent reads specifiers with.
        #[test]
        fn versions_are_compared_as_pep_440_says(
            clauses in prop::collection::vec(
                (prop::sample::select(vec!["==", "!=", ">=", "<=", ">", "<", "~="]), 2_u32..5, 0_u32..4, 0_u32..4, 1_usize..4, any::<bool>()),
                1..4,
            ),
            version in (2_u32..5, 0_u32..4, 0_u32..4),
        ) {
            let clause = |(operator, x, y, z, parts, star): (&str, u32, u32, u32, usize, bool)| {
                let parts = if operator == "~=" { parts.max(2) } else { parts };
                let numbers: Vec<String> = [x, y, z][..parts].iter().map(u32::to_string).collect();
                let star = if star && ["==", "!="].contains(&operator) { ".*" } else { "" };
                format!("{operator}{}{star}", numbers.join("."))
            };
            let text = clauses.into_iter().map(clause).collect::<Vec<_>>().join(",");
            let version = format!("{}.{}.{}", version.0, version.1, version.2);
            let reference = VersionSpecifiers::from_str(&text).unwrap();
            let allowed = reference.contains(&Version::from_str(&version).unwrap());
            match PythonRequirement::parse("python", &text) {
                Ok(python) => prop_assert_eq!(python.allows(&version), allowed, "{} {}", text, version),
                Err(_) => prop_assert!(!allowed, "{} {}", text, version),
            }
        }
    }
}
