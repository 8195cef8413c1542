//! How often a client's address may try what nobody is signed in for.

use std::net::IpAddr;

use super::request_buckets::RequestBuckets;
use crate::options::RateLimit;
use crate::problem::Problem;

/// A bucket of requests for each client address (for IPv6: for each /64, which is one customer).
///
/// It is in the memory of one server, since a question to the database for each stranger's request would be what it
/// guards against. N servers that share the requests of one address let N times as many through at most; what must hold
/// across servers, the failed logins of an account, is counted in the store.
#[derive(Debug)]
pub(crate) struct PublicLimiter(RequestBuckets<IpAddr>);

impl PublicLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        let message = "too many requests came from this address; wait and try again";
        Self(RequestBuckets::new(limit, "request.rate", message))
    }

    /// Counts a request.
    pub(crate) fn check(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        // Without a connection there is no client to limit: the router is driven in the same process.
        address.map_or(Ok(()), |address| self.0.check(&bucket(address)))
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
