//! By what an agent knows its server over TLS: the machine's certificates, a certificate authority of one's own, or the
//! server's key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openautomate_core::secret::Secret;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

const FORM: &str = "sha256//";
/// What an error of TLS says when the server has another key than it should. It goes through libraries that keep nothing
/// but the text.
pub(crate) const WRONG_KEY: &str = "the server's key is not one that was pinned";

/// SHA-256 of the public key in a server's certificate, written `sha256//` and base64, as curl's `--pinnedpubkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPin([u8; 32]);

impl fmt::Display for ServerPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for ServerPin {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let hash = text.strip_prefix(FORM).and_then(|hash| STANDARD.decode(hash).ok());
        let hash = hash.and_then(|hash| hash.try_into().ok());
        hash.map(Self)
            .ok_or("is no pin of the form sha256//… with 44 characters of base64; the server tells it")
    }
}

impl Serialize for ServerPin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServerPin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What the server has to show. By default a certificate for its name that the machine trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerTrust {
    /// It has one of these keys. Nothing else of its certificate counts then, unless an authority is given, too: whoever
    /// has the key is the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<ServerPin>,
    /// It has a certificate for its name of one of these authorities (PEM), and of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// What the agent shows a server that asks for a certificate, besides its own key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    certificate: Vec<CertificateDer<'static>>,
    key: Secret<Vec<u8>>,
    /// Where it came from, for errors.
    path: PathBuf,
}

impl ClientCertificate {
    /// The certificate and its key, both in PEM.
    ///
    /// # Errors
    /// [`Error::Io`] if a file can't be read; [`Error::Malformed`] if it does not hold what it should.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self> {
        let malformed =
            |path: &Path, why: &str| Error::Malformed { path: path.to_owned(), why: why.to_owned() };
        let pem = std::fs::read(certificate).map_err(Error::io("read", certificate))?;
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&pem).filter_map(std::result::Result::ok).collect();
        if chain.is_empty() {
            return Err(malformed(certificate, "it holds no certificate in PEM"));
        }
        let pem = std::fs::read(key).map_err(Error::io("read", key))?;
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| malformed(key, "it holds no private key in PEM"))?;
        Ok(Self { certificate: chain, key: Secret::new(pem), path: certificate.to_owned() })
    }
}

impl ServerTrust {
    /// Whether the machine's own certificates are all that counts.
    #[must_use]
    pub fn is_the_machines(&self) -> bool {
        self.pins.is_empty() && self.authority.is_none()
    }

    /// How TLS is spoken with such a server.
    ///
    /// # Errors
    /// [`Error::Address`] if the authority or the client's certificate can't be used.
    pub(crate) fn tls(&self, client: Option<&ClientCertificate>) -> Result<ClientConfig> {
        let provider = Arc::new(default_provider());
        let unusable = |what: &str, why: String| Error::Address(format!("{what} can't be used: {why}"));
        let named: Option<Arc<dyn ServerCertVerifier>> = match &self.authority {
            Some(pem) => {
                let roots = Arc::new(roots(pem)?);
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
                Some(verifier.map_err(|error| unusable("the certificate authority", error.to_string()))?)
            }
            None if self.pins.is_empty() => {
                let verifier = Verifier::new(Arc::clone(&provider));
                Some(Arc::new(
                    verifier.map_err(|error| unusable("the machine's certificates", error.to_string()))?,
                ))
            }
            None => None,
        };
        let verifier = KnownServer { pins: self.pins.clone(), named, provider: Arc::clone(&provider) };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS", error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some(client) = client else { return Ok(config.with_no_client_auth()) };
        let what = || format!("the certificate {}", client.path.display());
        let key = PrivateKeyDer::from_pem_slice(client.key.expose())
            .map_err(|error| unusable(&what(), format!("{error:?}")))?;
        config
            .with_client_auth_cert(client.certificate.clone(), key)
            .map_err(|error| unusable(&what(), error.to_string()))
    }
}

fn roots(pem: &str) -> Result<RootCertStore> {
    let unusable = |why: String| Error::Address(format!("the certificate authority can't be used: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(format!("{error:?}")))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("there is no certificate in PEM".to_owned())) } else { Ok(roots) }
}

/// Checks what a server shows. That it has the key of its certificate is checked in each case.
#[derive(Debug)]
struct KnownServer {
    pins: Vec<ServerPin>,
    /// Who checks the name and who vouches for it, if anybody does.
    named: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for KnownServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if !self.pins.is_empty() {
            let parsed = ParsedCertificate::try_from(end_entity)?;
            let shown = ServerPin(Sha256::digest(parsed.subject_public_key_info().as_ref()).into());
            if !self.pins.contains(&shown) {
                return Err(rustls::Error::General(format!("{WRONG_KEY}: it shows {shown}")));
            }
        }
        match &self.named {
            Some(named) => {
                named.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_what_curl_takes() {
        let text = format!("sha256//{}", STANDARD.encode([7; 32]));
        let pin: ServerPin = text.parse().unwrap();
        assert_eq!(pin.to_string(), text);
        for bad in ["", "sha256//", "sha256//YQ==", &text[8..], "sha512//YQ==", &format!("{text}=")] {
            assert!(bad.parse::<ServerPin>().is_err(), "{bad}");
        }
        let trust = ServerTrust { pins: vec![pin], authority: None };
        let kept = serde_json::to_string(&trust).unwrap();
        assert_eq!(serde_json::from_str::<ServerTrust>(&kept).unwrap(), trust);
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"] {
            let trust = ServerTrust { pins: Vec::new(), authority: Some(pem.to_owned()) };
            assert!(trust.tls(None).is_err(), "{pem}");
        }
    }
}
