//! How often a webhook may be sent.

use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use openautomate_core::id::TriggerId;
use openautomate_core::{Error, ErrorKind};

use crate::options::RateLimit;
use crate::problem::Problem;

/// Triggers that were not seen for long are forgotten once in so many requests.
const PRUNE_EVERY: u32 = 1_024;

/// A bucket of requests for each trigger.
#[derive(Debug)]
pub(crate) struct HookLimiter {
    limiter: DefaultKeyedRateLimiter<TriggerId>,
    seen: AtomicU32,
}

impl HookLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let quota = Quota::with_period(limit.per / limit.requests.get())
            .unwrap_or_else(|| Quota::per_second(limit.requests))
            .allow_burst(limit.requests);
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota), seen: AtomicU32::new(0) }
    }

    /// Counts a request.
    pub(crate) fn check(&self, trigger: TriggerId) -> Result<(), Problem> {
        if self.seen.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&trigger).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let error = Error::new(
                ErrorKind::QuotaExceeded,
                "webhook.rate",
                "too many webhooks came for this trigger; wait and send it again",
            );
            Problem::retry_after(error, wait.as_secs() + 1)
        })
    }
}
