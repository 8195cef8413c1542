//! What an address like `postgres://user@host/database?schema=name` says.

use std::fmt;

use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};
use openautomate_core::secret::Secret;

use crate::StoreOptions;

/// Tables of ours never lie among those of a host by accident.
const DEFAULT_SCHEMA: &str = "openautomate";
const MAX_SCHEMA: usize = 48;
/// What an address may say after its question mark. Others (a password among them) don't belong there.
const PARAMETERS: &[&str] =
    &["schema", "sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "dbname"];

/// Where a store is.
pub struct Address {
    /// The address without what stands after its question mark.
    base: String,
    /// What stands there and is not ours.
    parameters: Vec<String>,
    pub(crate) schema: String,
    pub(crate) password: Option<Secret<String>>,
}

/// The base may hold a password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Address {
    /// Reads an address. No error holds any of it: it may have a password in it.
    pub(crate) fn parse(address: &str, options: &StoreOptions) -> CoreResult<Self> {
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        let mut schema = options.schema.clone();
        let mut parameters = Vec::new();
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !PARAMETERS.contains(&name) {
                return Err(refused(format!(
                    "the address of the database has a parameter that is not known; known are {}",
                    PARAMETERS.join(", ")
                )));
            }
            if name == "schema" {
                schema = schema.or_else(|| Some(value.to_owned()));
            } else {
                parameters.push(pair.to_owned());
            }
        }
        let schema = schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        check_schema(&schema)?;
        Ok(Self { base: base.to_owned(), parameters, schema, password: options.password.clone() })
    }

    /// As libpq reads it, without the parameters that `leave_out` names.
    pub(crate) fn url(&self, leave_out: &[&str]) -> String {
        let stays = |pair: &&String| !leave_out.contains(&pair.split('=').next().unwrap_or_default());
        let parameters: Vec<_> = self.parameters.iter().filter(stays).map(String::as_str).collect();
        format!("{}?{}", self.base, parameters.join("&"))
    }

    /// The value of a parameter, as it stands there.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let value = |pair: &'_ String| -> Option<usize> {
            pair.strip_prefix(name).filter(|rest| rest.starts_with('='))?;
            Some(name.len() + 1)
        };
        self.parameters.iter().find_map(|pair| value(pair).and_then(|start| pair.get(start..)))
    }

    /// What every connection is told of itself and of where it works.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("application_name", format!("openautomate {}", self.schema)),
            ("search_path", self.schema.clone()),
        ]
    }
}

/// What ends what takes too long, so that one stuck transaction does not stop a server; and how statements are planned.
pub(crate) const BOUNDS: &[(&str, &str)] = &[
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    // Statements are short; compiling one that is thought to be long takes longer than all of it.
    ("jit", "off"),
    // Statements find their rows in indexes, whatever the values are (`tests/it/postgres/plans.rs`). So each is planned
    // once; that of a claim takes three times as long as the claim. A plan that was made while a table was small must
    // not read all of it later.
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
];

/// The error for an address that can't be read.
pub(crate) fn unreadable() -> CoreError {
    refused("the address of the database can't be read; write postgres://user@host/database?schema=name")
}

/// A name that needs no quotes anywhere.
pub(super) fn check_schema(schema: &str) -> CoreResult<()> {
    let begins_well = schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let is_plain =
        schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if begins_well && is_plain && schema.len() <= MAX_SCHEMA && !schema.starts_with("pg_") {
        return Ok(());
    }
    Err(refused(format!(
        "a schema is named by 1 to {MAX_SCHEMA} of a-z, 0-9 and _, does not begin with a digit or pg_"
    )))
}

pub(crate) fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> CoreError {
    CoreError::new(ErrorKind::Unsupported, "store.address", message)
}

#[cfg(test)]
mod tests {
    use openautomate_core::secret::Secret;

    use super::*;

    fn parse(address: &str) -> CoreResult<Address> {
        Address::parse(address, &StoreOptions::default())
    }

    #[test]
    fn the_schema_is_taken_out_of_the_address() {
        assert_eq!(parse("postgres://ada@db/oa").unwrap().schema, "openautomate");
        assert_eq!(parse("postgresql://db/oa?schema=tenant_a&sslmode=require").unwrap().schema, "tenant_a");
        let options = StoreOptions { schema: Some("tenant_b".to_owned()), ..StoreOptions::default() };
        assert_eq!(Address::parse("postgres://db/oa?schema=x", &options).unwrap().schema, "tenant_b");
    }

    #[test]
    fn names_that_would_need_quotes_are_refused() {
        for schema in ["", "Tenant", "a-b", "1a", "pg_x", "a\"b", "a%20b", &"x".repeat(49)] {
            assert!(parse(&format!("postgres://db/oa?schema={schema}")).is_err(), "{schema}");
        }
    }

    #[test]
    fn no_error_shows_the_address() {
        let error = parse("postgres://ada:hunter2@db/oa?pass=hunter2").err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_not_ours_is_passed_on() {
        let address = parse("postgres://db/oa?sslmode=require&schema=x&port=1").unwrap();
        assert_eq!(address.url(&[]), "postgres://db/oa?sslmode=require&port=1");
        assert_eq!(address.url(&["sslmode"]), "postgres://db/oa?port=1");
        assert_eq!((address.parameter("sslmode"), address.parameter("ssl")), (Some("require"), None));
    }

    #[test]
    fn options_with_a_password_don_t_show_it() {
        let options =
            StoreOptions { password: Some(Secret::new("hunter2".to_owned())), ..StoreOptions::default() };
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
