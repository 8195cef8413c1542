//! The table `[tool.openautomate.limits]` of a `pyproject.toml`.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use crate::domain::Limits;
use crate::error::{Error, Result};

const SMALLEST_MEMORY: u64 = 16 * 1024 * 1024;

/// As it is written: sizes as text with a unit, times as everywhere else.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    memory: Option<String>,
    cpu: Option<String>,
    processes: Option<u32>,
    open_files: Option<u32>,
    disk: Option<String>,
    log: Option<String>,
    log_lines_per_second: Option<u32>,
}

impl Table {
    pub(super) fn check(self) -> Result<Limits> {
        let cpu = self.cpu.as_deref().map(|text| duration::parse("limits.cpu", text)).transpose()?;
        if cpu.is_some_and(|cpu| cpu < Duration::from_secs(1)) {
            return Err(wrong("cpu", "is less than a second; raise it"));
        }
        let memory_bytes = size("memory", self.memory.as_deref())?;
        if memory_bytes.is_some_and(|bytes| bytes < SMALLEST_MEMORY) {
            return Err(wrong("memory", "is less than 16M, in which no interpreter starts; raise it"));
        }
        if self.open_files.is_some_and(|files| files < 16) {
            return Err(wrong("open-files", "is less than 16; raise it"));
        }
        if self.processes == Some(0) || self.log_lines_per_second == Some(0) {
            return Err(wrong("processes", "or log-lines-per-second is 0; raise it"));
        }
        Ok(Limits {
            memory_bytes,
            cpu_ms: cpu.map(|cpu| u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX)),
            processes: self.processes,
            open_files: self.open_files,
            disk_bytes: size("disk", self.disk.as_deref())?,
            log_bytes: size("log", self.log.as_deref())?,
            log_lines_per_second: self.log_lines_per_second,
        })
    }
}

fn size(key: &str, text: Option<&str>) -> Result<Option<u64>> {
    let Some(text) = text else { return Ok(None) };
    parse_size(text).map(Some).ok_or_else(|| wrong(key, "is no size of the form 512M, 2G or 100K"))
}

/// A size as in `512M`: a whole number with K, M or G (of 1,024), or bytes without.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 1 << 10),
        (at, 'M' | 'm') => (&text[..at], 1 << 20),
        (at, 'G' | 'g') => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

fn wrong(key: &str, why: &str) -> Error {
    Error::invalid("package.manifest", format!("tool.openautomate.limits.{key} in pyproject.toml {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::manifest::Manifest;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("512M"), Some(512 << 20));
        assert_eq!(parse_size(" 2g "), Some(2 << 30));
        assert_eq!(parse_size("100"), Some(100));
        for text in ["", "M", "-1M", "1.5G", "0", "1MB", "99999999999999999999", "99999999999999G", "½G"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn the_table_is_checked() {
        let parse =
            |table: &str| Manifest::parse(&format!("[tool.openautomate.limits]\n{table}"), Some("main.py"));
        let limits =
            parse("memory = '512M'\ncpu = '2m'\nprocesses = 20\nopen-files = 100\ndisk = '1G'\nlog = '5M'")
                .unwrap()
                .limits;
        assert_eq!((limits.memory_bytes, limits.cpu_ms), (Some(512 << 20), Some(120_000)));
        assert_eq!((limits.disk_bytes, limits.log_bytes), (Some(1 << 30), Some(5 << 20)));
        assert_eq!(parse("").unwrap().limits, Limits::default());
        for table in [
            "memory = '1K'",
            "memory = 'much'",
            "cpu = '1ms'",
            "processes = 0",
            "open-files = 3",
            "log-lines-per-second = 0",
            "disk = '0'",
            "other = 1",
        ] {
            let error = parse(table).unwrap_err();
            assert_eq!(error.code(), "package.manifest", "{table}");
        }
    }
}
