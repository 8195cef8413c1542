//! What is said of how executions are placed and repeated: by a package, and in its place by a trigger or a schedule.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{
    Concurrency, Execution, OnAgentLost, PythonRequirement, RetryPolicy, check_name, check_os,
};
use crate::error::{Error, Result};
use crate::id::PoolId;

/// The longest wait in the queue: a year, in milliseconds.
const MAX_QUEUE_TIMEOUT: u64 = 365 * 86_400_000;
const MAX_TEMPLATE: usize = 500;

/// How executions are placed and repeated; what is left out is what the one before says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExecutionOptions {
    /// The operating system of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// A version specifier (PEP 440) that one of the agent's interpreters satisfies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// The name of the pool that the agent is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The group of which only so many run at once. In the key, `{name}` stands for the input of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// How failed attempts are repeated.
    #[serde(skip_serializing_if = "RetryOptions::is_default")]
    pub retry: RetryOptions,
    /// How long an execution may wait for its first attempt, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_timeout_ms: Option<u64>,
}

/// What a [`RetryPolicy`] says instead of the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RetryOptions {
    /// How many attempts may fail before the execution does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// The wait before the second attempt in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_ms: Option<u64>,
    /// What the wait is multiplied with for each further attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_factor: Option<f64>,
    /// The longest wait in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backoff_ms: Option<u64>,
    /// Whether the wait is anything from nothing to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<bool>,
    /// The kinds of errors that are repeated; none for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_errors: Option<Vec<String>>,
    /// What a vanished agent means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_agent_lost: Option<OnAgentLost>,
}

impl RetryOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Applies them.
    pub(crate) fn apply(&self, policy: &mut RetryPolicy) {
        policy.max_attempts = self.max_attempts.unwrap_or(policy.max_attempts);
        policy.backoff_ms = self.backoff_ms.unwrap_or(policy.backoff_ms);
        policy.backoff_factor = self.backoff_factor.unwrap_or(policy.backoff_factor);
        policy.max_backoff_ms = self.max_backoff_ms.unwrap_or(policy.max_backoff_ms);
        policy.jitter = self.jitter.unwrap_or(policy.jitter);
        policy.on_agent_lost = self.on_agent_lost.unwrap_or(policy.on_agent_lost);
        if let Some(kinds) = &self.only_errors {
            policy.only_errors.clone_from(kinds);
        }
    }
}

impl ExecutionOptions {
    /// Checks what can be checked without package and inputs.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn check(&self) -> Result<()> {
        self.os.iter().try_for_each(|os| check_os("os", os))?;
        self.python.iter().try_for_each(|text| PythonRequirement::parse("python", text).map(drop))?;
        self.pool.iter().try_for_each(|name| check_name("pool", name))?;
        if let Some(Concurrency { key, limit }) = &self.concurrency {
            if key.len() > MAX_TEMPLATE {
                return Err(Error::invalid_field(
                    "concurrency",
                    "has a key of more than 500 bytes; shorten it",
                ));
            }
            // What the names stand for is known later.
            Concurrency { key: rendered(key, &|_| Some("x".to_owned()))?, limit: *limit }.check()?;
        }
        if self.queue_timeout_ms.is_some_and(|most| !(1..=MAX_QUEUE_TIMEOUT).contains(&most)) {
            return Err(Error::invalid_field(
                "queueTimeoutMs",
                "is not between 1 and a year; leave it out for no limit",
            ));
        }
        Ok(())
    }

    /// Applies them to an execution that is not stored yet; `pool` is the one that is named here.
    ///
    /// # Errors
    /// `Invalid`, naming the field: what they make of it contradicts itself, or an input that the key names is not
    /// there.
    pub fn apply(&self, execution: &mut Execution, pool: Option<PoolId>) -> Result<()> {
        let requirements = &mut execution.requirements;
        if let Some(os) = &self.os {
            requirements.os = Some(os.clone());
        }
        if let Some(python) = &self.python {
            requirements.python = Some(PythonRequirement::parse("python", python)?);
        }
        requirements.pool_id = pool.or(requirements.pool_id);
        if let Some(Concurrency { key, limit }) = &self.concurrency {
            let key = rendered(key, &|name| scalar(&execution.inputs, name))?;
            let concurrency = Concurrency { key, limit: *limit };
            concurrency.check()?;
            execution.concurrency = Some(concurrency);
        }
        self.retry.apply(&mut execution.retry);
        execution.queue_timeout_ms = self.queue_timeout_ms.or(execution.queue_timeout_ms);
        execution.retry.check()
    }
}

/// An input as part of a key; `None` if it is not there, or is a list or a map.
fn scalar(inputs: &Map<String, Value>, name: &str) -> Option<String> {
    match inputs.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text with `{name}` replaced by what `of` gives for the name.
fn rendered(template: &str, of: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let wrong = |why: &str| Error::invalid_field("concurrency", format!("has a key that {why}"));
    let (mut text, mut rest) = (String::with_capacity(template.len()), template);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        let inside = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let (name, after) = inside.ok_or_else(|| wrong("has a brace without its other half"))?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let value = of(name).filter(|_| is_name);
        text.push_str(&value.ok_or_else(|| {
            wrong("names an input that is not given, or is no text, number or truth value")
        })?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(template: &str, inputs: Value) -> Result<String> {
        let Value::Object(inputs) = inputs else { panic!("no inputs") };
        rendered(template, &|name| scalar(&inputs, name))
    }

    #[test]
    fn names_in_a_key_stand_for_inputs() {
        let inputs = json!({"region": "north", "year": 2026, "dry": true, "rows": [1]});
        assert_eq!(key("sap", inputs.clone()).unwrap(), "sap");
        assert_eq!(key("sap-{region}/{year}-{dry}", inputs.clone()).unwrap(), "sap-north/2026-true");
        for template in ["{rows}", "{other}", "{", "}", "{}", "{region", "{re gion}"] {
            assert!(key(template, inputs.clone()).is_err(), "{template}");
        }
    }

    #[test]
    fn what_would_not_be_kept_is_refused() {
        let concurrency = |key: &str, limit| ExecutionOptions {
            concurrency: Some(Concurrency { key: key.to_owned(), limit }),
            ..ExecutionOptions::default()
        };
        assert!(concurrency("sap-{region}", 1).check().is_ok());
        assert!(concurrency("", 1).check().is_err());
        assert!(concurrency("sap", 0).check().is_err());
        assert!(concurrency("sap-{", 1).check().is_err());
        let os = ExecutionOptions { os: Some("beos".to_owned()), ..ExecutionOptions::default() };
        assert!(os.check().is_err());
        let waits = ExecutionOptions { queue_timeout_ms: Some(0), ..ExecutionOptions::default() };
        assert!(waits.check().is_err());
    }
}
