//! Version numbers: Python's (PEP 440) read as the platform's (SemVer 2.0.0).
//!
//! SemVer has no place for epochs, post-releases and development releases that keeps their order, so those
//! are refused rather than bent.

use semver::{BuildMetadata, Prerelease, Version};

use super::shown;
use crate::error::{Error, Result};

const MAX_LENGTH: usize = 64;

/// Reads PEP 440, or SemVer where that fails: `1.2` is 1.2.0, `1.2.0rc1` is 1.2.0-rc.1, `2026.01.05` is
/// 2026.1.5, `1.2.0-nightly` is itself.
pub(super) fn parse(text: &str) -> Result<Version> {
    if text.len() > MAX_LENGTH {
        return Err(refused(text, "is longer than 64 characters"));
    }
    match pep440(&text.trim().to_ascii_lowercase()) {
        Ok(version) => Ok(version),
        // Python orders these otherwise than SemVer would, so SemVer must not have a try at them.
        Err(why @ (Refusal::Epoch | Refusal::Post | Refusal::Development)) => {
            Err(refused(text, why.as_str()))
        }
        Err(why) => Version::parse(text).map_err(|_| refused(text, why.as_str())),
    }
}

#[derive(Clone, Copy)]
enum Refusal {
    Unreadable,
    ManyNumbers,
    Epoch,
    Post,
    Development,
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "can't be read",
            Self::ManyNumbers => "has more than three numbers",
            Self::Epoch => "has an epoch",
            Self::Post => "is a post-release",
            Self::Development => "is a development release",
        }
    }
}

fn pep440(lower: &str) -> std::result::Result<Version, Refusal> {
    let rest = lower.strip_prefix('v').unwrap_or(lower);
    if rest.contains('!') {
        return Err(Refusal::Epoch);
    }
    let (public, local) = match rest.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (rest, None),
    };
    let end = public.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(public.len());
    let (mut release, suffix) = (&public[..end], &public[end..]);
    if !suffix.is_empty() {
        release = release.strip_suffix('.').unwrap_or(release);
    }
    let [major, minor, patch] = release_numbers(release)?;
    let mut version = Version::new(major, minor, patch);
    version.pre = prerelease(suffix)?;
    if let Some(local) = local {
        let is_empty = local.is_empty();
        let build = BuildMetadata::new(&local.replace(['-', '_'], ".")).ok().filter(|_| !is_empty);
        version.build = build.ok_or(Refusal::Unreadable)?;
    }
    Ok(version)
}

fn release_numbers(release: &str) -> std::result::Result<[u64; 3], Refusal> {
    let mut numbers = [0; 3];
    for (index, part) in release.split('.').enumerate() {
        let number: u64 = part.parse().map_err(|_| Refusal::Unreadable)?;
        match numbers.get_mut(index) {
            Some(place) => *place = number,
            None if number == 0 => {}
            None => return Err(Refusal::ManyNumbers),
        }
    }
    Ok(numbers)
}

fn prerelease(suffix: &str) -> std::result::Result<Prerelease, Refusal> {
    if suffix.is_empty() {
        return Ok(Prerelease::EMPTY);
    }
    let is_separator = ['-', '_', '.'];
    let bare = suffix.strip_prefix(is_separator).unwrap_or(suffix);
    let end = bare.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(bare.len());
    let (word, rest) = bare.split_at(end);
    let word = match word {
        "a" | "alpha" => "alpha",
        "b" | "beta" => "beta",
        "c" | "rc" | "pre" | "preview" => "rc",
        "post" | "rev" | "r" => return Err(Refusal::Post),
        "" if suffix.starts_with('-') && rest.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(Refusal::Post);
        }
        "dev" => return Err(Refusal::Development),
        _ => return Err(Refusal::Unreadable),
    };
    let rest = rest.strip_prefix(is_separator).unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    match rest[end..].trim_start_matches(is_separator) {
        "" => {}
        more if more.starts_with("dev") => return Err(Refusal::Development),
        more if more.starts_with("post") => return Err(Refusal::Post),
        _ => return Err(Refusal::Unreadable),
    }
    let number: u64 = if end == 0 { 0 } else { rest[..end].parse().map_err(|_| Refusal::Unreadable)? };
    Prerelease::new(&format!("{word}.{number}")).map_err(|_| Refusal::Unreadable)
}

fn refused(text: &str, why: &str) -> Error {
    Error::invalid(
        "package.version",
        format!(
            "the version {} {why}; write one that SemVer can order, as in 1.2.3 or 1.2.3rc1",
            shown(text)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_versions_become_semver() {
        for (python, semver) in [
            ("1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("7", "7.0.0"),
            ("v1.2", "1.2.0"),
            ("1.2.0.0", "1.2.0"),
            ("2026.01.05", "2026.1.5"),
            ("1.2a1", "1.2.0-alpha.1"),
            ("1.2.0b2", "1.2.0-beta.2"),
            ("1.2.0RC1", "1.2.0-rc.1"),
            ("1.2.0.rc.1", "1.2.0-rc.1"),
            ("1.2.0rc", "1.2.0-rc.0"),
            ("1.2.0-rc.1", "1.2.0-rc.1"),
            ("1.2+linux_1", "1.2.0+linux.1"),
            ("1.2.0-nightly.5", "1.2.0-nightly.5"),
        ] {
            assert_eq!(parse(python).unwrap().to_string(), semver, "{python}");
        }
    }

    #[test]
    fn order_is_kept() {
        let versions = ["1.0a1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0.1rc1", "1.0.1", "1.10"];
        let read: Vec<_> = versions.iter().map(|text| parse(text).unwrap()).collect();
        assert!(read.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn what_semver_cannot_order_is_refused() {
        for text in [
            "",
            "x",
            "1!1.0",
            "1.2.3.4",
            "1.0.post1",
            "1.0-1",
            "1.0.0-1",
            "1.0.0-dev.3",
            "1.0rc1.post2",
            "1.0.dev3",
            "1.0a1.dev2",
            "1..2",
            "1.0 beta!",
            "1.2.x",
            "99999999999999999999",
            "1.0+",
            "é",
        ] {
            assert_eq!(parse(text).unwrap_err().code(), "package.version", "{text}");
        }
    }
}
