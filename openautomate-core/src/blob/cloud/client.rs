//! How services are spoken to: what is waited for, what is tried again, what is not sent in the clear.

use std::time::Duration;

use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::CloudOptions;
use crate::error::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a service may be silent: the time for a part of 5 MiB on a slow line, too.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a request is tried again, and for how long.
const RETRIES: usize = 5;
const RETRY_FOR: Duration = Duration::from_secs(60);

/// No time limit for a whole answer: a large artifact that is read slowly is no error.
pub(super) fn client(options: &CloudOptions) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(options.allow_http)
        .with_connect_timeout(CONNECT)
        .with_read_timeout(SILENCE)
        .with_timeout_disabled()
}

pub(super) fn retry() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_FOR }
}

/// Refuses plain HTTP that nobody allowed, wherever the endpoint was named.
pub(super) fn check_endpoint(endpoint: Option<String>, options: &CloudOptions) -> Result<()> {
    match endpoint {
        Some(endpoint) if !options.allow_http && !endpoint.starts_with("https://") => Err(Error::invalid(
            "blob.address",
            "the endpoint of the blobs is not https; give one that is, or allow http for it",
        )),
        _ => Ok(()),
    }
}

/// A client could not be made of what the environment says. What it says is not repeated.
pub(super) fn unusable(error: object_store::Error) -> Error {
    let message =
        "the settings for the blobs in the environment can't be used; see the provider's variables and files";
    Error::invalid("blob.settings", message).with_source(error)
}
