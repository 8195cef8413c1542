//! Buckets of requests, one for each of whoever is counted.

use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::DefaultKeyedRateLimiter;
use governor::clock::{Clock as _, DefaultClock};
use openautomate_core::{Error, ErrorKind};

use crate::options::RateLimit;
use crate::problem::Problem;

/// Those who were not seen for long are forgotten once in so many requests.
const PRUNE_EVERY: u32 = 1_024;

/// A bucket of requests for each key, in the memory of this server: N servers let N times as many through.
#[derive(Debug)]
pub(crate) struct RequestBuckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    seen: AtomicU32,
    code: &'static str,
    message: &'static str,
}

impl<K: Hash + Eq + Clone> RequestBuckets<K> {
    /// Buckets of this size; whoever has emptied theirs is refused with this code and message.
    pub(crate) fn new(limit: RateLimit, code: &'static str, message: &'static str) -> Self {
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(limit.quota()),
            seen: AtomicU32::new(0),
            code,
            message,
        }
    }

    /// Counts a request.
    pub(crate) fn check(&self, key: &K) -> Result<(), Problem> {
        if self.seen.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let error = Error::new(ErrorKind::QuotaExceeded, self.code, self.message);
            Problem::retry_after(error, wait.as_secs() + 1)
        })
    }
}
