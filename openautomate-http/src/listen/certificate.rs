//! The server's certificate and its key, and how TLS is spoken with them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::platform::read_private_file;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why TLS can't be spoken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("{path} can't be read; check the path and whose it is")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read or change the file of a key.
    #[error(
        "others than its owner may read or change the key file {0}; take that from them (chmod 600), or have root \
         own it and let one group read it (chmod 640)"
    )]
    Exposed(PathBuf),
    /// There is no certificate, or no key, in a file.
    #[error(
        "{path} holds no {what} in PEM; give the file that your certificate authority or its client made"
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// Certificate and key can't be used together.
    #[error("{certificate} and {key} can't be used: {why}; give the two that belong together")]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The certificates of an authority can't be used.
    #[error("{path} can't be used as a certificate authority: {why}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file can't be made.
    #[error("{path} can't be made: {why}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Where certificate and key are, both in PEM: the certificate with those that lead to its authority, the key in
/// PKCS #8, PKCS #1 or SEC 1.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate, followed by those in between.
    pub certificate: PathBuf,
    /// Its key. Only this user may read it; one that root owns may also be read by a group.
    pub key: PathBuf,
}

/// What was read of the two files.
#[derive(Clone, PartialEq, Eq)]
struct Read {
    certificate: Vec<u8>,
    /// Not the key itself, which should lie about in memory as seldom as can be.
    key_hash: [u8; 32],
}

/// A certificate that is read anew when its files change.
pub struct ServerCertificate {
    files: CertificateFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl ServerCertificate {
    /// The certificate of these files.
    ///
    /// # Errors
    /// If a file can't be read or holds nothing that can be used, if the two don't belong together, or if others may
    /// read the key.
    pub fn load(files: CertificateFiles) -> Result<Arc<Self>, TlsError> {
        let (certified, _) = load(&files)?;
        Ok(Arc::new(Self { files, current: RwLock::new(Arc::new(certified)) }))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What agents may know the server by: SHA-256 of the certificate's public key, in the form of curl's
    /// `--pinnedpubkey` (`sha256//` and base64). It stays while the key stays, also under another certificate.
    ///
    /// # Errors
    /// If the certificate can't be understood.
    pub fn pin(&self) -> Result<String, TlsError> {
        let current = self.current();
        let unusable = |why: String| TlsError::Unusable {
            certificate: self.files.certificate.clone(),
            key: self.files.key.clone(),
            why,
        };
        let first = current.cert.first().ok_or_else(|| unusable("there is no certificate".to_owned()))?;
        let parsed = ParsedCertificate::try_from(first).map_err(|error| unusable(error.to_string()))?;
        let hash = Sha256::digest(parsed.subject_public_key_info().as_ref());
        Ok(format!("sha256//{}", STANDARD.encode(hash)))
    }

    /// How TLS 1.3 and 1.2 are spoken with it. With the file of a certificate authority, clients are asked for a
    /// certificate of its; whether one is needed is decided by what they ask for
    /// ([`HttpOptions::agents_need_certificate`](crate::HttpOptions::agents_need_certificate)).
    ///
    /// # Errors
    /// If the authority's file can't be read or used.
    pub fn tls(self: &Arc<Self>, client_authority: Option<&Path>) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(default_provider());
        let unusable = |error: rustls::Error| TlsError::Unusable {
            certificate: self.files.certificate.clone(),
            key: self.files.key.clone(),
            why: error.to_string(),
        };
        let verifier = match client_authority {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(path) => {
                let roots = Arc::new(authority(path)?);
                let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
                builder
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::Authority { path: path.to_owned(), why: error.to_string() })?
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the files anew whenever they change, until `stop` is cancelled. Connections that are open keep what they
    /// were begun with. A pair that can't be used is warned of once, and the one before stays.
    pub async fn follow_files(self: Arc<Self>, stop: CancellationToken) {
        let mut tried = load(&self.files).ok().map(|(_, read)| read);
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let own = Arc::clone(&self);
            let known = tried.clone();
            let looked = tokio::task::spawn_blocking(move || own.look(known.as_ref())).await;
            if let Ok(Some(read)) = looked {
                tried = Some(read);
            }
        }
    }

    /// Takes over what the files hold, if it is not what was tried last; gives what was tried.
    fn look(&self, tried: Option<&Read>) -> Option<Read> {
        // A file that is being replaced may be away for a moment.
        let read = read(&self.files).ok()?.0;
        if Some(&read) == tried {
            return None;
        }
        match load(&self.files) {
            Ok((certified, read)) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                tracing::info!("the certificate was read anew");
                Some(read)
            }
            Err(error) => {
                tracing::warn!(%error, "the new certificate can't be used; the one before stays");
                Some(read)
            }
        }
    }
}

fn read(files: &CertificateFiles) -> Result<(Read, Vec<u8>), TlsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Unreadable { path, source }
    };
    let certificate = std::fs::read(&files.certificate).map_err(unreadable(&files.certificate))?;
    let key = read_private_file(&files.key).map_err(unreadable(&files.key))?;
    let key = key.ok_or_else(|| TlsError::Exposed(files.key.clone()))?;
    Ok((Read { certificate, key_hash: Sha256::digest(&key).into() }, key))
}

fn load(files: &CertificateFiles) -> Result<(CertifiedKey, Read), TlsError> {
    let (read, key) = read(files)?;
    let missing = |path: &Path, what| TlsError::Missing { path: path.to_owned(), what };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read.certificate).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(missing(&files.certificate, "certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| missing(&files.key, "private key"))?;
    let certified = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| {
        let why = match error {
            rustls::Error::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
            other => other.to_string(),
        };
        TlsError::Unusable { certificate: files.certificate.clone(), key: files.key.clone(), why }
    })?;
    Ok((certified, read))
}

fn authority(path: &Path) -> Result<RootCertStore, TlsError> {
    let pem = std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added = certificate
            .map_err(|error| format!("{error:?}"))
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|why| TlsError::Authority { path: path.to_owned(), why })?;
    }
    if roots.is_empty() {
        return Err(TlsError::Missing { path: path.to_owned(), what: "certificate" });
    }
    Ok(roots)
}
