//! By way of a NATS: a pipe for each request, in it TLS with a server that is known by its key, in it HTTP.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::package::signature::PublicKey;
use openautomate_core::transport::nats::{NatsLine, NatsSettings};
use openautomate_core::transport::pipe::PipeSettings;
use reqwest::{RequestBuilder, Response};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::version::TLS13;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::DuplexStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{SILENCE, unreachable};
use crate::error::{Error, Result};

/// What URLs begin with that never leave a pipe.
pub(super) const BASE: &str = "http://server";
/// An Ed25519 key as SubjectPublicKeyInfo is these bytes and its own (RFC 8410, 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The way to a server through a NATS.
pub(crate) struct NatsWay {
    settings: NatsSettings,
    who: String,
    tls: TlsConnector,
    line: OnceCell<NatsLine>,
}

impl fmt::Debug for NatsWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsWay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl NatsWay {
    pub(super) fn new(settings: NatsSettings, keys: &[PublicKey], who: &str) -> Result<Self> {
        settings.check()?;
        // What TLS to NATS itself is spoken with; an error means that something is installed already.
        let _ = default_provider().install_default();
        if keys.is_empty() {
            return Err(Error::Address(
                "by way of NATS the server is known by its key alone: give --server-key, which the server tells when it starts"
                    .to_owned(),
            ));
        }
        let unusable = |error: rustls::Error| {
            CoreError::internal("agent.tls", "TLS can't be used by way of NATS").with_source(error)
        };
        let provider = Arc::new(default_provider());
        let keys = keys.iter().map(|key| [&SPKI_HEAD[..], key.as_bytes()].concat()).collect();
        let verifier = KnownKeys { keys, provider: Arc::clone(&provider) };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { settings, who: who.to_owned(), tls, line: OnceCell::new() })
    }

    /// A stream to the server, which has proven that it is the one.
    pub(super) async fn dial(&self) -> CoreResult<TlsStream<DuplexStream>> {
        let line = self.line.get_or_try_init(|| NatsLine::open(&self.settings)).await?;
        let pipe = line.dial(&self.who, PipeSettings::default()).await?;
        let name = ServerName::try_from("server").map_err(|error| unreachable(&error))?;
        // The time limit of who asks bounds this, too.
        self.tls.connect(name, pipe).await.map_err(|error| {
            // What TLS finds fault with; a line that breaks is of another kind.
            if error.kind() == std::io::ErrorKind::InvalidData {
                tracing::warn!(%error, "who answered by way of NATS is not the server that this agent knows");
            }
            unreachable(&error)
        })
    }

    /// Sends a request through a pipe of its own.
    pub(super) async fn send(&self, request: RequestBuilder) -> CoreResult<Response> {
        let request = request.build().map_err(|error| unreachable(&error))?;
        let mut request =
            http::Request::<reqwest::Body>::try_from(request).map_err(|error| unreachable(&error))?;
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(http::Uri::from).unwrap_or_default();
        request.headers_mut().insert(http::header::HOST, http::HeaderValue::from_static("server"));
        let stream = TokioIo::new(self.dial().await?);
        let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| unreachable(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a request by way of NATS ended before its time");
            }
        });
        let answer = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        Ok(answer.map(|body| reqwest::Body::wrap_stream(watched(body))).into())
    }
}

/// The body of an answer; an error once nothing comes for too long.
fn watched(body: Incoming) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::unfold(Some(body), async |body| {
        let mut body = body?;
        loop {
            let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
                Ok(frame) => frame?.map_err(std::io::Error::other),
                Err(silence) => Err(silence.into()),
            };
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some((Ok(data), Some(body))),
                // Trailers, which nobody sends.
                Ok(Err(_)) => {}
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
}

/// Knows servers by their raw public keys (RFC 7250), and nothing of names and certificates.
#[derive(Debug)]
struct KnownKeys {
    keys: Vec<Vec<u8>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for KnownKeys {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if self.keys.iter().any(|key| key == end_entity.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(cert.as_ref());
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
