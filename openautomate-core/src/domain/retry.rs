//! How often and when a failed attempt is repeated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{OnAgentLost, RunResult, RunStatus};
use crate::error::{Error, Result};
use crate::id::ExecutionId;

/// How the kinds of errors are named that are none of the run's own.
pub const TIMED_OUT: &str = "TimedOut";
/// As [`TIMED_OUT`], for a vanished agent.
pub const AGENT_LOST: &str = "AgentLost";

const MAX_ATTEMPTS: u32 = 101;
const MAX_FACTOR: f64 = 100.0;
const MAX_KINDS: usize = 32;
const MAX_KIND: usize = 200;

/// How often and when a failed attempt is repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// How many attempts may fail before the execution does; at least 1.
    pub max_attempts: u32,
    /// The wait before the second attempt in milliseconds.
    pub backoff_ms: u64,
    /// What the wait is multiplied with for each further attempt; at least 1.
    #[serde(default = "doubling")]
    pub backoff_factor: f64,
    /// The longest wait in milliseconds.
    #[serde(default = "a_day")]
    pub max_backoff_ms: u64,
    /// Whether the wait is anything from nothing to that, so that what failed together is not tried together
    /// (Brooker, "Exponential Backoff And Jitter", 2015: full jitter).
    #[serde(default)]
    pub jitter: bool,
    /// The kinds of errors that are repeated: names of exception classes, `ExitCode`, `TimedOut` and the like. All
    /// of them if it is empty.
    #[serde(default)]
    pub only_errors: Vec<String>,
    /// What a vanished agent means.
    pub on_agent_lost: OnAgentLost,
}

const fn doubling() -> f64 {
    2.0
}

fn a_day() -> u64 {
    u64::try_from(RetryPolicy::MAX_BACKOFF.as_millis()).unwrap_or(u64::MAX)
}

impl RetryPolicy {
    /// The longest wait that may be asked for.
    pub const MAX_BACKOFF: Duration = Duration::from_secs(24 * 3600);

    /// A policy by which the wait doubles, without jitter, after any error.
    #[must_use]
    pub fn new(max_attempts: u32, backoff_ms: u64, on_agent_lost: OnAgentLost) -> Self {
        Self {
            max_attempts,
            backoff_ms,
            backoff_factor: doubling(),
            max_backoff_ms: a_day(),
            jitter: false,
            only_errors: Vec::new(),
            on_agent_lost,
        }
    }

    /// Checks what was given.
    ///
    /// # Errors
    /// `Invalid`, naming `retry`.
    pub fn check(&self) -> Result<()> {
        let wrong = |why: String| Err(Error::invalid_field("retry", why));
        if !(1..=MAX_ATTEMPTS).contains(&self.max_attempts) {
            return wrong(format!("has maxAttempts that is not between 1 and {MAX_ATTEMPTS}"));
        }
        if !(1.0..=MAX_FACTOR).contains(&self.backoff_factor) {
            return wrong(format!("has a backoffFactor that is not between 1 and {MAX_FACTOR}"));
        }
        if self.max_backoff_ms > a_day() || self.backoff_ms > self.max_backoff_ms {
            return wrong("has a wait that is longer than maxBackoffMs, or than a day".to_owned());
        }
        let is_kind = |kind: &String| {
            (1..=MAX_KIND).contains(&kind.len())
                && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
        };
        if self.only_errors.len() > MAX_KINDS || !self.only_errors.iter().all(is_kind) {
            return wrong(format!("has onlyErrors that are not up to {MAX_KINDS} names of kinds of errors"));
        }
        let names_loss = self.only_errors.iter().any(|kind| kind == AGENT_LOST);
        let retries_loss = self.on_agent_lost == OnAgentLost::Retry;
        if !self.only_errors.is_empty() && names_loss != retries_loss {
            return wrong(format!(
                "says otherwise in onlyErrors than in onAgentLost; name {AGENT_LOST} in both or in none"
            ));
        }
        Ok(())
    }

    /// Whether an attempt that ended so is one that the policy repeats, as far as its number allows.
    #[must_use]
    pub fn covers(&self, result: &RunResult) -> bool {
        if result.status == RunStatus::Lost && self.on_agent_lost == OnAgentLost::Fail {
            return false;
        }
        let kind = match result.status {
            RunStatus::TimedOut => TIMED_OUT,
            RunStatus::Lost => AGENT_LOST,
            _ => result.error.as_ref().map_or("", |error| error.kind.as_str()),
        };
        self.only_errors.is_empty() || self.only_errors.iter().any(|only| only == kind)
    }

    /// The longest that the wait after the `failed`-th failed attempt (from 1) may be.
    #[must_use]
    pub fn backoff(&self, failed: u32) -> Duration {
        let most = Duration::from_millis(self.max_backoff_ms).min(Self::MAX_BACKOFF);
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.backoff_factor.max(1.0).powi(exponent);
        let wait = Duration::from_millis(self.backoff_ms).min(most).as_secs_f64() * factor;
        // Whole milliseconds, so that every machine and store has the same.
        let millis = (wait * 1_000.0).round().min(most.as_secs_f64() * 1_000.0);
        Duration::from_millis(whole(millis))
    }

    /// The wait after the `failed`-th failed attempt (from 1) of an execution. The same question has the same
    /// answer: the jitter comes from the id, whose random bits differ from execution to execution.
    #[must_use]
    pub fn wait(&self, execution: ExecutionId, failed: u32) -> Duration {
        let most = self.backoff(failed);
        if !self.jitter {
            return most;
        }
        let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        let (high, low) = execution.as_uuid().as_u64_pair();
        let bits = mixed(high ^ mixed(low ^ u64::from(failed)));
        // The high half of the product: 0 to `millis`, each as likely as the others.
        let share = (u128::from(bits) * (u128::from(millis) + 1)) >> 64;
        Duration::from_millis(u64::try_from(share).unwrap_or(millis))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole and between 0 and a day"
)]
fn whole(millis: f64) -> u64 {
    millis as u64
}

/// The finalizer of splitmix64 (Steele and others, "Fast splittable pseudorandom number generators", 2014).
const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunError;

    #[test]
    fn backoff_grows_by_its_factor_and_is_bounded() {
        let policy = RetryPolicy::new(99, 1_000, OnAgentLost::Fail);
        assert_eq!(policy.backoff(1), Duration::from_secs(1));
        assert_eq!(policy.backoff(4), Duration::from_secs(8));
        assert_eq!(policy.backoff(u32::MAX), RetryPolicy::MAX_BACKOFF);
        let steady = RetryPolicy { backoff_factor: 1.0, ..policy.clone() };
        assert_eq!(steady.backoff(9), Duration::from_secs(1));
        let capped = RetryPolicy { backoff_factor: 1.5, max_backoff_ms: 2_000, ..policy };
        assert_eq!(capped.backoff(2), Duration::from_millis(1_500));
        assert_eq!(capped.backoff(3), Duration::from_secs(2));
    }

    #[test]
    fn jitter_spreads_and_is_the_same_again() {
        let policy = RetryPolicy { jitter: true, ..RetryPolicy::new(9, 10_000, OnAgentLost::Fail) };
        let waits: Vec<_> = (0..200).map(|_| policy.wait(ExecutionId::new(), 1)).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(10)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_secs(3)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_secs(7)));
        let id = ExecutionId::new();
        assert_eq!(policy.wait(id, 2), policy.wait(id, 2));
    }

    #[test]
    fn only_the_named_kinds_are_repeated() {
        let policy = RetryPolicy {
            only_errors: vec!["ConnectionError".into(), TIMED_OUT.into()],
            ..RetryPolicy::new(3, 1_000, OnAgentLost::Fail)
        };
        policy.check().unwrap();
        let ended = |status, kind: &str| RunResult::ended(status, RunError::new(kind, "x"));
        assert!(policy.covers(&ended(RunStatus::Failed, "ConnectionError")));
        assert!(policy.covers(&ended(RunStatus::TimedOut, "Timeout")));
        assert!(!policy.covers(&ended(RunStatus::Failed, "ValueError")));
        assert!(!policy.covers(&ended(RunStatus::Lost, "AgentLost")));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let policy = RetryPolicy::new(3, 1_000, OnAgentLost::Retry);
        policy.check().unwrap();
        for wrong in [
            RetryPolicy { max_attempts: 0, ..policy.clone() },
            RetryPolicy { backoff_factor: 0.5, ..policy.clone() },
            RetryPolicy { backoff_factor: f64::NAN, ..policy.clone() },
            RetryPolicy { backoff_ms: 2_000, max_backoff_ms: 1_000, ..policy.clone() },
            RetryPolicy { only_errors: vec!["a b".into()], ..policy.clone() },
            RetryPolicy { only_errors: vec!["ValueError".into()], ..policy.clone() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
