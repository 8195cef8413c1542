//! From an address to connections.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use openautomate_core::error::Result as CoreResult;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::postgres::{Address, DURABLE, refused, unreadable};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What `tokio_postgres` does not know or knows otherwise.
const ENCRYPTION: &[&str] = &["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// Where connections go, as whom, and how they are encrypted.
#[derive(Clone)]
pub struct Target {
    config: Config,
    /// None on this machine, or where the address says so.
    encryption: Option<MakeRustlsConnect>,
}

impl Target {
    pub(super) fn of(address: &Address) -> CoreResult<Self> {
        let mut config = Config::from_str(&address.url(ENCRYPTION)).map_err(|_| unreadable())?;
        let of_environment = || std::env::var("PGPASSWORD").ok().filter(|_| config.get_password().is_none());
        let password = address.password.as_ref().map(|password| password.expose().to_owned());
        if let Some(password) = password.or_else(of_environment) {
            config.password(password);
        }
        config.connect_timeout(CONNECT_TIMEOUT);
        let is_encrypted = match address.parameter("sslmode") {
            Some("disable") => false,
            Some("verify-full") => true,
            None => !is_local(&config),
            Some(_) => {
                return Err(refused(
                    "of sslmode the diesel adapter knows disable and verify-full; choose one, or use the adapter on \
                     sqlx",
                ));
            }
        };
        if address.parameter("sslcert").or_else(|| address.parameter("sslkey")).is_some() {
            return Err(refused(
                "the diesel adapter shows no certificate of its own (sslcert, sslkey); use the adapter on sqlx",
            ));
        }
        let encryption = match is_encrypted {
            true => Some(encryption(address.parameter("sslrootcert"))?),
            false => None,
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, encryption })
    }

    pub(super) fn with(&self, settings: &[(&str, String)]) -> Self {
        let mut target = self.clone();
        let mut options = String::new();
        for (name, value) in settings {
            if *name == "application_name" {
                target.config.application_name(value);
            } else {
                // Names and values of ours, none of which holds a space.
                options.push_str(&format!("-c {name}={value} "));
            }
        }
        target.config.options(options.trim_end());
        target
    }

    pub(super) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        // Messages are told apart by their texts. Only some users may choose the language; where it is another one,
        // less is known of a refusal.
        const ENGLISH: &str = "SELECT set_config('lc_messages', 'C', false)
            WHERE current_setting('lc_messages') !~ '^(C|POSIX|en)'
                AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
        let mut connection = match &self.encryption {
            Some(encryption) => {
                let (client, connection) =
                    self.config.connect(encryption.clone()).await.map_err(not_connected)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await?
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(not_connected)?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await?
            }
        };
        let settings = format!("{ENGLISH}; {DURABLE}");
        connection.batch_execute(&settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
}

/// It may hold a password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

fn not_connected(error: tokio_postgres::Error) -> ConnectionError {
    ConnectionError::BadConnection(error.to_string())
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

/// Encrypted, and the server's certificate and name checked: by the certificates of a file, or by those that browsers
/// trust.
fn encryption(roots: Option<&str>) -> CoreResult<MakeRustlsConnect> {
    let unusable = || refused("the certificates that sslrootcert names can't be read; give a file in PEM");
    let Some(path) = roots else { return Ok(MakeRustlsConnect::with_webpki_roots()) };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unusable())? {
        store.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable())?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreOptions;

    fn target(address: &str) -> CoreResult<Target> {
        Target::of(&Address::parse(address, &StoreOptions::default())?)
    }

    #[test]
    fn the_open_network_is_encrypted_and_checked() {
        let is_encrypted = |address: &str| target(address).unwrap().encryption.is_some();
        assert!(is_encrypted("postgres://db.example.org/oa"));
        assert!(!is_encrypted("postgres://db.example.org/oa?sslmode=disable"));
        assert!(!is_encrypted("postgres://127.0.0.1/oa"));
        assert!(!is_encrypted("postgres://ada@%2Fvar%2Frun%2Fpostgresql/oa"));
        assert!(is_encrypted("postgres://127.0.0.1/oa?sslmode=verify-full"));
        assert!(target("postgres://db.example.org/oa?sslmode=prefer").is_err(), "that would check nothing");
    }

    #[test]
    fn no_error_shows_the_address() {
        for address in ["postgres://ada:hunter2@db:x/oa", "postgres://ada:hunter2@db/oa?sslmode=hunter2"] {
            let error = target(address).err().unwrap();
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
