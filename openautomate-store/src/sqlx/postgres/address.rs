//! From `postgres://user@host/database?schema=name` to how connections are made.

use std::str::FromStr;

use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::StoreOptions;

/// Tables of ours never lie among those of a host by accident.
const DEFAULT_SCHEMA: &str = "openautomate";
const MAX_SCHEMA: usize = 48;
const STATEMENTS: usize = 256;
/// What an address may say after its question mark. Others (a password among them) don't belong there.
const PARAMETERS: &[&str] =
    &["schema", "sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "dbname"];

/// Where a store is.
pub(crate) struct Address {
    pub(crate) connection: PgConnectOptions,
    pub(crate) schema: String,
}

impl Address {
    /// Reads an address. No error holds any of it: it may have a password in it.
    pub(crate) fn parse(address: &str, options: &StoreOptions) -> CoreResult<Self> {
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        let mut schema = options.schema.clone();
        let mut kept = Vec::new();
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
                kept.push(pair);
            }
        }
        let schema = schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        check_schema(&schema)?;
        let connection = PgConnectOptions::from_str(&format!("{base}?{}", kept.join("&"))).map_err(|_| {
            refused(
                "the address of the database can't be read; write postgres://user@host/database?schema=name",
            )
        })?;
        let connection = encrypted(connection, &kept);
        let connection = match &options.password {
            Some(password) => connection.password(password.expose()),
            None => connection,
        };
        let connection = connection
            .application_name(&format!("openautomate {schema}"))
            .statement_cache_capacity(STATEMENTS)
            .options([("search_path", schema.as_str())])
            .disable_statement_logging();
        Ok(Self { connection, schema })
    }

    /// Connections that give up what takes too long, so that one stuck transaction does not stop a server.
    pub(super) fn bounded(&self) -> PgConnectOptions {
        self.connection.clone().options([
            ("statement_timeout", "30s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "30s"),
            // Statements are short; compiling one that is thought to be long takes longer than all of it.
            ("jit", "off"),
        ])
    }
}

/// A name that needs no quotes anywhere.
fn check_schema(schema: &str) -> CoreResult<()> {
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

/// Beyond this machine a connection is encrypted and the server's certificate checked, unless the address (or
/// PGSSLMODE) says otherwise.
fn encrypted(connection: PgConnectOptions, parameters: &[&str]) -> PgConnectOptions {
    let is_said =
        parameters.iter().any(|pair| pair.starts_with("sslmode=")) || std::env::var_os("PGSSLMODE").is_some();
    let host = connection.get_host();
    let is_local = connection.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_said || is_local { connection } else { connection.ssl_mode(PgSslMode::VerifyFull) }
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> CoreError {
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
        for address in ["postgres://ada:hunter2@db:x/oa", "postgres://ada:hunter2@db/oa?pass=hunter2"] {
            let error = parse(address).err().unwrap();
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn the_open_network_is_encrypted_and_checked() {
        let mode = |address: &str| format!("{:?}", parse(address).unwrap().connection.get_ssl_mode());
        assert_eq!(mode("postgres://db.example.org/oa"), "VerifyFull");
        assert_eq!(mode("postgres://db.example.org/oa?sslmode=require"), "Require");
        assert_eq!(mode("postgres://127.0.0.1/oa"), "Prefer");
    }

    #[test]
    fn options_with_a_password_don_t_show_it() {
        let options =
            StoreOptions { password: Some(Secret::new("hunter2".to_owned())), ..StoreOptions::default() };
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
