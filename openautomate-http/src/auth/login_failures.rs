//! How often a login to one account may fail.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use openautomate_core::clock::Timestamp;
use openautomate_core::{Error, ErrorKind};

use crate::options::RateLimit;
use crate::problem::Problem;

/// So many accounts are remembered before those whose time is over are dropped.
const PRUNE_AT: usize = 10_000;

/// The failed logins of each account within the last while.
///
/// A try counts as failed until it is known to have succeeded, so that many tries at once gain nothing.
#[derive(Debug)]
pub(crate) struct LoginFailures {
    most: usize,
    window: TimeDelta,
    tries: Mutex<HashMap<String, Vec<Timestamp>>>,
}

impl LoginFailures {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self {
            most: usize::try_from(limit.requests.get()).unwrap_or(usize::MAX),
            window: TimeDelta::from_std(limit.per).unwrap_or(TimeDelta::MAX),
            tries: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Timestamp>>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a try.
    pub(crate) fn begin(&self, account: &str, now: Timestamp) -> Result<(), Problem> {
        let mut accounts = self.lock();
        let current = |at: &Timestamp| now - *at < self.window;
        if accounts.len() >= PRUNE_AT {
            accounts.retain(|_, tries| tries.iter().any(current));
        }
        let tries = accounts.entry(account.to_owned()).or_default();
        tries.retain(current);
        if tries.len() < self.most {
            tries.push(now);
            return Ok(());
        }
        let oldest = tries.first().copied().unwrap_or(now);
        let wait = (oldest + self.window - now).num_seconds() + 1;
        let error = Error::new(
            ErrorKind::QuotaExceeded,
            "login.rate",
            "too many logins to this account failed; wait and try again",
        );
        Err(Problem::retry_after(error, u64::try_from(wait).unwrap_or(1)))
    }

    /// A try succeeded: the account begins anew.
    pub(crate) fn succeeded(&self, account: &str) {
        self.lock().remove(account);
    }

    /// A try came to no answer: it does not count.
    pub(crate) fn undecided(&self, account: &str) {
        if let Some(tries) = self.lock().get_mut(account) {
            tries.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openautomate_core::clock::{Clock as _, SystemClock};
    use std::time::Duration;

    #[test]
    fn five_failures_then_a_wait() {
        let failures = LoginFailures::new(RateLimit::new(5, Duration::from_secs(900)));
        let now = SystemClock.now();
        for _ in 0..5 {
            assert!(failures.begin("ada", now).is_ok());
        }
        assert!(failures.begin("ada", now).is_err());
        assert!(failures.begin("bob", now).is_ok());
        assert!(failures.begin("ada", now + TimeDelta::seconds(899)).is_err());
        assert!(failures.begin("ada", now + TimeDelta::seconds(900)).is_ok());
        failures.succeeded("ada");
        for _ in 0..5 {
            assert!(failures.begin("ada", now).is_ok());
        }
        failures.undecided("ada");
        assert!(failures.begin("ada", now).is_ok());
    }
}
