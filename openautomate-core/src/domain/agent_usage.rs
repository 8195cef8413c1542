//! How busy agents' machines are.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How busy a machine is, as its agent tells it with a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// How much of all its processors was busy since the heartbeat before, in thousandths.
    pub cpu_permille: u16,
    /// How much of its memory is in use, in bytes.
    pub memory_used_bytes: u64,
}

/// How busy a machine was in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePoint {
    /// When it was told; one a minute is kept.
    pub at: Timestamp,
    /// What was told.
    pub usage: Usage,
}

impl UsagePoint {
    /// How many are kept of an agent: a day of minutes.
    pub const KEPT: i64 = 24 * 60;

    /// Its place among those that are kept: the minute of the day. A later one in the same place replaces it.
    #[must_use]
    pub fn slot(&self) -> i64 {
        self.at.timestamp().div_euclid(60).rem_euclid(Self::KEPT)
    }
}
