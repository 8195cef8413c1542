//! How the NATS is reached that leads to agents.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use openautomate_core::secret::Secret;
use openautomate_core::transport::nats::{NatsLogin, NatsSettings};

use crate::environment::{self, NATS_PASSWORD};

/// How NATS is reached. What is secret comes from a file or the environment, since arguments are for all to see.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "By way of NATS")]
pub(crate) struct NatsOptions {
    /// Hears agents by way of this NATS, too, as in nats://127.0.0.1:4222; several addresses of one cluster with
    /// commas. Servers on the same data, with the same vault key, wake each other there too. Off by default.
    #[arg(long, env = "OPENAUTOMATE_NATS")]
    nats: Option<String>,
    /// The file of credentials (.creds) by which NATS is entered.
    #[arg(long, env = "OPENAUTOMATE_NATS_CREDENTIALS", conflicts_with = "nats_user")]
    nats_credentials: Option<PathBuf>,
    /// The user as whom NATS is entered; the password is in OPENAUTOMATE_NATS_PASSWORD or in a file. To another
    /// machine both are sent through TLS only.
    #[arg(long, env = "OPENAUTOMATE_NATS_USER")]
    nats_user: Option<String>,
    /// The file of that password.
    #[arg(long, env = "OPENAUTOMATE_NATS_PASSWORD_FILE", requires = "nats_user")]
    nats_password_file: Option<PathBuf>,
    /// The file of certificates (PEM) by which that of NATS is checked; otherwise those of the machine.
    #[arg(long, env = "OPENAUTOMATE_NATS_CA")]
    nats_ca: Option<PathBuf>,
    /// What the subjects of this installation begin with.
    #[arg(long, env = "OPENAUTOMATE_NATS_PREFIX", default_value = "openautomate")]
    nats_prefix: String,
}

impl NatsOptions {
    /// The settings, if agents shall be heard by way of a NATS.
    pub(crate) fn settings(&self) -> anyhow::Result<Option<NatsSettings>> {
        let Some(address) = self.nats.as_deref().filter(|address| !address.is_empty()) else {
            return Ok(None);
        };
        let settings = NatsSettings {
            login: self.login()?,
            roots: self.nats_ca.clone(),
            prefix: self.nats_prefix.clone(),
            ..NatsSettings::new(address)
        };
        settings.check()?;
        Ok(Some(settings))
    }

    fn login(&self) -> anyhow::Result<NatsLogin> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path);
            text.map(Secret::new).with_context(|| format!("{} can't be read", path.display()))
        };
        match (&self.nats_credentials, &self.nats_user) {
            (Some(path), _) => Ok(NatsLogin::Credentials(read(path)?)),
            (None, Some(user)) => {
                let password = match (&self.nats_password_file, environment::secret(NATS_PASSWORD)) {
                    (Some(path), _) => {
                        Secret::new(read(path)?.expose().trim_end_matches(['\n', '\r']).to_owned())
                    }
                    (None, Some(password)) => password,
                    (None, None) => {
                        bail!(
                            "there is no password for NATS; give it in {NATS_PASSWORD} or by --nats-password-file"
                        )
                    }
                };
                Ok(NatsLogin::Password { user: user.clone(), password })
            }
            (None, None) => Ok(NatsLogin::Anonymous),
        }
    }
}
