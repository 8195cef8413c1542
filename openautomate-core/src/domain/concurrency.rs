//! How many executions may be with agents at once: in an environment, of a package, of a key.
//!
//! What holds a place is an execution that is leased. So whatever ends a lease gives the place back with it, and
//! there is no count that could differ from the rows.
//!
//! A run that waits for a child lets it have its own places: under a limit of one, both would otherwise wait for each
//! other for ever. The child takes none then where its parent holds one, and the parent does nothing until it has ended.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Execution;
use crate::error::{Error, Result};
use crate::id::{ExecutionId, PackageId};

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

/// An execution as far as limits are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Which.
    pub id: ExecutionId,
    /// Its package.
    pub package: PackageId,
    /// Its key, if it has one.
    pub key: Option<String>,
}

impl Occupant {
    /// An execution as one.
    #[must_use]
    pub fn of(execution: &Execution) -> Self {
        let key = execution.concurrency.as_ref().map(|concurrency| concurrency.key.clone());
        Self { id: execution.id, package: execution.package_id, key }
    }
}

/// A child in the places of its parent, which waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// The child, `Pending` or leased.
    pub child: Occupant,
    /// The parent, which is leased.
    pub parent: Occupant,
    /// Whether the child is leased.
    pub is_leased: bool,
}

/// Where a child takes no place, besides that of the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shared {
    package: bool,
    key: bool,
}

/// How many places are taken in one environment by executions that are with agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// In all.
    pub total: u64,
    /// By package.
    pub packages: HashMap<PackageId, u64>,
    /// By key.
    pub keys: HashMap<String, u64>,
    /// What children in the places of their parents take no place of.
    shared: HashMap<ExecutionId, Shared>,
}

impl Occupancy {
    /// Counts `count` executions of which none is a child in its parent's places.
    pub fn add(&mut self, package: PackageId, key: Option<&str>, count: u64) {
        self.total += count;
        *self.packages.entry(package).or_default() += count;
        if let Some(key) = key {
            *self.keys.entry(key.to_owned()).or_default() += count;
        }
    }

    /// Counts one that is given away now.
    pub fn take(&mut self, execution: &Occupant) {
        let shared = self.shared.get(&execution.id);
        if shared.is_none() {
            self.total += 1;
        }
        let Shared { package, key } = shared.copied().unwrap_or_default();
        if !package {
            *self.packages.entry(execution.package).or_default() += 1;
        }
        if let Some(name) = execution.key.as_ref().filter(|_| !key) {
            *self.keys.entry(name.clone()).or_default() += 1;
        }
    }

    /// Learns which children are in the places of their parents; those that are leased were counted before, and are
    /// no more where they share a place, with a parent or with one further up whose place that one is in.
    pub fn stand_in(&mut self, stand_ins: &[StandIn]) {
        let by_child: HashMap<_, _> = stand_ins.iter().map(|one| (one.child.id, one)).collect();
        for StandIn { child, parent, is_leased } in stand_ins {
            let mut shared = Shared::default();
            let (mut above, mut seen) = (Some(parent), 0);
            // (No chain is longer than the list, whatever the rows say.)
            while let Some(one) = above.filter(|_| seen < stand_ins.len()) {
                shared.package |= one.package == child.package;
                shared.key |= child.key.is_some() && one.key == child.key;
                above = by_child.get(&one.id).map(|one| &one.parent);
                seen += 1;
            }
            if *is_leased {
                self.total = self.total.saturating_sub(1);
                if shared.package {
                    give_back(self.packages.get_mut(&child.package));
                }
                if let Some(key) = child.key.as_ref().filter(|_| shared.key) {
                    give_back(self.keys.get_mut(key));
                }
            }
            self.shared.insert(child.id, shared);
        }
    }

    /// The children in the places of their parents.
    pub fn stand_ins(&self) -> impl Iterator<Item = ExecutionId> {
        self.shared.keys().copied()
    }

    /// The limits that leave no place for an execution; none if it may be given away.
    #[must_use]
    pub fn full_for(
        &self,
        limits: &ConcurrencyLimits,
        id: ExecutionId,
        package: PackageId,
        concurrency: Option<&Concurrency>,
    ) -> Vec<ConcurrencyScope> {
        let (in_environment, shared) = match self.shared.get(&id) {
            Some(shared) => (true, *shared),
            None => (false, Shared::default()),
        };
        let is_full = |limit: Option<u32>, held: u64| limit.is_some_and(|limit| held >= u64::from(limit));
        let of_package = self.packages.get(&package).copied().unwrap_or(0);
        let of_key =
            concurrency.and_then(|concurrency| self.keys.get(&concurrency.key)).copied().unwrap_or(0);
        let mut full = Vec::new();
        if !in_environment && is_full(limits.environment, self.total) {
            full.push(ConcurrencyScope::Environment);
        }
        if !shared.package && is_full(limits.packages.get(&package).copied(), of_package) {
            full.push(ConcurrencyScope::Package);
        }
        if !shared.key && is_full(concurrency.map(|concurrency| concurrency.limit), of_key) {
            full.push(ConcurrencyScope::Key);
        }
        full
    }
}

fn give_back(places: Option<&mut u64>) {
    if let Some(places) = places {
        *places = places.saturating_sub(1);
    }
}
