//! How NATS is reached.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// A NATS that does not answer its pings three times is gone.
const PING_EVERY: Duration = Duration::from_secs(20);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// As whom NATS is entered.
#[derive(Clone, Debug, Default)]
pub enum NatsLogin {
    /// As nobody in particular.
    #[default]
    Anonymous,
    /// By a signed token and its key: the text of a `.creds` file.
    Credentials(Secret<String>),
    /// By name and password. They are sent to another machine through TLS only.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Secret<String>,
    },
}

/// How NATS is reached.
#[derive(Clone, Debug)]
pub struct NatsSettings {
    /// Its addresses, with commas between several of one cluster: `nats://host:4222`, or `tls://host:4222` if it has
    /// to be TLS.
    pub address: String,
    /// What the subjects of this installation begin with; `openautomate` by default.
    pub prefix: String,
    /// As whom.
    pub login: NatsLogin,
    /// A file of certificates (PEM) that its own is checked by; otherwise those of the machine.
    pub roots: Option<PathBuf>,
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl NatsSettings {
    /// A NATS that is entered as nobody in particular.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            prefix: "openautomate".to_owned(),
            login: NatsLogin::default(),
            roots: None,
        }
    }

    /// Whether an address is one of a NATS.
    #[must_use]
    pub fn is_nats(address: &str) -> bool {
        address.starts_with("nats://") || address.starts_with("tls://")
    }

    /// Checks everything that needs no network.
    ///
    /// # Errors
    /// `Invalid` if the address or the prefix is no good, or the address holds a name or a password.
    pub fn check(&self) -> Result<()> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_token = |token: &str| !token.is_empty() && token.bytes().all(plain);
        if self.prefix.len() > 64 || !self.prefix.split('.').all(is_token) {
            return Err(Error::invalid(
                "nats.prefix",
                "the prefix of the subjects is not made of letters, digits, - and _, with dots between",
            ));
        }
        self.options().map(drop)
    }

    pub(super) fn servers(&self) -> Result<Vec<ServerAddr>> {
        let parsed = self.address.split(',').map(|address| {
            let address = address.trim();
            // The address itself is not shown: it may hold what it must not.
            let invalid =
                || Error::invalid("nats.address", "an address of NATS is not of the form nats://host:port");
            let server = address.parse::<ServerAddr>().map_err(|_| invalid())?;
            if !Self::is_nats(address) || server.host().is_empty() {
                return Err(invalid());
            }
            if server.has_user_pass() || server.password().is_some() {
                let message =
                    "an address of NATS takes no name and no password; they have settings of their own";
                return Err(Error::invalid("nats.address", message));
            }
            Ok(server)
        });
        parsed.collect()
    }

    pub(super) fn options(&self) -> Result<ConnectOptions> {
        let servers = self.servers()?;
        let leaves = servers.iter().any(|server| !is_here(server.host()));
        let asks_tls = servers.iter().any(ServerAddr::tls_required);
        let mut options = ConnectOptions::new()
            .name("openautomate")
            .ping_interval(PING_EVERY)
            .reconnect_delay_callback(pause);
        let mut needs_tls = asks_tls;
        match &self.login {
            NatsLogin::Anonymous => {}
            NatsLogin::Credentials(text) => {
                options = options.credentials(text.expose()).map_err(|_| {
                    Error::invalid("nats.credentials", "the credentials for NATS are no .creds file")
                })?;
            }
            NatsLogin::Password { user, password } => {
                options = options.user_and_password(user.clone(), password.expose().clone());
                needs_tls |= leaves;
            }
        }
        if let Some(path) = &self.roots {
            options = options.add_root_certificates(path.clone());
        }
        Ok(options.require_tls(needs_tls))
    }
}

/// Full jitter, so that those who lost the same NATS come back spread out.
fn pause(attempts: usize) -> Duration {
    let exponent = u32::try_from(attempts.min(16)).unwrap_or(16);
    let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(exponent)).min(LONGEST_PAUSE);
    let mut bytes = [0_u8; 4];
    // Without randomness everybody waits the longest time.
    let share = if getrandom::fill(&mut bytes).is_ok() { u32::from_ne_bytes(bytes) } else { u32::MAX };
    longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_password_and_shows_none() {
        for good in [
            "nats://nats.example.org:4222",
            "tls://10.0.0.1",
            "nats://a:4222, nats://b:4222",
            "nats://[::1]:1",
        ] {
            NatsSettings::new(good).check().unwrap();
        }
        for bad in [
            "",
            "http://x",
            "nats://",
            "ws://x",
            "x:4222",
            "nats://ada:hunter2@x:4222",
            "nats://ada@x",
            "nats://a,,",
        ] {
            let error = NatsSettings::new(bad).check().unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{bad}");
        }
    }

    #[test]
    fn a_prefix_is_plain() {
        let with = |prefix: &str| NatsSettings { prefix: prefix.into(), ..NatsSettings::new("nats://x") };
        for good in ["openautomate", "acme.openautomate-2"] {
            with(good).check().unwrap();
        }
        for bad in ["", ".", "a..b", "a.*", ">", "a b", "$SYS", &"x".repeat(65)] {
            assert_eq!(with(bad).check().unwrap_err().code(), "nats.prefix", "{bad}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let password = Secret::new("hunter2".to_owned());
        let login = NatsLogin::Password { user: "ada".into(), password };
        let settings = NatsSettings { login, ..NatsSettings::new("nats://x") };
        assert!(!format!("{settings:?}").contains("hunter2"));
        let credentials = NatsLogin::Credentials(Secret::new("hunter2".to_owned()));
        let error = NatsSettings { login: credentials, ..NatsSettings::new("nats://x") }.check().unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        assert!((0..200).all(|attempts| pause(attempts) <= LONGEST_PAUSE));
        assert!(pause(0) <= SHORTEST_PAUSE);
    }
}
