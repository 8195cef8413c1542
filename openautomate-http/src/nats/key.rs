//! The key by which agents know the server, where no certificate of a name can tell.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use openautomate_core::error::{Error, Result};
use openautomate_core::package::signature::PublicKey;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;

use crate::platform::create_private_file;

/// The Ed25519 key of a server, or of several that share it. Agents check it as a raw public key (RFC 7250).
pub struct ServerKey {
    key: SigningKey,
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerKey").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

fn broken(source: impl fmt::Display) -> Error {
    let message = "the key file of the server holds no Ed25519 key in PKCS #8 PEM; restore it, or remove it and \
                   enrol its agents again";
    Error::invalid("server.key_file", message).with_source(source.to_string())
}

fn unwritable(error: std::io::Error) -> Error {
    Error::internal("server.key_io", "the key file of the server can't be read or made").with_source(error)
}

impl ServerKey {
    /// The key of a file (PKCS #8 PEM). If there is no file, one with a new key is made that this user alone may
    /// read. Agents that came by way of NATS don't know the server any more if the file is removed.
    ///
    /// # Errors
    /// `Invalid` with `server.key_file` if the file holds no such key; `Internal` with `server.key_io` if it can't
    /// be read or made.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(pem) => Ok(Self { key: SigningKey::from_pkcs8_pem(&pem).map_err(broken)? }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made = Self::generate()?;
                let pem = made.key.to_pkcs8_pem(LineEnding::LF).map_err(broken)?;
                match create_private_file(path) {
                    Ok(mut file) => {
                        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
                        Ok(made)
                    }
                    // Another server that shares the file was faster.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        Self::load_or_create(path)
                    }
                    Err(error) => Err(unwritable(error)),
                }
            }
            Err(error) => Err(unwritable(error)),
        }
    }

    /// A new key that is kept nowhere.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::unavailable("random.unavailable", "the operating system gives no randomness")
                .with_source(error.to_string())
        })?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// What agents know it by.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.key.verifying_key().to_bytes())
    }

    /// How TLS is spoken with this key: 1.3, with a raw public key in place of a certificate.
    pub(super) fn tls(&self) -> Result<Arc<ServerConfig>> {
        let unusable = |error: String| {
            Error::internal("server.tls", "TLS can't be spoken with the server's key").with_source(error)
        };
        let der = self.key.to_pkcs8_der().map_err(|error| unusable(error.to_string()))?;
        let signing = any_eddsa_type(&PrivatePkcs8KeyDer::from(der.as_bytes()))
            .map_err(|error| unusable(error.to_string()))?;
        let public = signing.public_key().ok_or_else(|| unusable("it has no public half".to_owned()))?;
        let certified = CertifiedKey::new(vec![CertificateDer::from(public.to_vec())], signing);
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| unusable(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified))));
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_outlives_the_process_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.pem");
        let made = ServerKey::load_or_create(&path).unwrap();
        assert_eq!(ServerKey::load_or_create(&path).unwrap().public_key(), made.public_key());
        made.tls().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "no key").unwrap();
        assert_eq!(ServerKey::load_or_create(&path).unwrap_err().code(), "server.key_file");
    }
}
