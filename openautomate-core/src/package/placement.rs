//! What a `pyproject.toml` says of how executions are placed and repeated: `queue_timeout`, and the tables
//! `requires`, `concurrency` and `retry` of `[tool.openautomate]`.

use serde::Deserialize;

use super::duration;
use super::manifest::Manifest;
use crate::domain::{Concurrency, ExecutionOptions, OnAgentLost, RetryOptions, RetryPolicy};
use crate::error::{Error, Result};

/// What the agent must be.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Requires {
    os: Option<String>,
    python: Option<String>,
    pool: Option<String>,
}

/// Of which only so many run at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    key: String,
    #[serde(default = "one")]
    limit: u32,
}

fn one() -> u32 {
    1
}

/// What `retries`, `backoff` and `on_agent_lost` don't say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Retry {
    factor: Option<f64>,
    max_backoff: Option<String>,
    jitter: Option<bool>,
    only_errors: Option<Vec<String>>,
}

pub(super) struct Tables {
    pub(super) queue_timeout: Option<String>,
    pub(super) requires: Requires,
    pub(super) concurrency: Option<Group>,
    pub(super) retry: Retry,
}

impl Tables {
    pub(super) fn check(self) -> Result<ExecutionOptions> {
        let millis = |field: &str, text: Option<&str>| -> Result<Option<u64>> {
            let parsed = text.map(|text| duration::parse(field, text)).transpose()?;
            Ok(parsed.map(|parsed| u64::try_from(parsed.as_millis()).unwrap_or(u64::MAX)))
        };
        let options = ExecutionOptions {
            os: self.requires.os,
            python: self.requires.python,
            pool: self.requires.pool,
            concurrency: self.concurrency.map(|Group { key, limit }| Concurrency { key, limit }),
            retry: RetryOptions {
                backoff_factor: self.retry.factor,
                max_backoff_ms: millis("retry.max-backoff", self.retry.max_backoff.as_deref())?,
                jitter: self.retry.jitter,
                only_errors: self.retry.only_errors,
                ..RetryOptions::default()
            },
            queue_timeout_ms: millis("queue_timeout", self.queue_timeout.as_deref())?,
        };
        options.check().map_err(|error| wrong(&error))?;
        Ok(options)
    }
}

impl Manifest {
    /// How failed attempts are repeated, as far as `retries`, `backoff` and `on_agent_lost` say it.
    #[must_use]
    pub fn retry_policy(&self) -> RetryPolicy {
        let on_agent_lost = if self.retry_when_agent_lost { OnAgentLost::Retry } else { OnAgentLost::Fail };
        // What was published before there was a longest wait keeps to it all the same.
        let backoff = self.backoff.min(RetryPolicy::MAX_BACKOFF);
        let backoff_ms = u64::try_from(backoff.as_millis()).unwrap_or(u64::MAX);
        RetryPolicy::new(self.retries + 1, backoff_ms, on_agent_lost)
    }
}

/// Refuses a policy that contradicts itself.
pub(super) fn check_retries(manifest: &Manifest) -> Result<()> {
    if manifest.backoff > RetryPolicy::MAX_BACKOFF {
        let why = "tool.openautomate.backoff in pyproject.toml is longer than a day; shorten it";
        return Err(Error::invalid("package.manifest", why));
    }
    let mut policy = manifest.retry_policy();
    manifest.options.retry.apply(&mut policy);
    policy.check().map_err(|error| wrong(&error))
}

fn wrong(error: &Error) -> Error {
    Error::invalid("package.manifest", format!("tool.openautomate in pyproject.toml: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<ExecutionOptions> {
        let text = format!("[tool.openautomate]\n{text}");
        Manifest::parse(&text, Some("main.py")).map(|manifest| manifest.options)
    }

    #[test]
    fn the_tables_are_read() {
        let read = options(
            "retries = 3\nqueue_timeout = '10m'\nrequires = { os = 'linux', python = '>=3.11', pool = 'finance' }\n\
            concurrency = { key = 'sap-{region}' }\n\
            retry = { factor = 1.5, max-backoff = '5m', jitter = true, only-errors = ['TimeoutError'] }",
        )
        .unwrap();
        assert_eq!(read.queue_timeout_ms, Some(600_000));
        assert_eq!((read.os.as_deref(), read.pool.as_deref()), (Some("linux"), Some("finance")));
        assert_eq!(read.concurrency, Some(Concurrency { key: "sap-{region}".into(), limit: 1 }));
        assert_eq!((read.retry.backoff_factor, read.retry.max_backoff_ms), (Some(1.5), Some(300_000)));
        assert_eq!(options("").unwrap(), ExecutionOptions::default());
    }

    #[test]
    fn what_would_not_be_kept_is_refused() {
        for text in [
            "queue_timeout = '0s'",
            "requires = { os = 'beos' }",
            "requires = { python = 'three' }",
            "requires = { gpu = true }",
            "concurrency = { key = '' }",
            "concurrency = { key = 'a', limit = 0 }",
            "retry = { factor = 0.1 }",
            "retry = { max-backoff = '1s' }",
            "on_agent_lost = 'retry'\nretry = { only-errors = ['ValueError'] }",
        ] {
            assert_eq!(options(text).unwrap_err().code(), "package.manifest", "{text}");
        }
    }
}
