//! How often a client's address may try what nobody is signed in for.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use openautomate_core::{Error, ErrorKind};

use crate::options::RateLimit;
use crate::problem::Problem;

/// Addresses that were not seen for long are forgotten once in so many requests.
const PRUNE_EVERY: u32 = 1_024;

/// A bucket of requests for each client address (for IPv6: for each /64, which is one customer).
///
/// It is in the memory of one server, since a question to the database for each stranger's request would be what it
/// guards against. N servers that share the requests of one address let N times as many through at most; what must hold
/// across servers, the failed logins of an account, is counted in the store.
#[derive(Debug)]
pub(crate) struct PublicLimiter {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    seen: AtomicU32,
}

impl PublicLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let quota = Quota::with_period(limit.per / limit.requests.get())
            .unwrap_or_else(|| Quota::per_second(limit.requests))
            .allow_burst(limit.requests);
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota), seen: AtomicU32::new(0) }
    }

    /// Counts a request.
    pub(crate) fn check(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        // Without a connection there is no client to limit: the router is driven in the same process.
        let Some(address) = address else { return Ok(()) };
        if self.seen.fetch_add(1, Ordering::Relaxed) % PRUNE_EVERY == PRUNE_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&bucket(address)).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let error = Error::new(
                ErrorKind::QuotaExceeded,
                "request.rate",
                "too many requests came from this address; wait and try again",
            );
            Problem::retry_after(error, wait.as_secs() + 1)
        })
    }
}

fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_customer_has_a_bucket() {
        let limiter = PublicLimiter::new(RateLimit::new(2, Duration::from_secs(3_600)));
        let check = |text: &str| limiter.check(Some(text.parse().unwrap())).is_ok();
        assert!(check("192.0.2.1") && check("192.0.2.1") && !check("192.0.2.1"));
        assert!(!check("::ffff:192.0.2.1"));
        assert!(check("192.0.2.2"));
        assert!(check("2001:db8::1") && check("2001:db8::2") && !check("2001:db8::3"));
        assert!(limiter.check(None).is_ok());
    }
}
