//! What one run may use.

use serde::{Deserialize, Serialize};

/// What one run, with all processes that it starts, may use; `None` is no limit. How far a limit reaches depends
/// on the machine: see `runner::process`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor time of each process, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Processes at one time; on Linux threads count too where a control group counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// Open files of each process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u32>,
    /// Bytes in the working folder; no single file gets larger either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Bytes of log that are kept; what follows is dropped, and one line says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<u64>,
    /// Log lines a second; a run that says more is slowed down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_lines_per_second: Option<u32>,
}

impl Limits {
    /// The smaller of each: what a package asks for, within what an agent gives.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        fn least<T: Ord + Copy>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self {
            memory_bytes: least(self.memory_bytes, other.memory_bytes),
            cpu_ms: least(self.cpu_ms, other.cpu_ms),
            processes: least(self.processes, other.processes),
            open_files: least(self.open_files, other.open_files),
            disk_bytes: least(self.disk_bytes, other.disk_bytes),
            log_bytes: least(self.log_bytes, other.log_bytes),
            log_lines_per_second: least(self.log_lines_per_second, other.log_lines_per_second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_each_counts() {
        let package = Limits { memory_bytes: Some(5), processes: Some(9), ..Limits::default() };
        let agent = Limits { memory_bytes: Some(7), open_files: Some(3), ..Limits::default() };
        let both = Limits { open_files: Some(3), ..package.clone() };
        assert_eq!(package.within(&agent), both);
        assert_eq!(agent.within(&package), both);
    }
}
