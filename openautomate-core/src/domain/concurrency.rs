//! How many executions may be with agents at once: in an environment, of a package, of a key.
//!
//! What holds a place is an execution that is leased. So whatever ends a lease gives the place back with it, and
//! there is no count that could differ from the rows.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::PackageId;

/// The most characters of a key.
const MAX_KEY: usize = 200;
/// The highest limit.
pub const MAX_CONCURRENT: u32 = 100_000;

/// The group that an execution belongs to: of those in its environment with the same key, no more than `limit` are
/// with agents when it is given to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Concurrency {
    /// The name of the group.
    pub key: String,
    /// At least 1.
    pub limit: u32,
}

impl Concurrency {
    /// Checks key and limit.
    ///
    /// # Errors
    /// `Invalid`, naming `concurrency`.
    pub fn check(&self) -> Result<()> {
        let length = self.key.chars().count();
        if length == 0 || length > MAX_KEY || self.key.chars().any(char::is_control) {
            let why = format!("has a key that is not 1 to {MAX_KEY} characters without control characters");
            return Err(Error::invalid_field("concurrency", why));
        }
        check_limit("concurrency", self.limit)
    }
}

/// Checks a limit.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_limit(field: &'static str, limit: u32) -> Result<()> {
    if (1..=MAX_CONCURRENT).contains(&limit) {
        return Ok(());
    }
    Err(Error::invalid_field(field, format!("has a limit that is not between 1 and {MAX_CONCURRENT}")))
}

/// What a limit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConcurrencyScope {
    /// All executions of the environment.
    Environment,
    /// Those of the package in the environment.
    Package,
    /// Those of the environment with the key.
    Key,
}

/// The limits that operators set, as one environment sees them. A key's limit comes with the execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    /// Of the environment.
    pub environment: Option<u32>,
    /// Of packages; those without are left out.
    pub packages: HashMap<PackageId, u32>,
}

/// How many executions of one environment are with agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// All of them.
    pub total: u64,
    /// By package.
    pub packages: HashMap<PackageId, u64>,
    /// By key.
    pub keys: HashMap<String, u64>,
}

impl Occupancy {
    /// Counts `count` executions.
    pub fn add(&mut self, package: PackageId, key: Option<&str>, count: u64) {
        self.total += count;
        *self.packages.entry(package).or_default() += count;
        if let Some(key) = key {
            *self.keys.entry(key.to_owned()).or_default() += count;
        }
    }

    /// The limits that leave no place for an execution; none if it may be given away.
    #[must_use]
    pub fn full_for(
        &self,
        limits: &ConcurrencyLimits,
        package: PackageId,
        concurrency: Option<&Concurrency>,
    ) -> Vec<ConcurrencyScope> {
        let is_full = |limit: Option<u32>, held: u64| limit.is_some_and(|limit| held >= u64::from(limit));
        let of_package = self.packages.get(&package).copied().unwrap_or(0);
        let of_key =
            concurrency.and_then(|concurrency| self.keys.get(&concurrency.key)).copied().unwrap_or(0);
        let mut full = Vec::new();
        if is_full(limits.environment, self.total) {
            full.push(ConcurrencyScope::Environment);
        }
        if is_full(limits.packages.get(&package).copied(), of_package) {
            full.push(ConcurrencyScope::Package);
        }
        if is_full(concurrency.map(|concurrency| concurrency.limit), of_key) {
            full.push(ConcurrencyScope::Key);
        }
        full
    }
}
