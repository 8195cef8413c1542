//! What the agent saw of a run from outside: how far it was confined, how it was stopped, what it used.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How far a run is kept from harming the machine. Each level holds the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IsolationLevel {
    /// A process of its own, in a session (on Windows a job object) of its own.
    #[default]
    L0,
    /// Limits of memory, processes, files and processor time that the system enforces.
    L1,
    /// On Linux, files and system calls confined by Landlock and seccomp.
    L2,
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// Somebody cancelled it.
    Cancelled,
    /// It took longer than it may.
    TimedOut,
    /// It used more than it may.
    LimitExceeded,
    /// It broke the protocol of its channel.
    Misbehaved,
}

/// The proof that a run which was stopped is over, each step with its time on the agent's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopProof {
    /// Why.
    pub reason: StopReason,
    /// When the agent learnt that it has to stop.
    pub requested_at: Timestamp,
    /// When the run was told, or killed where it is not asked first.
    pub delivered_at: Timestamp,
    /// Whether it had to be killed, since it did not end by itself.
    pub killed: bool,
    /// When no process of it was left; absent if some are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_at: Option<Timestamp>,
    /// How many processes could not be killed.
    #[serde(default)]
    pub survivors: u32,
}

/// What the agent saw of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The level that was reached.
    pub isolation: IsolationLevel,
    /// The proof of its stop, if it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopProof>,
    /// Processes that it had left behind when it ended, and that were killed.
    #[serde(default)]
    pub left_behind: u32,
}
